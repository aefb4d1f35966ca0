"""The databases on which the tests compute KPIs, each by the SQL rendered for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import duckdb

from hitparade.kpis.render import Dialect, render
from hitparade.model import Kpi
from tests.kpis.case import TYPES, Row, in_order


class Database(Protocol):
    """An empty database: a place for relations."""

    dialect: Dialect
    types: Mapping[str, str]

    def execute(self, sql: str) -> None: ...
    def insert(self, table: str, rows: list[Row]) -> None: ...
    def rows(self, table: str) -> list[Row]: ...


class DuckDB:
    dialect: Dialect = "duckdb"
    types: Mapping[str, str] = {
        "string": "VARCHAR",
        "int": "INTEGER",
        "long": "BIGINT",
        "double": "DOUBLE",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    }

    def __init__(self) -> None:
        self._connection = duckdb.connect(config={"threads": 2})

    def execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def insert(self, table: str, rows: list[Row]) -> None:
        self._connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def rows(self, table: str) -> list[Row]:
        return self._connection.sql(f"FROM {table}").fetchall()

    def types_of(self, table: str) -> list[str]:
        return [str(kind) for kind in self._connection.sql(f"FROM {table}").types]


class Postgres:
    dialect: Dialect = "postgres"
    types: Mapping[str, str] = {
        "string": "TEXT",
        "int": "INTEGER",
        "long": "BIGINT",
        "double": "DOUBLE PRECISION",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    }

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str) -> None:
        self._connection.execute(sql)

    def insert(self, table: str, rows: list[Row]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)

    def rows(self, table: str) -> list[Row]:
        return list(self._connection.execute(f"SELECT * FROM {table}").fetchall())


@contextmanager
def open_postgres(url: str) -> Iterator[Postgres]:
    """A PostgreSQL database that forgets everything at the end."""
    import psycopg

    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:", 1)) as connection:
        yield Postgres(connection)
        connection.rollback()


def compute(database: Database, wanted: Iterable[Kpi], kpis: Iterable[Kpi], base: Mapping[str, list[Row]]) -> None:
    """Lay the lake's relations and, over them, the wanted KPIs and all that they read."""
    for name, rows in base.items():
        columns = ", ".join(f"{column} {database.types[kind]}" for column, kind in TYPES[name].items())
        database.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")
        if rows:
            database.insert(name, rows)
    by_name, laid = {kpi.name: kpi for kpi in kpis}, set(base)
    for kpi in wanted:
        _lay(database, kpi, by_name, laid)


def result(database: Database, kpi: Kpi) -> list[Row]:
    """A KPI's rows, sorted."""
    return in_order(database.rows(kpi.name))


def _lay(database: Database, kpi: Kpi, kpis: Mapping[str, Kpi], laid: set[str]) -> None:
    if kpi.name in laid:
        return
    for name in kpi.reads:
        if name in kpis:
            _lay(database, kpis[name], kpis, laid)
    for table, sql in [*((relation.name, relation.sql) for relation in kpi.relations), (kpi.name, kpi.sql)]:
        if table not in laid:
            database.execute(f"CREATE TEMPORARY TABLE {table} AS {render(sql, database.dialect)}")
            laid.add(table)
