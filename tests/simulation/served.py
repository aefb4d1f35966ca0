"""What sinks serve, looked at as anyone would who uses it: files are read, tables queried, items scanned."""

from __future__ import annotations

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from decimal import Decimal
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Protocol
from unittest import mock

import pyarrow.parquet as pq
import yaml

from hitparade.emulator.warehouse.cluster import cluster
from hitparade.model import Column, Kpi
from hitparade.sinks.warehouse import postgres
from tests.postgres import SUPERUSER
from tests.s3 import forget_all, moto_server
from tests.simulation.reference import Reference, Row
from tests.sinks.dynamodb_items import items, plain_client
from tests.warehouse.places import Place as Warehouse
from tests.warehouse.places import on_postgres

SOON = "30ms"
OF_TEXT: Mapping[str, Any] = {"string": str, "int": int, "long": int, "double": float, "date": date.fromisoformat}
Wanted = Mapping[str, list[Row]]
"""The rows that each KPI must have."""


class Served(Protocol):
    """A sink: its URL in the settings, and the fault points where whoever writes to it may be cut."""

    url: str
    points: tuple[str, ...]

    def renew(self) -> None:
        """Make it as it was before anything was written to it."""
        ...

    def differences(self, kpis: Iterable[Kpi], wanted: Wanted, reference: Reference) -> Iterator[str]:
        """What it does not serve as it is."""
        ...


def difference(found: Iterable[object], wanted: Iterable[object]) -> str:
    """Rows that only one side has."""
    has, should = [list(map(str, rows)) for rows in (found, wanted)]
    more, less = Counter(has) - Counter(should), Counter(should) - Counter(has)
    return f"has {list(more)[:3]}, lacks {list(less)[:3]}" if more or less else "the order of rows"


# ---- files


class Files:
    """A folder of the workspace, of all KPIs or some. It is renewed with the workspace."""

    points: tuple[str, ...] = ()

    def __init__(self, url: str, root: Path) -> None:
        self.url = url
        place, _, options = url.partition(":")[2].partition("?")
        self.folder = root / place
        self.some = options.partition("kpis=")[2].partition("&")[0].split(",") if "kpis=" in options else None

    def renew(self) -> None:
        """See Served."""

    def differences(self, kpis: Iterable[Kpi], wanted: Wanted, reference: Reference) -> Iterator[str]:
        """See Served."""
        del reference
        for kpi in kpis:
            if kpi.scope == "day" and (self.some is None or kpi.name in self.some):
                days: dict[str, list[Row]] = defaultdict(list)
                for row in wanted[kpi.name]:
                    days[str(row["listen_date"])].append(row)
                yield from differing_days(kpi, self.folder / kpi.name, days)


def differing_days(kpi: Kpi, folder: Path, days: Mapping[str, list[Row]]) -> Iterator[str]:
    """Files of days that are not as computed from scratch."""
    there = {file.name: file for file in folder.iterdir() if not file.name.startswith(".")} if folder.is_dir() else {}
    for missing in sorted(set(days) - {name.partition(".")[0] for name in there}):
        yield f"{folder}: nothing of {missing}"
    for name, file in there.items():
        day, _, ending = name.partition(".")
        if ending not in ("csv", "parquet"):
            continue
        rows = pq.ParquetFile(file).read().to_pylist() if ending == "parquet" else read_csv(kpi, file)
        found = [row for row in rows if row["listen_count"]]
        if found != days.get(day, []):
            yield f"{file}: {difference(found, days.get(day, []))}"


def read_csv(kpi: Kpi, file: Path) -> list[Row]:
    """The rows of a CSV file."""
    columns = {column.name: column for column in kpi.columns}
    with file.open(encoding="utf-8", newline="") as text:
        return [{name: value_of(columns[name], value) for name, value in row.items()} for row in csv.DictReader(text)]


def value_of(column: Column, text: str) -> Any:
    """A value of CSV."""
    return OF_TEXT[column.type](text) if text else None


# ---- a warehouse


class InPostgres:
    """A schema of a PostgreSQL: every listen once, the catalogue, and KPIs, those of all time as views."""

    points: tuple[str, ...] = ("warehouse.migrated", "warehouse.written", "warehouse.committed", "publish.merged")

    def __init__(self, place: Warehouse) -> None:
        self.place = place
        self.url = place.url

    def renew(self) -> None:
        """See Served."""
        with self.place.connected() as db:
            db.execute(f"DROP SCHEMA IF EXISTS {self.place.schema} CASCADE")

    def differences(self, kpis: Iterable[Kpi], wanted: Wanted, reference: Reference) -> Iterator[str]:
        """See Served."""
        with self.place.connected() as db:
            for table, query, rows in (*self.rows_delivered(reference), *self.rows_computed(kpis, wanted)):
                # Nobody makes what nothing was ever published to.
                there = db.execute("SELECT to_regclass(%s)", [table]).fetchall() != [(None,)]
                found = db.execute(query).fetchall() if there else []
                if Counter(found) != Counter(rows):
                    yield f"{table} in {self.url}: {difference(found, rows)}"

    def rows_delivered(self, reference: Reference) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
        """Tables of what was delivered, how they are asked, and what they must say."""
        listens = [(each.user, each.track, each.at, each.at.date(), each.at.hour) for each in reference.listens]
        columns = "user_id, track_id, listen_time, listen_date, hour"
        yield "transformed_streams", f"SELECT {columns} FROM transformed_streams", listens
        users = [(key, each.age, each.country) for key, each in reference.users.items()]
        yield "transformed_users", "SELECT user_id, user_age, user_country FROM transformed_users", users
        tracks = reference.tracks.items()
        songs = [(key, each.name, each.artists, each.popularity, each.duration) for key, each in tracks]
        columns = "track_id, track_name, artists, popularity, duration_ms"
        yield "transformed_songs", f"SELECT {columns} FROM transformed_songs", songs
        genres = [(key, genre, at) for key, each in tracks for at, genre in enumerate(each.genres, start=1)]
        yield "song_genres", "SELECT track_id, genre, position FROM song_genres", genres
        artists = [(key, artist, at) for key, each in tracks for at, artist in enumerate(each.credits, start=1)]
        yield "song_artists", "SELECT track_id, artist, position FROM song_artists", artists

    def rows_computed(self, kpis: Iterable[Kpi], wanted: Wanted) -> Iterator[tuple[str, str, list[tuple[Any, ...]]]]:
        """The same of KPIs."""
        for kpi in kpis:
            query = f"SELECT {', '.join(kpi.column_names)} FROM kpi_{kpi.name}"
            yield f"kpi_{kpi.name}", query, [tuple(row[name] for name in kpi.column_names) for row in wanted[kpi.name]]


@contextmanager
def in_postgres(kpis: str) -> Iterator[InPostgres]:
    """A warehouse on a server of its own, to which KPIs are copied, or in which they are computed.

    Who stands still in a transaction has its lock, so that whoever wants it gives up soon: a conflict, and tried again.
    """
    with (
        cluster(superuser=SUPERUSER, database="postgres") as folder,
        mock.patch.object(postgres, "LOCK_TIMEOUT", SOON),
    ):
        url = f"postgresql+psycopg://{SUPERUSER}@/postgres?host={folder}"
        yield InPostgres(on_postgres(url, options=f"&kpis={kpis}"))


# ---- DynamoDB


class InDynamoDb:
    """Tables of DynamoDB, of each way in which a KPI may be in one."""

    tables: Final = (
        *("music_kpis_table", "track_level_reports", "music_streaming_hourly"),
        *("music_streaming_user_listening", "music_streaming_top_genres"),
    )
    points: tuple[str, ...] = ("dynamodb.table_created", "dynamodb.begun", "dynamodb.item_written", "dynamodb.finished")

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.prefix = "simulated_"
        self.url = f"dynamodb:{','.join(self.tables)}?prefix={self.prefix}"
        listed = yaml.safe_load((files("hitparade.sinks") / "dynamodb_tables.yaml").read_text(encoding="utf-8"))
        self.feeds = [
            (name, kpi, {key: feed.get("keys", {}).get(key, key) for key in listed[name]["keys"]}, feed)
            for name in self.tables
            for kpi, feed in listed[name]["kpis"].items()
        ]

    def renew(self) -> None:
        """See Served."""
        forget_all(self.endpoint)

    def differences(self, kpis: Iterable[Kpi], wanted: Wanted, reference: Reference) -> Iterator[str]:
        """See Served. What is not to be there may have an item all the same, which says nothing but zeros."""
        del reference
        daily = {kpi.name for kpi in kpis if kpi.scope == "day"}
        scanned = {table: items(f"{self.prefix}{table}") for table in self.tables_there()}
        for table, kpi, keys, feed in self.feeds:
            if kpi in daily:
                should = expected(wanted[kpi], keys, feed)
                brought = {*columns_of(feed), *feed.get("chart", ())}
                there = (
                    (tuple(item[key] for key in keys), {name: item[name] for name in brought & item.keys()})
                    for item in scanned.get(table, ())
                )
                found = {key: says for key, says in there if key in should or any(says.values())}
                if found != should:
                    yield f"{kpi} in {table}: {difference(found.items(), should.items())}"

    def tables_there(self) -> list[str]:
        """The tables that were made."""
        with plain_client() as client:
            names = client.list_tables()["TableNames"]
        return [name for name in self.tables if f"{self.prefix}{name}" in names]


def columns_of(feed: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that a KPI brings by the row, and the column of each."""
    listed = [{each: each} if isinstance(each, str) else each for each in feed.get("attributes", ())]
    return {name: column for each in listed for name, column in each.items()}


def expected(rows: Iterable[Row], keys: Mapping[str, str], feed: Mapping[str, Any]) -> dict[tuple[Any, ...], Any]:
    """The items that rows of a KPI are in a table, by key, without what is missing."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        item = found.setdefault(tuple(attribute(row[column]) for column in keys.values()), {})
        told = {name: row[column] for name, column in columns_of(feed).items()}
        item.update({name: attribute(value) for name, value in told.items() if value is not None})
        for name, columns in feed.get("chart", {}).items():
            place = {column: attribute(row[column]) for column in columns if row[column] is not None}
            item.setdefault(name, []).append(place)
    return found


def attribute(value: Any) -> Any:
    """A value as DynamoDB gives it back: numbers exact, days as texts."""
    if isinstance(value, date):
        return value.isoformat()
    return Decimal(repr(value)) if isinstance(value, int | float) else value


@contextmanager
def in_dynamodb() -> Iterator[InDynamoDb]:
    """DynamoDB's tables on a moto of their own."""
    with moto_server() as server, mock.patch.dict(os.environ, server.environment):
        yield InDynamoDb(server.endpoint)


ELSEWHERE: Final[Mapping[str, Callable[[], AbstractContextManager[Served]]]] = {
    "copy": partial(in_postgres, "copy"),
    "compute": partial(in_postgres, "compute"),
    "dynamodb": in_dynamodb,
}
"""Sinks that are not in the workspace, by what they are called in tests."""
