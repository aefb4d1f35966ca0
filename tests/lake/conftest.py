"""A lake of each test's own: on a disk, or in a bucket with its tables in Glue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from hitparade.emulator.catalog import refuse_stale_updates
from hitparade.lake import Lake, open_lake
from hitparade.storage import Storage
from tests.s3 import Server, moto_server


@pytest.fixture(scope="session")
def aws() -> Iterator[Server]:
    """S3 and a Glue catalog that compares and swaps, as the real one does."""
    refuse_stale_updates()
    with moto_server() as server:
        yield server


@pytest.fixture
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    """On a disk, unless a test asks for it on AWS by its parameter."""
    if getattr(request, "param", "disk") == "disk":
        lake = open_lake(str(tmp_path / "lake"), "hitparade")
        yield lake
        lake.close()
        return
    server: Server = request.getfixturevalue("aws")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        name, storage = f"lake-{uuid4().hex}", Storage()
        lake = open_lake(f"{server.make_bucket(name)}/lake", name.replace("-", "_"), catalog="glue", storage=storage)
        yield lake
        lake.close()
        storage.close()


@pytest.fixture
def other(lake: Lake) -> Iterator[Lake]:
    """The same lake, opened by somebody else."""
    storage = Storage()
    catalog = "glue" if "://" in lake.location else None
    other = open_lake(lake.location, lake.namespace, catalog=catalog, storage=storage)
    yield other
    other.close()
    storage.close()
