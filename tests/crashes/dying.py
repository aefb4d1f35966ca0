"""A command in a real process that meets its end at a fault point: killed there, or interrupted.

Processes are forked from one that has imported everything, and run the command line as users do.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from hitparade import faults
from hitparade.cli.app import run
from tests.together import forked

LONGEST = 120.0


@dataclass(frozen=True, slots=True)
class Death:
    """Where a process meets its end: at a passing of a point (the first is 1), by a signal."""

    point: str
    passing: int
    by: signal.Signals = signal.SIGKILL

    def come(self) -> None:
        """Meet it."""
        os.kill(os.getpid(), self.by)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit code, what it said on standard error, the points it passed in order."""

    code: int
    said: str
    passed: tuple[str, ...]

    @property
    def died(self) -> bool:
        """Whether it was killed."""
        return self.code == -signal.SIGKILL


def hitparade(*arguments: str, death: Death | None = None) -> Ended:
    """A command, run to its end or its death."""
    with TemporaryDirectory() as folder:
        process = begun(arguments, Path(folder), death)
        process.join(LONGEST)
        return ended(process, Path(folder))


def begun(arguments: Sequence[str], folder: Path, death: Death | None = None) -> BaseProcess:
    """A command at work that says in a folder what it passes and prints."""
    return forked(command, tuple(arguments), folder, death)


def ended(process: BaseProcess, folder: Path) -> Ended:
    """How a process that is over ended."""
    assert process.exitcode is not None, f"{process} goes on and on"
    passed = (folder / "passed").read_text().split()
    return Ended(process.exitcode, (folder / "said").read_text(), tuple(passed))


def command(arguments: Sequence[str], folder: Path, death: Death | None) -> None:
    """Run a command here, in a process of its own."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, stream in (("printed", 1), ("said", 2)):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), stream)
    with faults.watched(Watcher(folder / "passed", death)):
        code = run(list(arguments))
    sys.exit(code)


class Watcher:
    """Writes down which points are passed, and ends the process at one of them."""

    def __init__(self, path: Path, death: Death | None) -> None:
        self.passed = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.death = death
        self.left = death.passing if death else 0
        self.turn = Lock()

    def __call__(self, name: str) -> None:
        """Pass a point, or not."""
        with self.turn:
            os.write(self.passed, f"{name}\n".encode())
            if self.death is None or name != self.death.point:
                return
            self.left -= 1
            if self.left == 0:
                self.death.come()
