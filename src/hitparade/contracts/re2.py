"""Judging patterns by the engine that will run them: DuckDB's RE2, which knows no catastrophic pattern.

Python's `re` would accept look-arounds and back-references that the rules cannot run.
"""

from __future__ import annotations

from functools import cache


@cache
def re2_problem(pattern: str) -> str | None:
    """Return what RE2 has against the pattern, None if nothing."""
    import duckdb  # late: a contract without patterns needs no engine

    with duckdb.connect() as connection:
        try:
            connection.execute("SELECT regexp_full_match('', ?)", [pattern])
        except duckdb.Error as error:
            return str(error).partition("\n")[0].removeprefix("Invalid Input Error: ")
    return None


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text matches the pattern."""
    import duckdb  # late: a contract without patterns needs no engine

    with duckdb.connect() as connection:
        row = connection.execute("SELECT regexp_full_match(?, ?)", [text, pattern]).fetchone()
    return bool(row and row[0])
