"""`python -m hitparade.standalone`: what it refuses, and an end while it starts."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.airflow.airflows import DAGS
from tests.emulator.emulated import processes_with
from tests.together import until

COMMAND = [sys.executable, "-m", "hitparade.standalone", "--emulator-port", "0", "--warehouse-port", "0"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}

installed = pytest.mark.skipif(
    importlib.util.find_spec("airflow") is None, reason="Airflow is not installed: pip install 'hitparade[airflow]'"
)


def refused(*options: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False
    )
    return done.returncode, done.stderr


@contextmanager
def started(state: Path, told: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command, which keeps its state in a folder. Nothing of it is left, though it should fail to see to that."""
    options = ["--port", "0", "--dags", str(DAGS), "--data", str(state)]
    with told.open("w") as errors:
        process = subprocess.Popen([*COMMAND, *options], stderr=errors, env=ENVIRONMENT)
    try:
        yield process
        left = processes_with(str(state))
    finally:
        process.kill()
        process.wait()
        for pid in processes_with(str(state)):
            os.kill(pid, signal.SIGKILL)
    assert left == []


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that the account which runs PostgreSQL can reach."""
    folder = Path(tempfile.mkdtemp(prefix="hitparade-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(importlib.util.find_spec("airflow") is not None, reason="Airflow is installed")
def test_without_airflow_it_says_what_to_install() -> None:
    code, told = refused()

    assert code == 2
    assert "hitparade[airflow,emulator,spark]" in told


@installed
def test_a_port_that_is_taken_and_a_folder_without_dags_are_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, told = refused("--port", str(port), "--dags", str(DAGS))

    assert (code, f"port {port} cannot be had" in told, "--port" in told) == (2, True, True)
    code, told = refused("--port", "0", "--dags", str(tmp_path))
    assert (code, "no DAGs are there" in told) == (2, True)


@installed
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_asked_to_end_while_it_starts_it_leaves_no_process(reachable: Path, number: int, code: int) -> None:
    state, told = reachable / "state", reachable / "told"
    with started(state, told) as process:
        assert until(lambda: "starting AWS" in told.read_text(), seconds=60)
        assert until(lambda: (state / "aws").exists(), seconds=60)
        process.send_signal(number)
        assert process.wait(60) == code

    assert "stopped while it was starting" in told.read_text()


@installed
def test_a_part_that_dies_is_told_with_its_last_words_and_ends_all(reachable: Path) -> None:
    state, told = reachable / "state", reachable / "told"
    with started(state, told) as process:
        assert until(lambda: "AWS is at" in log_of(state), seconds=60)
        [emulator] = [pid for pid in processes_with(str(state)) if "emulate" in words_of(pid)]
        os.kill(emulator, signal.SIGKILL)
        assert process.wait(60) == 3

    assert "emulator ended with -9" in told.read_text()
    assert "AWS is at" in told.read_text()
    assert str(state / "logs" / "emulator.log") in told.read_text()


def log_of(state: Path) -> str:
    """What the emulator has said so far."""
    log = state / "logs" / "emulator.log"
    return log.read_text() if log.exists() else ""


def words_of(pid: int) -> list[str]:
    """A process's command."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
