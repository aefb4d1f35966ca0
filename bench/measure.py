"""Running a command in a process of its own, and what it took."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DONE = 0
LOOK_SECONDS = 1.0


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


def measured_with_children(command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> Usage:
    """Run a command that starts others, in a session of their own; the peak is that of all of them together.

    Pages that several share are counted once; the CPU time is that of the processes that were still there when last
    looked at.
    """
    os.sync()
    with log.open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )
        peak, spent = 0, dict[int, float]()
        while child.poll() is None:
            peak = max(peak, sum(proportional_bytes(pid) for pid in session_of(child.pid)))
            spent.update({pid: cpu_seconds(pid) for pid in session_of(child.pid)})
            time.sleep(LOOK_SECONDS)
        wall = time.perf_counter() - started
    if child.returncode != DONE:
        raise BenchFailed(f"{' '.join(command)} ended with {child.returncode}:\n{log.read_text()[-2000:]}")
    return Usage(wall_seconds=wall, cpu_seconds=sum(spent.values()), peak_bytes=peak)


def session_of(leader: int) -> list[int]:
    """The processes of a session."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError):
            if folder.name.isdigit() and os.getsid(int(folder.name)) == leader:
                found.append(int(folder.name))
    return found


def proportional_bytes(pid: int) -> int:
    """The memory of a process, with its share of what it shares; 0 when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    return 0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far; 0 when it is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def wall(rounds: Sequence[Usage]) -> float:
    """Median wall time, seconds."""
    return statistics.median(each.wall_seconds for each in rounds)


def cpu(rounds: Sequence[Usage]) -> float:
    """Median of user and system time, seconds."""
    return statistics.median(each.cpu_seconds for each in rounds)


def peak_gigabytes(rounds: Sequence[Usage]) -> float:
    """The highest peak of resident memory, 10^9 bytes."""
    return max(each.peak_bytes for each in rounds) / 1e9
