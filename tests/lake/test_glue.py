"""A lake on AWS: what only the Glue catalog and a bucket do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from hitparade.errors import ConfigError, StorageError
from hitparade.lake import Lake, open_lake
from hitparade.storage import Storage
from tests.lake.tables import MONDAY, kpi, load_ids, plays, staged_listens, staged_plays

PLAYS = kpi()
pytestmark = pytest.mark.parametrize("lake", ["glue"], indirect=True)


def glue(lake: Lake) -> Any:
    return lake.catalog.glue  # type: ignore[attr-defined]  # it is Glue's


def lost(**_: Any) -> None:
    raise ConnectionClosedError(endpoint_url="glue")


def test_a_replacement_whose_answer_was_lost_is_recognised(lake: Lake, other: Lake) -> None:
    base = lake.base(PLAYS, [MONDAY])
    files = staged_plays(lake, PLAYS, MONDAY, {"pop": 1})
    glue(lake).meta.events.register("after-call.glue.UpdateTable", lost)

    lake.replace(base, files, [MONDAY], run=1)

    assert plays(other) == {(MONDAY, "pop"): 1}


def test_an_append_that_never_got_there_is_said_and_may_be_made_again(lake: Lake, other: Lake) -> None:
    events = glue(lake).meta.events
    events.register("before-send.glue.UpdateTable", lost)
    files = staged_listens(lake, MONDAY, [1])
    with pytest.raises(StorageError, match="listens"):
        lake.append("listens", files, run=1)

    events.unregister("before-send.glue.UpdateTable", lost)
    lake.append("listens", staged_listens(lake, MONDAY, [2]), run=1)

    assert load_ids(other) == [2]


def test_an_update_is_never_sent_twice(lake: Lake) -> None:
    """Its repeat would be refused, and pyiceberg would remove the files of the commit that happened."""
    sent = 0

    def refuse(**_: Any) -> None:
        nonlocal sent
        sent += 1
        raise ConnectionClosedError(endpoint_url="glue")

    files = staged_listens(lake, MONDAY, [1])
    glue(lake).meta.events.register("before-send.glue.UpdateTable", refuse)
    with pytest.raises(StorageError):
        lake.append("listens", files, run=1)

    assert sent == 1


def test_a_busy_catalog_is_asked_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hitparade.aws.wait_random_exponential", lambda *_, **__: 0)
    refusals = iter(range(3))

    def busy(**_: Any) -> None:
        if next(refusals, None) is not None:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "GetTable")

    glue(lake).meta.events.register("before-call.glue.GetTable", busy)

    assert lake.table("listens") is not None


def test_a_table_that_cannot_be_made_now_may_be_made_later(lake: Lake) -> None:
    events = glue(lake).meta.events
    events.register("before-send.glue.CreateTable", lost)
    with pytest.raises(StorageError, match="Glue"):
        lake.kpi_table(PLAYS)

    events.unregister("before-send.glue.CreateTable", lost)
    assert lake.kpi_table(PLAYS) is not None


def test_a_lake_that_cannot_be_tidied_up_is_closed_all_the_same(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = Storage()
    own = open_lake(lake.location, lake.namespace, catalog="glue", storage=storage)
    own.staging("listens", "never named")
    monkeypatch.setattr(storage, "remove_below", lambda _: (_ for _ in ()).throw(StorageError("gone")))

    own.close()
    storage.close()


def test_writers_at_once_lose_nothing(lake: Lake) -> None:
    def append(number: int) -> None:
        storage = Storage()
        own = open_lake(lake.location, lake.namespace, catalog="glue", storage=storage)
        own.append("listens", staged_listens(own, MONDAY, [number]), run=1)
        own.close()
        storage.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(append, range(6)))

    assert load_ids(lake) == list(range(6))


def test_a_bucket_that_is_not_there_is_said_before_any_work(lake: Lake) -> None:
    with pytest.raises(ConfigError, match="no-such-bucket"):
        open_lake("s3://no-such-bucket-of-ours/lake", "elsewhere", catalog="glue")
