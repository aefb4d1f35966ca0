"""Parts e and f: what Spark takes for 1, 10 and 50 M listens beside DuckDB, and beside a job written by hand."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.bulk import warm
from bench.measure import Usage, measured_with_children, wall
from bench.progress import say
from bench.result import Measure, Part
from bench.workspaces import HITPARADE, Sample, deliver_all, generated, workspace

SIZES = (1_000_000, 10_000_000, 50_000_000)
DAYS, USERS, TRACKS, LISTENS_A_FILE = 30, 50_000, 90_000, 250_000
CLUSTER, MEMORY = "local-cluster[2,1,1024]", "1GiB"
WALL_RATIO = 0.5
NO_JAVA = "there is no java on the PATH"


def sample(listens: int) -> Sample:
    """The listens of a month; ten million of them come in forty files."""
    return Sample(listens, DAYS, USERS, TRACKS, max(listens // LISTENS_A_FILE, 1))


def sizes(data: Path, work: Path) -> Part:
    """Both engines at each size, Spark on a cluster of two executors."""
    title = "hitparade run by engine and size, wall time and peak memory of all its processes"
    if shutil.which("java") is None:
        return Part(key="e", title=title, skipped=NO_JAVA)
    measures: list[Measure] = []
    rounds: dict[str, Sequence[Usage]] = {}
    for listens in SIZES:
        landing = generated(data, sample(listens))
        for name, settings in engines().items():
            usage = run_once(landing, work, settings)
            say(f"e: {listens:,} listens on {name}: {usage.wall_seconds:.1f} s, {usage.peak_bytes / 1e9:.2f} GB")
            label = f"{listens // 1_000_000} M listens, {name}"
            measures += [
                Measure(f"{label}: wall time", usage.wall_seconds, "s"),
                Measure(f"{label}: peak memory", usage.peak_bytes / 1e9, "GB"),
            ]
            rounds[label] = [usage]
    return Part(key="e", title=title, measures=tuple(measures), rounds=rounds)


def against_handwritten(data: Path, work: Path, *, rounds: int, listens: int) -> Part:
    """Spark and a plain PySpark job over the same files, in turn."""
    title = f"{listens:,} listens over {DAYS} days on {CLUSTER}: hitparade run and a plain PySpark job"
    if shutil.which("java") is None:
        return Part(key="f", title=title, skipped=NO_JAVA)
    landing = generated(data, sample(listens))
    ways: Mapping[str, Callable[[], Usage]] = {
        "hitparade": lambda: run_once(landing, work, spark(CLUSTER)),
        "plain PySpark": lambda: handwritten_once(landing, work),
    }
    taken: dict[str, list[Usage]] = {name: [] for name in ways}
    for number in range(1, rounds + 1):
        for name, way in ways.items():
            taken[name].append(way())
            say(f"f: round {number}, {name}: {taken[name][-1].wall_seconds:.1f} s")
    theirs = wall(taken["plain PySpark"])
    return Part(
        key="f",
        title=title,
        measures=(
            Measure("wall time, ratio", wall(taken["hitparade"]) / theirs, "x", WALL_RATIO),
            *(Measure(f"wall time, {name}", wall(usages), "s") for name, usages in taken.items()),
            *(Measure(f"peak memory, {name}", peak(usages), "GB") for name, usages in taken.items()),
        ),
        rounds=dict(taken),
    )


def engines() -> Mapping[str, Mapping[str, str]]:
    """Settings by what they are called."""
    return {"DuckDB": {}, "Spark, two executors": spark(CLUSTER)}


def spark(master: str) -> Mapping[str, str]:
    """The settings of a Spark."""
    return {
        "HITPARADE_ENGINE__NAME": "spark",
        "HITPARADE_ENGINE__MASTER": master,
        "HITPARADE_ENGINE__MEMORY": MEMORY,
    }


def run_once(landing: Path, work: Path, settings: Mapping[str, str]) -> Usage:
    """`hitparade run` in a new workspace."""
    folder = work / "scale"
    config = workspace(folder)
    deliver_all(landing, folder)
    warm(landing)
    command = [*HITPARADE, "run", "--config", str(config)]
    usage = measured_with_children(command, log=work / "scale.log", environment={**os.environ, **settings})
    shutil.rmtree(folder)
    return usage


def handwritten_once(landing: Path, work: Path) -> Usage:
    """The plain job over the same files, on the same cluster, with the same heap."""
    output = work / "plain"
    warm(landing)
    command = [sys.executable, "-m", "bench.handwritten_spark", str(landing), str(output)]
    usage = measured_with_children(
        [*command, "--master", CLUSTER, "--memory", "1g"], log=work / "plain.log", environment=os.environ
    )
    shutil.rmtree(output)
    return usage


def peak(rounds: Sequence[Usage]) -> float:
    """The highest peak, 10^9 bytes."""
    return max(each.peak_bytes for each in rounds) / 1e9
