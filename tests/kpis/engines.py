"""The databases on which the tests compute KPIs, each by the SQL rendered for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from hitparade.engines.spark.session import give_meaning
from hitparade.kpis.render import Dialect, render
from hitparade.model import Kpi
from tests.kpis.case import TYPES, Row, in_order

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


class Database(Protocol):
    """An empty database: a place for relations."""

    dialect: Dialect
    types: Mapping[str, str]

    def lay(self, table: str, columns: str, rows: list[Row]) -> None:
        """Make a relation of these rows."""
        ...

    def derive(self, table: str, select: str) -> None:
        """Make a relation of a query's rows."""
        ...

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

    def lay(self, table: str, columns: str, rows: list[Row]) -> None:
        self._connection.execute(f"CREATE TEMPORARY TABLE {table} ({columns})")
        if rows:
            self._connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def derive(self, table: str, select: str) -> None:
        self._connection.execute(f"CREATE TEMPORARY TABLE {table} AS {select}")

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

    def lay(self, table: str, columns: str, rows: list[Row]) -> None:
        self._connection.execute(f"CREATE TEMPORARY TABLE {table} ({columns})")
        if rows:
            with self._connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(rows[0]))})", rows)

    def derive(self, table: str, select: str) -> None:
        self._connection.execute(f"CREATE TEMPORARY TABLE {table} AS {select}")

    def rows(self, table: str) -> list[Row]:
        return list(self._connection.execute(f"SELECT * FROM {table}").fetchall())


class Spark:
    """A session of its own on the tests' Spark. What is derived is kept, since other relations are made of it."""

    dialect: Dialect = "spark"
    types: Mapping[str, str] = {
        "string": "STRING",
        "int": "INT",
        "long": "BIGINT",
        "double": "DOUBLE",
        "date": "DATE",
        "timestamp": "TIMESTAMP_NTZ",
    }

    def __init__(self, session: SparkSession) -> None:
        self._session = session.newSession()
        self._kept: list[DataFrame] = []
        give_meaning(self._session)

    def lay(self, table: str, columns: str, rows: list[Row]) -> None:
        self._session.createDataFrame(rows, columns).coalesce(1).createOrReplaceTempView(table)

    def derive(self, table: str, select: str) -> None:
        self._kept.append(self._session.sql(select).persist())
        self._kept[-1].createOrReplaceTempView(table)

    def rows(self, table: str) -> list[Row]:
        return [tuple(row) for row in self._session.table(table).collect()]

    def forget(self) -> None:
        """Let go of what was kept."""
        for frame in self._kept:
            frame.unpersist()


@contextmanager
def open_spark(session: SparkSession) -> Iterator[Spark]:
    """A database on Spark that forgets everything at the end."""
    database = Spark(session)
    try:
        yield database
    finally:
        database.forget()


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
        database.lay(name, columns, rows)
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
            database.derive(table, render(sql, database.dialect))
            laid.add(table)
