"""Warehouses for tests: a schema of its own for each, on servers that the session shares."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from hitparade.charts import Charts
from hitparade.sinks import open_reader
from hitparade.workspace import Workspace
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
            charts = Charts(ws, reader)
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


def assert_same(shop: Shop, place: Place) -> None:
    """Every KPI is in the warehouse as it is in the lake, value for value."""
    held, wanted = place.everything(shop), shop.everything()
    for name, rows in wanted.items():
        assert held[name] == rows, name


def distinct_listens(ws: Workspace) -> int:
    """How many listens the lake has, each once."""
    return sum({each.listen_date: each.listens for each in ws.ledger.computations(kpi="hourly")}.values())
