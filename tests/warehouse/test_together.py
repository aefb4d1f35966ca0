"""Several processes at one warehouse: each listen is there once, and who is too late changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hitparade import pipeline
from hitparade.cli.app import run
from hitparade.cli.door import DONE, LATER, WRONG
from hitparade.errors import Fenced
from hitparade.model import Computation
from hitparade.sinks import Sink, Warehouse, open_sink
from hitparade.steps import publish, warehouse
from hitparade.steps.publish import decide
from hitparade.workspace import Workspace
from tests.shop import Shop
from tests.together import at_once
from tests.warehouse.places import Place, assert_same, on_postgres
from tests.warehouse.test_histories import distinct

SONGS = [f"t{number},Ann;Bo,Album,Name {number},1,{number * 1000},pop" for number in range(50)]
USERS = [f"{number},User {number},30,GB,2024-01-01" for number in range(30)]
FIRST = [f"{n % 31},t{n % 60},2024-06-0{1 + n % 5} {n % 24:02}:{n % 60:02}:00" for n in range(3_000)]
SECOND = [f"{n % 37},t{n % 60},2024-06-0{3 + n % 5} {n % 24:02}:{n % 60:02}:30" for n in range(3_000)] + FIRST[:500]


@pytest.fixture(params=["copy", "compute"])
def place(request: pytest.FixtureRequest, postgres_url: str) -> Place:
    return on_postgres(postgres_url, options=f"&kpis={request.param}")


@pytest.fixture
def shop(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A workspace whose processes do not wait for one another, with all to be published."""
    monkeypatch.setenv("HITPARADE_RUNS__POLITE", "false")
    monkeypatch.setenv("HITPARADE_COMPUTE__BATCH_ROWS", "1000")
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    shop.deliver("songs", "songs.csv", SONGS)
    shop.deliver("users", "users.csv", USERS)
    deliver(shop, "first.csv", FIRST)
    return shop


def deliver(shop: Shop, name: str, rows: Sequence[str]) -> None:
    """Deliver listens, and do all but publish them."""
    shop.deliver("streams", name, rows)
    with shop.open() as ws:
        pipeline.load(ws)
        pipeline.compute(ws)


def command(shop: Path, name: str) -> int:
    """A command's exit code."""
    return run([name, "--config", str(shop / "hitparade.toml")])


@contextmanager
def without_deadlocks(place: Place) -> Iterator[None]:
    """Nobody waits for somebody who waits for them."""
    query = "SELECT pg_stat_clear_snapshot(), deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = place.rows(query)
    yield
    assert place.rows(query) == before


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_that_publish_one_delivery_at_once(shop: Shop, place: Place, processes: int) -> None:
    with without_deadlocks(place):
        for rows in (FIRST, FIRST + SECOND):
            if rows != FIRST:
                deliver(shop, "second.csv", SECOND)
            codes = at_once(command, *[(shop.root, "publish")] * processes)
            assert set(codes) <= {DONE, LATER}
            assert DONE in codes
            assert place.listens() == distinct(rows)
            assert_same(shop, place)


def test_processes_that_do_everything_at_once(shop: Shop, place: Place) -> None:
    shop.deliver("streams", "second.csv", SECOND)
    with without_deadlocks(place):
        assert set(at_once(command, *[(shop.root, "run")] * 4)) <= {DONE, LATER}
    shop.run()
    assert place.listens() == distinct(FIRST + SECOND)
    assert_same(shop, place)


def test_songs_that_another_process_brings_meanwhile_count(
    shop: Shop, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one loads and computes when this one has just looked at the songs, and has yet to look at the days."""
    assert command(shop.root, "publish") == DONE
    changes = iter([[row.replace(",pop", ",rock") for row in SONGS]])

    def late(ws: Workspace, sink: Sink) -> list[Computation]:
        for songs in changes:
            shop.deliver("songs", "changed.csv", songs)
            with shop.open() as other:
                pipeline.load(other)
                pipeline.compute(other)
        return decide(ws, sink)

    monkeypatch.setattr(publish, "decide", late)
    assert command(shop.root, "publish") == DONE
    assert place.rows("SELECT DISTINCT track_genre FROM transformed_songs") == [("rock",)]
    assert_same(shop, place)


def test_a_run_that_comes_after_a_later_one_is_refused(shop: Shop, place: Place) -> None:
    with shop.open() as late:
        late.turn.begin()
        missing = decide(late, sink_of(late))
        with shop.open() as early:
            pipeline.publish(early)
        before = place.listens()

        with pytest.raises(Fenced, match="was written by run"):
            warehouse.bring_days(late, sink_of(late), missing)
        for dataset in warehouse.CATALOGUE:
            with pytest.raises(Fenced, match=f"{dataset} was written by run"):
                warehouse.bring_catalogue(late, sink_of(late), dataset)

    assert missing
    assert place.listens() == before == distinct(FIRST)
    assert_same(shop, place)


def sink_of(ws: Workspace) -> Warehouse:
    """The workspace's warehouse."""
    (sink,) = ws.sinks
    assert isinstance(sink, Warehouse)
    return sink


def test_a_warehouse_of_a_newer_version_is_refused(
    shop: Shop, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(shop.root, "publish") == DONE
    deliver(shop, "second.csv", SECOND)
    with place.connected() as db:
        db.execute("INSERT INTO hitparade_schema VALUES (99, now())")

    assert command(shop.root, "publish") == WRONG

    assert "the warehouse has schema 99, this version knows 1" in capsys.readouterr().err
    assert place.listens() == distinct(FIRST)


def prepare(url: str) -> None:
    """Make the tables of a warehouse."""
    with closing(open_sink(url, place=str)) as sink:
        assert isinstance(sink, Warehouse)
        sink.merged("songs")


def test_processes_that_make_the_tables_at_once(postgres_url: str) -> None:
    for _ in range(3):
        place = on_postgres(postgres_url)
        at_once(prepare, *[(place.url,)] * 4)
        assert place.rows("SELECT version FROM hitparade_schema") == [(1,)]


def test_tables_that_another_process_makes_while_this_one_waits_are_seen(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Redshift, and here by its setting, a transaction sees what was there when it began to look."""
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_isolation=repeatable\\ read")
    place = on_postgres(postgres_url)
    prepare(place.url)
    with place.connected() as db:
        version = db.execute("DELETE FROM hitparade_schema RETURNING version, applied_at").fetchall()
    with ThreadPoolExecutor(1) as pool:
        with place.connected() as other, other.transaction():
            other.execute("LOCK TABLE hitparade_schema")
            waiting = pool.submit(prepare, place.url)
            while not place.rows("SELECT 1 FROM pg_locks WHERE NOT granted") and not waiting.done():
                pass
            other.execute("INSERT INTO hitparade_schema VALUES (%s, %s)", version[0])
        waiting.result()
    assert place.rows("SELECT version FROM hitparade_schema") == [(1,)]
