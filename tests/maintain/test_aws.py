"""Maintenance of a lake in S3 with Glue's catalog, and a ledger in DynamoDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hitparade import pipeline
from hitparade.emulator.catalog import refuse_stale_updates
from tests.cloud import CloudShop
from tests.maintain.past import GRACE, SONGS, loads, maintained, recorded, rows
from tests.s3 import Server, moto_server


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudShop]:
    """A workspace in a bucket."""
    refuse_stale_updates()
    with moto_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield CloudShop(tmp_path / "cloud", bucket_of(server))


def bucket_of(server: Server) -> str:
    """A new one."""
    return server.make_bucket("maintained")


def test_a_lake_in_a_bucket_becomes_small_and_means_what_it_meant(cloud: CloudShop) -> None:
    cloud.deliver("songs", "songs.csv", SONGS)
    for number in range(4):
        cloud.deliver("streams", f"{number}.csv", rows(number, 1))
        with cloud.open("load") as ws:
            pipeline.load(ws)
    cloud.run()
    kpis, before = cloud.everything(), loads(cloud, "listens")

    maintained(cloud, after=timedelta())
    assert cloud.everything() == kpis
    maintained(cloud)
    done = maintained(cloud, after=2 * GRACE)

    assert cloud.everything() == kpis
    assert loads(cloud, "listens") == before
    assert set(before) <= recorded(cloud, "loaded")
    with cloud.open() as ws:
        assert Counter(file.day for file in ws.lake.files("listens")).most_common()[0][1] == 1
    assert done.files >= 4
    assert len(cloud.names("lake/listens/data")) == 1
    # The ledger knows its commits of runs before the latest no more.
    with cloud.open() as ws:
        assert ws.ledger.forget_runs(before=ws.clock(), dry=True) == 0
