"""docs/crashes.md: every fault point, what is true there, where and how often a process was killed, what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hitparade.faults import POINTS

PAGE = Path(__file__).parents[2] / "docs" / "crashes.md"
HEAD = """\
# Killed at every point

Written by `make crashes`, which runs `tests/crashes/test_killed.py`. A real process runs a command and is killed with
SIGKILL when it passes a point for the given time; then the command is run again until all is done. All KPIs, what the
ledger tells of each file and each day, what is rejected, archived and published must be as in a workspace where nobody
was killed. On a disk each death has a workspace of its own, and a point is died at on its first passing, its last and
some between (`HITPARADE_DEATHS_BETWEEN`); elsewhere one process after the other dies, each going on with what the last
left.

| point | what is true there | killed | outcome |
| --- | --- | --- | --- |
"""
OUTCOME = "as if nobody had been killed"


@dataclass(slots=True)
class Deaths:
    """How often processes were killed where, and all was well afterwards."""

    counted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, point: str, place: str) -> None:
        """One more."""
        self.counted[point, place] += 1

    def at(self) -> set[str]:
        """The points."""
        return {point for point, _ in self.counted}


def page(deaths: Deaths) -> str:
    """The page."""
    return HEAD + "".join(
        f"| `{name}` | {meaning} | {times(deaths, name)} | {OUTCOME} |\n" for name, meaning in POINTS.items()
    )


def times(deaths: Deaths, name: str) -> str:
    """How often, by place."""
    return ", ".join(f"{count} on {place}" for (point, place), count in deaths.counted.items() if point == name)


def without_counts(text: str) -> list[tuple[str, str, str]]:
    """Point, meaning and outcome of each row of the page."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [(row[0].strip(" `"), row[1].strip(), row[3].strip()) for row in rows]
