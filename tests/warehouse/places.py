"""Warehouses for tests: a schema of its own for each, on servers that the session shares."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from hitparade.charts import Charts
from hitparade.emulator.warehouse.start import warehouse
from hitparade.sinks import open_reader
from hitparade.workspace import Workspace
from tests.postgres import with_programs
from tests.s3 import LOOPBACK, Server
from tests.shop import Shop, rows_of

schemas = (f"test{number}" for number in itertools.count(1))


@dataclass(frozen=True, slots=True)
class Place:
    """A warehouse: its URL as a sink, and psycopg's for whoever looks into it."""

    url: str
    direct: str
    schema: str

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query, asked as anyone would."""
        with self.connected() as db:
            return db.execute(sql, values or None).fetchall()

    @contextmanager
    def connected(self) -> Iterator[psycopg.Connection]:
        """A connection of its own."""
        with psycopg.connect(self.direct, autocommit=True) as db:
            db.execute(f"SET search_path TO {self.schema}")
            yield db

    def everything(self, shop: Shop) -> Mapping[str, list[dict[str, Any]]]:
        """Every KPI's rows, as they are read from it."""
        with shop.open() as ws, closing(open_reader(self.url, place=ws.settings.place)) as reader:
            charts = Charts(ws.kpis, reader)
            return {kpi.name: rows_of(charts, kpi.name) for kpi in charts.kpis}

    def listens(self) -> list[tuple[Any, ...]]:
        """Every listen there, in order."""
        return self.rows(
            "SELECT user_id, track_id, listen_time, listen_date, hour FROM transformed_streams ORDER BY 1, 2, 3"
        )


def on_postgres(url: str, *, options: str = "") -> Place:
    """A warehouse in a schema of its own of the database at SQLAlchemy's URL."""
    schema = next(schemas)
    direct = url.replace("postgresql+psycopg:", "postgresql:", 1)
    return Place(f"{direct}&schema={schema}{options}", direct, schema)


@dataclass(frozen=True, slots=True)
class Redshift:
    """The Redshift that stands on a PostgreSQL: what a program needs to find it and its S3, and a bucket there."""

    environment: Mapping[str, str]
    bucket: str

    def place(self, *, options: str = "") -> Place:
        """A warehouse in a schema of its own."""
        schema, told = next(schemas), self.environment
        direct = (
            f"postgresql://{told['REDSHIFT_USER']}:{told['REDSHIFT_PASSWORD']}@{told['REDSHIFT_HOST']}"
            f":{told['REDSHIFT_PORT']}/{told['REDSHIFT_DB']}?sslmode=disable"
        )
        url = f"redshift:?sslmode=disable&staging={self.bucket}/staging&schema={schema}{options}"
        return Place(url, direct, schema)


@contextmanager
def standing_in(server: Server) -> Iterator[Redshift]:
    """A Redshift that reads this S3."""
    with_programs()
    with pytest.MonkeyPatch.context() as patch, socket.create_server((LOOPBACK, 0)) as listening:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        with warehouse(listening) as told:
            yield Redshift({**server.environment, **told}, server.make_bucket("warehouse-staging"))


def assert_same(shop: Shop, place: Place) -> None:
    """Every KPI is in the warehouse as it is in the lake, value for value."""
    held, wanted = place.everything(shop), shop.everything()
    for name, rows in wanted.items():
        assert held[name] == rows, name


def distinct_listens(ws: Workspace) -> int:
    """How many listens the lake has, each once."""
    return sum({each.listen_date: each.listens for each in ws.ledger.computations(kpi="hourly")}.values())
