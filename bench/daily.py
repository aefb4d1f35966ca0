"""Part b: one more file for a day, onto a year of daily runs and onto a month of them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from bench.measure import Usage, measured, wall
from bench.progress import say
from bench.result import Measure, Part
from bench.workspaces import HITPARADE, Sample, files, generated, workspace

YEAR, MONTH = 365, 30
LISTENS_A_DAY, LISTENS_ADDED, USERS, TRACKS = 55_000, 10_000, 50_000, 90_000
WALL_SECONDS, WALL_RATIO = 3.5, 1.3


def daily(data: Path, work: Path, *, rounds: int) -> Part:
    """`hitparade run` for a late file of the last day, in turn onto both histories."""
    say(f"b: {LISTENS_ADDED:,} listens onto {YEAR} and onto {MONTH} daily runs of {LISTENS_A_DAY:,}")
    history = Sample(LISTENS_A_DAY * YEAR, YEAR, USERS, TRACKS, YEAR)
    added = Sample(LISTENS_ADDED * rounds, 1, USERS, TRACKS, rounds, start=history.last_day)
    landing, late = generated(data, history), files(generated(data, added), "streams")
    built = {days: build(work, landing, days) for days in (MONTH, YEAR)}
    after: dict[int, list[Usage]] = {days: [] for days in built}
    for number, path in enumerate(late, start=1):
        for days, usages in after.items():
            usages.append(run_once(work, days, path))
        times = ", ".join(f"{usages[-1].wall_seconds:.2f} s onto {days} days" for days, usages in after.items())
        say(f"  round {number}: {times}")
    return Part(
        key="b",
        title=f"a late file of {LISTENS_ADDED:,} listens onto daily runs of {LISTENS_A_DAY:,}: hitparade run",
        measures=(
            Measure(f"wall time onto {YEAR} days", wall(after[YEAR]), "s", WALL_SECONDS),
            Measure(f"{YEAR} days to {MONTH} days, ratio", wall(after[YEAR]) / wall(after[MONTH]), "x", WALL_RATIO),
            Measure(f"wall time onto {MONTH} days", wall(after[MONTH]), "s"),
            Measure(f"building {YEAR} daily runs", built[YEAR].wall_seconds, "s"),
            Measure(f"building {MONTH} daily runs", built[MONTH].wall_seconds, "s"),
        ),
        rounds={f"onto {days} days": usages for days, usages in after.items()},
    )


def build(work: Path, landing: Path, days: int) -> Usage:
    """A workspace with a history, built in a process of its own so that this one stays small."""
    say(f"  building a history of {days} daily runs")
    folder = history_folder(work, days)
    workspace(folder)
    arguments = [sys.executable, "-m", "bench.history", str(folder), str(landing), str(days)]
    return measured(arguments, log=work / f"history-{days}.log")


def run_once(work: Path, days: int, path: Path) -> Usage:
    """Deliver a file and run."""
    folder = history_folder(work, days)
    os.link(path, folder / "data" / "streams" / f"late-{path.name}")
    command = [*HITPARADE, "run", "--config", str(folder / "hitparade.toml")]
    return measured(command, log=work / f"daily-{days}.log")


def history_folder(work: Path, days: int) -> Path:
    """Where a history is."""
    return work / f"history-{days}"
