"""DynamoDB servers of the tests' own, on loopback: moto, which is quick, and DynamoDB Local, which keeps the limits.

Without their programs the tests that ask for them skip.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.s3 import LOOPBACK, Server, moto_server

LOCAL = Path(__file__).parent / "dynamodb_local"
FETCHING_SECONDS = 300


@pytest.fixture(scope="session")
def dynamodb_moto() -> Iterator[Server]:
    """A moto for all tests: each makes tables of its own."""
    with moto_server() as server:
        yield server


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[Server]:
    """A DynamoDB Local for all tests: each makes tables of its own."""
    with local_dynamodb() as server:
        yield server


def reach(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, and those it starts, find the server."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


def new_table() -> str:
    """A name that no table has."""
    return f"hitparade-{uuid4().hex}"


@contextlib.contextmanager
def local_dynamodb() -> Iterator[Server]:
    """A DynamoDB Local in a process of its own, which keeps everything in memory."""
    libraries = fetched()
    command = ["java", "-Xmx1g", f"-Djava.library.path={libraries}", "-cp", f"{libraries}/*"]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [*command, str(LOCAL / "Loopback.java")], stdout=subprocess.PIPE, stderr=complaints, text=True
        )
        with process:
            try:
                port = process.stdout.readline().strip() if process.stdout else ""
                if not port.isdigit():
                    complaints.seek(0)
                    raise RuntimeError(f"DynamoDB Local did not start: {port}{complaints.read().decode()[-2000:]}")
                yield Server(f"http://{LOOPBACK}:{port}")
            finally:
                process.kill()


def fetched() -> Path:
    """The folder of DynamoDB Local's libraries, which are fetched once and kept outside the project."""
    if (program := missing()) is not None:
        pytest.skip(f"DynamoDB Local needs {program}, which is not installed")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hitparade"
    folder = home / f"dynamodb-local-{version()}"
    if not folder.exists():
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home) as fresh:
            fetch(Path(fresh) / "lib")
            with contextlib.suppress(OSError):  # another session was quicker
                (Path(fresh) / "lib").rename(folder)
    return folder


def missing() -> str | None:
    """A program that DynamoDB Local needs and that is not there."""
    return next((program for program in ("java", "javac", "mvn") if shutil.which(program) is None), None)


def version() -> str:
    """The version of DynamoDB Local that the pom names."""
    return (
        (LOCAL / "pom.xml").read_text().partition("<artifactId>DynamoDBLocal</artifactId>")[2].split("version>")[1][:-2]
    )


def fetch(folder: Path) -> None:
    """Let Maven copy the libraries into a folder."""
    mvn = ["mvn", "-q", "-B", "-f", str(LOCAL / "pom.xml"), "dependency:copy-dependencies"]
    try:
        done = subprocess.run(
            [*mvn, f"-DoutputDirectory={folder}"], capture_output=True, text=True, timeout=FETCHING_SECONDS
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"DynamoDB Local was not fetched within {FETCHING_SECONDS} seconds")
    if done.returncode != 0:
        pytest.skip(f"DynamoDB Local could not be fetched: {done.stdout[-300:]}")
