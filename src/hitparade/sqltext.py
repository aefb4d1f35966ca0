"""Names and texts as SQL takes them, whatever characters they have. Values go in as parameters wherever they can."""

from __future__ import annotations


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
