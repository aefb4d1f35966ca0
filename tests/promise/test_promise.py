"""The promise with Spark and with the ledger on DynamoDB, on few random histories; tests/simulation has thousands."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hitparade import pipeline
from hitparade.config import EngineName
from hitparade.workspace import Workspace
from tests.dynamodb import new_table, reach
from tests.s3 import Server
from tests.shop import Shop
from tests.simulation.reference import Delivered, Listen, Reference, Track
from tests.spark import on_spark

HISTORIES = int(os.environ.get("HITPARADE_HISTORIES", "12"))
# Of Spark's batches of days some are tasks, and some SQL.
FEW_ROWS = 4
START = datetime(2024, 6, 1, 23)  # noqa: DTZ001 - as in the files
TRACKS = ("a", "b", "c", "unknown")
NAMES = ("one.csv", "two.csv", "three.csv")


@dataclass(frozen=True)
class Streams:
    """A file of listens."""

    name: str
    listens: tuple[Listen, ...]


@dataclass(frozen=True)
class Songs:
    """A file of tracks."""

    name: str
    tracks: tuple[tuple[str, Track], ...]


@dataclass(frozen=True)
class Steps:
    """Some steps, in some order; the file names are free again only after an archive."""

    names: tuple[str, ...]


listens = st.builds(
    lambda user, track, minutes: Listen(user, track, START + timedelta(minutes=minutes)),
    st.integers(1, 4),
    st.sampled_from(TRACKS),
    st.integers(0, 2 * 24 * 6).map(lambda number: number * 10),
)
tracks = st.builds(
    Track,
    name=st.sampled_from(["Ta", "Tb", 'T, "quoted"', "Tü"]),
    artists=st.sampled_from(["A", "B;A", "B; B ;C", "Ä"]),
    popularity=st.one_of(st.none(), st.integers(0, 100)),
    duration=st.one_of(st.none(), st.integers(0, 10)),
    genres=st.lists(st.sampled_from(["pop", "rock", "folk"]), min_size=1, max_size=3, unique=True),
)
catalogued = st.tuples(st.sampled_from(TRACKS[:3]), tracks)
catalogues = st.lists(catalogued, min_size=1, max_size=3, unique_by=lambda each: each[0])
deliveries = st.one_of(
    st.builds(Streams, st.sampled_from(NAMES), st.lists(listens, min_size=1, max_size=12).map(tuple)),
    st.builds(Songs, st.sampled_from(NAMES), catalogues.map(tuple)),
)
step = st.sampled_from(["load", "compute", "publish", "archive", "run"])
steps = st.builds(Steps, st.lists(step, min_size=1, max_size=3).map(tuple))


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def deliver(shop: Shop, delivered: Delivered, what: Streams | Songs) -> None:
    """Drop a file, and count it as delivered. A name that is still taken gets a new one."""
    dataset = "streams" if isinstance(what, Streams) else "songs"
    name = what.name
    while (shop.root / "data" / dataset / name).exists():
        name = f"x{name}"
    if isinstance(what, Streams):
        lines = [f"{each.user},{each.track},{each.at:%Y-%m-%d %H:%M:%S}" for each in what.listens]
        shop.deliver("streams", name, lines)
        delivered.listens.update(what.listens)
        return
    rows = []
    for track_id, track in what.tracks:
        numbers = ",".join("" if number is None else str(number) for number in (track.popularity, track.duration))
        start = f"{track_id},{quoted(track.artists)},Album,{quoted(track.name)},{numbers}"
        rows += [f"{start},{genre}" for genre in track.genres]
        delivered.tracks[track_id] = track
    shop.deliver("songs", name, rows)


WORK: Mapping[str, Callable[[Workspace], object]] = {
    "load": pipeline.load,
    "compute": pipeline.compute,
    "publish": pipeline.publish,
    "archive": pipeline.archive,
    "run": pipeline.run,
}


def work(shop: Shop, names: tuple[str, ...]) -> None:
    with shop.open() as ws:
        for name in names:
            WORK[name](ws)


as_long_as_it_takes = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
histories = st.lists(st.one_of(deliveries, deliveries, steps), min_size=2, max_size=9)


@on_spark
@settings(as_long_as_it_takes, max_examples=max(HISTORIES * 5 // 12, 1))
@given(histories)
def test_every_kpi_equals_the_one_computed_from_scratch_whichever_engine_works(
    spark: object, history: list[Any]
) -> None:
    assert_promise_kept(history, ("spark", "duckdb"))


@settings(as_long_as_it_takes, max_examples=max(HISTORIES * 4 // 12, 1))
@given(histories)
def test_every_kpi_equals_the_one_computed_from_scratch_with_the_ledger_on_dynamodb(
    dynamodb_moto: Server, monkeypatch: pytest.MonkeyPatch, history: list[Any]
) -> None:
    reach(dynamodb_moto, monkeypatch)
    monkeypatch.setenv("HITPARADE_LEDGER__URL", f"dynamodb:{new_table()}")
    assert_promise_kept(history, ("duckdb",))


def assert_promise_kept(history: list[Any], engines: tuple[EngineName, ...]) -> None:
    """Live through a history, one engine after the other in turn, and compare with the reference."""
    turns = cycle(engines)
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder), settings='sinks = ["files:exports"]', day_rows=FEW_ROWS)
        delivered = Delivered()
        for event in history:
            if isinstance(event, Steps):
                work(shop.by(next(turns)), event.names)
            else:
                deliver(shop, delivered, event)
        shop.by(next(turns)).run()
        assert shop.everything() == Reference(delivered).everything()
        with shop.open() as ws:
            assert not [path for path in shop.landing("streams").iterdir() if path.suffix == ".csv"]
            for delivery in ws.ledger.deliveries():
                assert delivery.rows_read == delivery.rows_loaded + delivery.rows_rejected
