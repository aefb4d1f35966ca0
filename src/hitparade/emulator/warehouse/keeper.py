"""Starts a PostgreSQL and ends it with the process that asked for it, however that one ends.

A program of its own, on the standard library alone. Who starts it holds its standard input open, and nothing closes
that as surely as the end of a process. It says `ready`, or what PostgreSQL said when that did not start.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any


def main(task: dict[str, Any]) -> int:
    """Start, say so, wait until nobody wants it any more, stop; remove the folder that is not to be left behind."""
    try:
        if run(task["start"], task["account"]) != 0:
            log = Path(task["log"])
            sys.stdout.write(log.read_text(errors="replace") if log.exists() else "it wrote no log")
            return 1
        try:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            sys.stdin.read()
        finally:
            run(task["stop"], task["account"])
        return 0
    finally:
        shutil.rmtree(task["folder"], ignore_errors=True)


def run(command: list[str], account: dict[str, Any]) -> int:
    """The exit code of one of PostgreSQL's programs, which keeps a log of its own."""
    none = subprocess.DEVNULL
    return subprocess.run(command, check=False, stdin=none, stdout=none, stderr=none, **account).returncode  # noqa: S603


def end(number: int, _: object) -> None:
    """Being asked to end is an end like any other."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    raise SystemExit(main(json.loads(sys.argv[1])))
