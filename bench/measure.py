"""Running a command in a process of its own, and what it took."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DONE = 0


class BenchFailed(Exception):
    """A measured command did not end as it should."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process took, its threads included."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def measured(command: Sequence[str], *, log: Path, codes: Sequence[int] = (DONE,)) -> Usage:
    """Run a command with its output going to `log`; BenchFailed when it ends with none of `codes`.

    This process must stay small: Linux counts the peak of the parent at the time of the fork as the child's.
    """
    os.sync()
    with log.open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in codes:
        raise BenchFailed(f"{' '.join(command)} ended with {child.returncode}:\n{log.read_text()[-2000:]}")
    return Usage(wall_seconds=wall, cpu_seconds=used.ru_utime + used.ru_stime, peak_bytes=used.ru_maxrss << 10)


def wall(rounds: Sequence[Usage]) -> float:
    """Median wall time, seconds."""
    return statistics.median(each.wall_seconds for each in rounds)


def cpu(rounds: Sequence[Usage]) -> float:
    """Median of user and system time, seconds."""
    return statistics.median(each.cpu_seconds for each in rounds)


def peak_gigabytes(rounds: Sequence[Usage]) -> float:
    """The highest peak of resident memory, 10^9 bytes."""
    return max(each.peak_bytes for each in rounds) / 1e9
