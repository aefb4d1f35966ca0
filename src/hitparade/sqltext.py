"""Names and texts as SQL takes them, whatever characters they have. Values go in as parameters wherever they can."""

from __future__ import annotations

import re

_PATTERN = re.compile(r"[*?\[]")


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def path_literal(path: str) -> str:
    """The path of a file as a SQL literal, with what DuckDB takes for a pattern of names standing for itself.

    URLs are read by a file system of ours, which knows no patterns.
    """
    return quoted(path if "://" in path else _PATTERN.sub(r"[\g<0>]", path))


def identifier(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
