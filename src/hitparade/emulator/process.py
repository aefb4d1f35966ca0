"""A script as a group of processes: its output line by line while it runs, and an end that leaves none of it."""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

GRACE = 5.0
"""Seconds between the request to end and the end."""
CHUNK = 1 << 16
Lines = Callable[[Sequence[str]], None]


class Process:
    """A program in a session of its own, started with nothing on standard input."""

    def __init__(
        self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, output: Lines, error: Lines
    ) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - running what its user gives it is what a job does
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=follow, args=(pipe, tell), daemon=True)
            for pipe, tell in ((self._process.stdout, output), (self._process.stderr, error))
        ]
        for reader in self._readers:
            reader.start()

    def wait(self, seconds: float) -> int | None:
        """The exit code, negative for a signal; None when that many seconds were not enough."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._signal(signal.SIGKILL)  # what the program left behind
        for reader in self._readers:
            reader.join(GRACE)  # one that left the group may hold the pipe
        return code

    def end(self) -> None:
        """Ask all of it to end; what has not after the grace is killed. Returns at once."""
        self._signal(signal.SIGTERM)
        timer = threading.Timer(GRACE, self._signal, [signal.SIGKILL])
        timer.daemon = True
        timer.start()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def follow(pipe: IO[bytes], tell: Lines) -> None:
    """Pass on lines as they come, whatever bytes they are made of, until the pipe ends."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rest = ""
    with pipe:
        while chunk := os.read(pipe.fileno(), CHUNK):
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            if lines:
                tell([line.rstrip("\r") for line in lines])
    if rest := rest + decoder.decode(b"", final=True):
        tell([rest])
