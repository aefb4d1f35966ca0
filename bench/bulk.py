"""Part a: a month of listens at once, against the hand-written script, in turn."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench.measure import Usage, cpu, measured, peak_gigabytes, wall
from bench.progress import say
from bench.result import Measure, Part
from bench.workspaces import DATASETS, HITPARADE, Sample, deliver_all, files, generated, read_once, workspace

LISTENS, DAYS, USERS, TRACKS, FILES = 10_000_000, 30, 50_000, 90_000, 40
WALL_RATIO, CPU_RATIO, PEAK_GIGABYTES = 1.0, 0.9, 1.3


def bulk(data: Path, work: Path, *, rounds: int, listens: int = LISTENS) -> Part:
    """Everything that a run does for new files, as a ratio of the bare computation."""
    say(f"a: {listens:,} listens over {DAYS} days in {FILES} files")
    landing = generated(data, Sample(listens, DAYS, USERS, TRACKS, FILES))
    ours: list[Usage] = []
    theirs: list[Usage] = []
    for number in range(1, rounds + 1):
        ours.append(run_once(landing, work))
        theirs.append(handwritten_once(landing, work))
        say(f"  round {number}: hitparade {ours[-1].wall_seconds:.1f} s, by hand {theirs[-1].wall_seconds:.1f} s")
    return Part(
        key="a",
        title=f"{listens:,} listens over {DAYS} days in {FILES} files: hitparade run and a hand-written script",
        measures=(
            Measure("wall time, ratio", wall(ours) / wall(theirs), "x", WALL_RATIO),
            Measure("CPU time, ratio", cpu(ours) / cpu(theirs), "x", CPU_RATIO),
            Measure("peak memory, hitparade", peak_gigabytes(ours), "GB", PEAK_GIGABYTES),
            Measure("wall time, hitparade", wall(ours), "s"),
            Measure("wall time, by hand", wall(theirs), "s"),
            Measure("CPU time, hitparade", cpu(ours), "s"),
            Measure("CPU time, by hand", cpu(theirs), "s"),
            Measure("peak memory, by hand", peak_gigabytes(theirs), "GB"),
        ),
        rounds={"hitparade": ours, "by hand": theirs},
    )


def run_once(landing: Path, work: Path) -> Usage:
    """`hitparade run` in a new workspace."""
    folder = work / "bulk"
    config = workspace(folder)
    deliver_all(landing, folder)
    warm(landing)
    usage = measured([*HITPARADE, "run", "--config", str(config)], log=work / "bulk.log")
    shutil.rmtree(folder)
    return usage


def handwritten_once(landing: Path, work: Path) -> Usage:
    """The hand-written script over the same files."""
    warm(landing)
    return measured([sys.executable, "-m", "bench.handwritten", str(landing)], log=work / "handwritten.log")


def warm(landing: Path) -> None:
    """Both find the files in the page cache."""
    read_once(path for dataset in DATASETS for path in files(landing, dataset))
