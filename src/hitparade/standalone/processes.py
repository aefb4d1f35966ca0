"""A program that is watched: its output goes to a file, and all that it ever started ends with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRACE_SECONDS = 20.0
"""Between the request to end and the end."""
LOOK_SECONDS = 0.1
LAST_LINES = 20


@dataclass(frozen=True)
class Watched:
    """A running program, the leader of a session of its own."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def code(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self.process.poll()

    def last_words(self) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LAST_LINES:])


def start(
    name: str, command: Sequence[str], *, environment: Mapping[str, str], logs: Path, output: Path | None = None
) -> Watched:
    """Start a program; Ctrl-C of our terminal is not for it. What it prints goes to its log, or to `output`."""
    log = logs / f"{name}.log"
    with log.open("ab") as said, (output or log).open("wb" if output else "ab") as printed:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
            env=environment,
            start_new_session=True,
        )
    return Watched(name, process, log)


def stop(programs: Iterable[Watched]) -> None:
    """Ask programs to end, in this order, and kill what is left of their sessions after the grace."""
    asked = list(programs)
    for program in asked:
        if program.code is None:
            program.process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for program in asked:
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.process.wait(max(0.0, deadline - time.monotonic()))
    for program in asked:
        kill(program)


def kill(program: Watched) -> None:
    """Kill a program and everything of its session: tasks have groups of their own, and may outlive who began them."""
    while left := of_session(program.process.pid):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        program.process.poll()
        time.sleep(LOOK_SECONDS)
    program.process.wait()


def of_session(leader: int) -> list[int]:
    """The processes of a session that still run, its leader too."""
    import psutil  # type: ignore[import-untyped]

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found
