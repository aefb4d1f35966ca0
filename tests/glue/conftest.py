"""An AWS of the tests' own, and a Python 3.9 with what Glue's Python shell has."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.glue.pythons import python_with
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
    """A Python 3.9 with the libraries of Python shell and nothing else."""
    return python_with("3.9", *LIBRARIES)
