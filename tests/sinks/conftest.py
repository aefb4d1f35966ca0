"""DynamoDB servers for the suites: one of each kind a session, and for each test names of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.dynalite import dynalite
from tests.dynamodb import local_dynamodb
from tests.postgres import postgres_url as postgres_url
from tests.s3 import Server, moto_server
from tests.warehouse.conftest import redshift as redshift
from tests.warehouse.conftest import redshift_servers as redshift_servers

SERVERS = ("moto", "dynalite", "local")

numbers = itertools.count()


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    with moto_server() as server:
        yield server


@pytest.fixture(scope="session", name="dynalite")
def dynalite_server() -> Iterator[Server]:
    with dynalite() as server:
        yield server


@pytest.fixture(scope="session")
def local() -> Iterator[Server]:
    """DynamoDB Local, the service's own, where Java and Maven are."""
    with local_dynamodb() as server:
        yield server


@pytest.fixture(params=SERVERS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which server."""
    return str(request.param)


@pytest.fixture
def prefix(kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix that no other test has, on a server that the environment names."""
    server: Server = request.getfixturevalue(kind)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return f"test{next(numbers)}_"
