"""What scripts find on a Glue worker and nowhere else. This folder is on the path of a run, and only there."""
