"""The command line: a thin door. A command reads its arguments, calls one function, shows what came of it."""
