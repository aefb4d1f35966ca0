"""docs/crashes.md: every fault point, what is true there, where processes are killed at it, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from hitparade.faults import POINTS

PAGE = Path(__file__).parents[2] / "docs" / "crashes.md"
HEAD = """\
# Killed at every point

Written by `make crashes`, which runs `tests/crashes/test_killed.py`. A real process runs a command and is killed with
SIGKILL when it passes a point for the given time; then the command is run again until all is done. All KPIs, what the
ledger tells of each file and each day, what is rejected, archived and published must be as in a workspace where nobody
was killed. On a disk each death has a workspace of its own, and a point is died at on its first passing, its last and
as many between as `HITPARADE_DEATHS_BETWEEN` says; elsewhere one process after the other dies, each going on with what
the last left. The page is written only when every point was died at and every outcome was equal.

| point | what is true there | killed on | outcome |
| --- | --- | --- | --- |
"""
OUTCOME = "as if nobody had been killed"


def page(places: Mapping[str, Collection[str]]) -> str:
    """The page; `places` says which points are died at where."""
    return HEAD + "".join(
        f"| `{name}` | {meaning} | {', '.join(place for place, some in places.items() if name in some)} | {OUTCOME} |\n"
        for name, meaning in POINTS.items()
    )
