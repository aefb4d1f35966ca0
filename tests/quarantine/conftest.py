"""Workspaces with a file in quarantine: on a disk with SQLite, and in a bucket with DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hitparade.emulator.catalog import refuse_stale_updates
from tests.cloud import CloudShop
from tests.dynamodb import reach
from tests.s3 import Server, moto_server
from tests.shop import Shop


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    """S3, Glue and DynamoDB."""
    refuse_stale_updates()
    with moto_server() as server:
        yield server


@pytest.fixture
def disk(tmp_path: Path) -> Shop:
    """A workspace on a disk."""
    return Shop(tmp_path / "shop")


@pytest.fixture
def cloud(moto: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A workspace in a bucket, with a ledger on DynamoDB."""
    reach(moto, monkeypatch)
    return CloudShop(tmp_path / "shop", moto.make_bucket(f"shop-{uuid4().hex[:12]}"))


@pytest.fixture(params=["disk", "cloud"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """A workspace of each kind."""
    found: Shop = request.getfixturevalue(request.param)
    return found
