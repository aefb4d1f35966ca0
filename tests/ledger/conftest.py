"""The ledgers that one suite is run against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hitparade.ledger import Ledger, open_ledger
from hitparade.ledger.dynamodb import commits
from tests.dynamodb import dynamodb_local, dynamodb_moto, missing, new_table, reach  # noqa: F401 - fixtures
from tests.postgres import postgres_url  # noqa: F401 - a fixture
from tests.s3 import Server


@pytest.fixture(params=["sqlite", "postgres", "dynamodb_moto", "dynamodb_local"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a ledger that nobody has prepared yet."""
    if request.param.startswith("dynamodb"):
        reach(request.getfixturevalue(request.param), monkeypatch)
        yield f"dynamodb:{new_table()}"
        return
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/lake/ledger.db"
        return
    import psycopg

    url = request.getfixturevalue("postgres_url")
    name = f"ledger_{uuid4().hex}"
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield url.replace("/postgres?", f"/{name}?", 1)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """A ledger, ready for work."""
    ledger = open_ledger(ledger_url)
    ledger.prepare({})
    yield ledger
    ledger.close()


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A DynamoDB that this process finds: the stricter and quicker one where it can be had."""
    found: Server = request.getfixturevalue("dynamodb_moto" if missing() else "dynamodb_local")
    reach(found, monkeypatch)
    monkeypatch.setattr(commits, "HELP_AFTER_SECONDS", 0.0)
    return found
