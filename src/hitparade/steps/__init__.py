"""The four steps, each a reconciler: decide what is wanted and not there, do it, commit it, decide again."""
