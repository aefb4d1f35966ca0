"""An AWS of the tests' own, and a Python 3.9 with what Glue's Python shell has."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.glue.song_kpis import SongKpis
from tests.s3 import Server, moto_server

# What AWS lists for the `analytics` set of Python shell; pyarrow and numpy are those that its awswrangler 2.15.1 takes.
LIBRARIES = ("boto3==1.22.5", "botocore==1.25.5", "numpy==1.22.3", "pyarrow==7.0.0")
numbers = itertools.count()


@pytest.fixture(scope="session")
def aws() -> Iterator[Server]:
    with moto_server() as server:
        yield server


@pytest.fixture
def song_kpis(aws: Server, monkeypatch: pytest.MonkeyPatch) -> SongKpis:
    """An empty folder, and a table that is made."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    number = next(numbers)
    aws.make_bucket(f"music-{number}")
    made = SongKpis(aws, f"music-{number}", f"reports_{number}")
    made.make_table()
    return made


@pytest.fixture(scope="session")
def python_shell() -> Path:
    """A Python 3.9 with the libraries of Python shell and nothing else; made once on a machine."""
    home = Path(tempfile.gettempdir()) / f"hitparade-python-shell-{os.getuid()}" / "-".join(LIBRARIES)
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        make_environment(python39(), home)
        done = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *LIBRARIES],
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        if done.returncode:
            pytest.skip(f"pip cannot install the libraries of Python shell: {done.stderr.strip().splitlines()[-1:]}")
        (home / "ready").touch()
    return python


def make_environment(python: str, home: Path) -> None:
    """A fresh environment; one that is half made is made anew."""
    subprocess.run([python, "-m", "venv", "--clear", home], check=True, timeout=120)


def python39() -> str:
    """A Python 3.9 that runs: in PATH, or one of pyenv's that PATH does not show."""
    pyenv = sorted(Path.home().glob(".pyenv/versions/3.9*/bin/python3.9"))
    for python in filter(None, (shutil.which("python3.9"), *map(str, pyenv))):
        if subprocess.run([python, "-c", ""], capture_output=True, timeout=60, check=False).returncode == 0:
            return python
    pytest.skip("there is no Python 3.9, which Glue's Python shell is")
