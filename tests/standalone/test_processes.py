"""Programs that are watched end with all that they started, and what they said last can be told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hitparade.standalone import processes
from hitparade.standalone.processes import Watched, kill, of_session, start, stop
from tests.together import until

CHILD = """
import os, signal, time
os.setpgid(0, 0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
DEAF_CHILD = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {CHILD!r}])
time.sleep(600)
"""


@pytest.fixture(name="begin")
def starter(tmp_path: Path) -> Callable[[str], Watched]:
    """What starts a program of Python."""

    def begin(code: str) -> Watched:
        return start("program", [sys.executable, "-c", code], environment=os.environ, logs=tmp_path)

    return begin


def said(program: Watched, word: str) -> bool:
    return word in program.log.read_text()


def runs(pid: int) -> bool:
    """Whether there is such a process; one that only waits to be forgotten has no command any more."""
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and command.read_bytes() != b""


def test_stop_leaves_nothing_of_a_session_not_even_a_deaf_child_in_a_group_of_its_own(
    begin: Callable[[str], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = begin(DEAF_CHILD)
    assert until(lambda: said(program, "deaf"), seconds=60)
    session = of_session(program.process.pid)
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.5)

    stop([program])

    assert len(session) == 2
    assert of_session(program.process.pid) == []
    assert [pid for pid in session if runs(pid)] == []
    assert program.code == -15


def test_who_ends_by_itself_leaves_children_that_are_found(begin: Callable[[str], Watched]) -> None:
    program = begin(DEAF_CHILD.replace("\ntime.sleep(600)\n", "\nsys.exit(7)\n"))
    assert until(lambda: program.code is not None and said(program, "deaf"), seconds=60)

    assert program.code == 7
    assert len(of_session(program.process.pid)) == 1
    kill(program)
    assert of_session(program.process.pid) == []


def test_the_last_words_are_the_end_of_output_and_errors(begin: Callable[[str], Watched]) -> None:
    program = begin("import sys\nfor n in range(99): print(n)\nsys.stdout.flush()\nraise SystemExit('no more')")
    program.process.wait()

    words = program.last_words().splitlines()

    assert words[-2:] == ["98", "no more"]
    assert len(words) == 20
