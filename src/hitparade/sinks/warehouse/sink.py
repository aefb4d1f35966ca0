"""The warehouse: every listen once, the catalogue, and KPIs copied from the lake or computed here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from hitparade.errors import ConfigError, Conflict, LakeError
from hitparade.faults import point
from hitparade.model import Dataset, Kpi
from hitparade.progress import Advance
from hitparade.sinks.base import unseen
from hitparade.sinks.warehouse.database import Database
from hitparade.sinks.warehouse.kpis import view
from hitparade.sinks.warehouse.tables import (
    CONTROL,
    DELIVERIES,
    MIGRATIONS,
    PUBLICATIONS,
    TYPES,
    VERSION,
    Table,
    kpi_name,
    kpi_table,
    statements,
)
from hitparade.sinks.warehouse.turn import Turn, utc_now
from hitparade.sinks.warehouse.views import VIEWS
from hitparade.sqltext import identifier

if TYPE_CHECKING:
    import pyarrow as pa

LAKE = "lake"


class WarehouseSink:
    """See Warehouse."""

    def __init__(self, url: str, connect: Callable[[], Database], *, computes: bool) -> None:
        """`url` is what may be shown of it, and recorded; `connect` is called when it is first needed."""
        self.url = url
        self.connect = connect
        self.computes = computes
        self._database: Database | None = None
        self._prepared = False

    @property
    def database(self) -> Database:
        """The connection; a new one after it was lost, for who goes on, as `run --watch` does."""
        if self._database is None or self._database.lost:
            self.close()
            self._database = self.connect()
            self._prepared = False
        return self._database

    def table(self, kpi: Kpi) -> str | None:
        """See Sink."""
        return kpi_name(kpi)

    @contextmanager
    def turn(self, kpis: Iterable[Kpi], *, run: int, lake: str | None = None) -> Iterator[Turn]:
        """See Warehouse."""
        self.prepare()
        with self.database.transaction():
            self.database.run(f"LOCK TABLE {CONTROL.name}")
            held = dict(self.database.rows(f"SELECT part, definition FROM {CONTROL.name}"))
            if lake is not None:
                self._belong_to(lake, held, run=run)
            self._make(kpis, held, run=run)
            yield Turn(self.database, run)
            point("warehouse.written")
        point("warehouse.committed")

    def version(self) -> str:
        """See Warehouse."""
        [(version,)] = self.database.rows("SELECT version()")
        return str(version)

    def is_new(self) -> bool:
        """See Warehouse."""
        self.prepare()
        return not self.database.rows(f"SELECT part FROM {CONTROL.name} WHERE part = %s", [LAKE])

    def merged(self, dataset: Dataset) -> frozenset[int]:
        """See Warehouse."""
        self.prepare()
        # Listens, which have days, are many more.
        query = f"SELECT load_id FROM {DELIVERIES.name} WHERE listen_date IS NULL AND dataset = %s"
        return frozenset(load_id for (load_id,) in self.database.rows(query, [dataset]))

    def write(self, kpi: Kpi, day: date, rows: pa.Table, *, run: int, advance: Advance = unseen) -> int:
        """See Sink."""
        with self.turn([kpi], run=run) as turn:
            written = turn.put(kpi, [day], rows.to_batches())
        advance(rows.num_rows)
        return written[day]

    def holds(self, kpi: Kpi, day: date) -> int | None:
        """See Sink."""
        self.prepare()
        query = f"SELECT run FROM {PUBLICATIONS.name} WHERE part = %s AND listen_date = %s"
        found = self.database.rows(query, [kpi_name(kpi), day])
        return int(found[0][0]) if found else None

    def counted(self, kpi: Kpi) -> Mapping[date, int]:
        """See Sink."""
        self.prepare()
        table = identifier(kpi_name(kpi))
        if self._there(kpi_name(kpi)) is None:
            return {}
        query = f"SELECT listen_date, COUNT(*) FROM {table} WHERE listen_count > 0 GROUP BY listen_date"
        return {day: int(rows) for day, rows in self.database.rows(query)}

    def close(self) -> None:
        """See Sink."""
        if self._database is not None:
            self._database.close()
            self._database = None

    # -- what is there

    # Whoever makes the same tables at the same time may come first, and then all is well.
    @retry(
        retry=retry_if_exception_type(Conflict),
        stop=stop_after_attempt(8),
        wait=wait_random_exponential(0.05, max=2),
        reraise=True,
    )
    def prepare(self) -> None:
        """Apply the migrations that are not applied; LakeError where a newer version has applied others."""
        database = self.database
        if self._prepared:
            return
        # Alone: Redshift shows a transaction what was there at its first change, not what came until it had the lock.
        with database.transaction():
            for statement in VERSION.creation(database.dialect):
                database.run(statement)
        with self.database.transaction():
            self.database.run(f"LOCK TABLE {VERSION.name}")
            [(version,)] = self.database.rows(f"SELECT COALESCE(MAX(version), 0) FROM {VERSION.name}")
            if version > len(MIGRATIONS):
                raise LakeError(
                    f"{self.url}: the warehouse has schema {version}, this version knows {len(MIGRATIONS)}",
                    hint="use the newer version of hitparade that made it",
                )
            for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
                self._see_free(part.name for part in migration if isinstance(part, Table))
                for statement in statements(migration, self.database.dialect):
                    self.database.run(statement)
                self.database.run(
                    f"INSERT INTO {VERSION.name} (version, applied_at) VALUES (%s, %s)", [number, utc_now()]
                )
        point("warehouse.migrated")
        self._prepared = True

    def _belong_to(self, lake: str, held: Mapping[str, str | None], *, run: int) -> None:
        """See that no other lake's rows are here: its load_ids may be the same as ours."""
        if LAKE not in held:
            self._define(LAKE, lake, run=run)
        elif held[LAKE] != lake:
            raise LakeError(
                f"{self.url} holds the rows of another lake",
                hint="give this one another schema, such as ?schema=music, or drop that one",
            )

    def _make(self, kpis: Iterable[Kpi], held: Mapping[str, str | None], *, run: int) -> None:
        """Make KPI tables and views where they are not there by these definitions."""
        listed = list(kpis)
        dialect = self.database.dialect
        daily = {kpi.name: kpi for kpi in listed if kpi.scope == "day"}
        views = {name: each.query.strip() for name, each in VIEWS.items()} | {
            kpi_name(kpi): view(kpi, daily, dialect) for kpi in listed if kpi.scope == "all_time"
        }
        self._see_free({*views, *map(kpi_name, daily.values())} - set(held))
        for kpi in daily.values():
            table = kpi_table(kpi)
            if held.get(table.name) != (digest := digest_of(table.definition(dialect))):
                self._make_table(table)
                self._define(table.name, digest, run=run)
        for name, query in views.items():
            if held.get(name) != (digest := digest_of(query)):
                if self._there(name) == "BASE TABLE":
                    raise ConfigError(
                        f"{self.url}: {name} is a table there, and its KPI is of all time now",
                        hint="give the KPI another name",
                    )
                self.database.run(f"DROP VIEW IF EXISTS {identifier(name)}")
                self.database.run(f"CREATE VIEW {identifier(name)} AS {query}")
                self._define(name, digest, run=run)

    def _make_table(self, table: Table) -> None:
        """Make a KPI's table, in the place of a view if it was of all time; a column given since is added."""
        if self._there(table.name) == "VIEW":
            self.database.run(f"DROP VIEW {identifier(table.name)}")
        for statement in table.creation(self.database.dialect):
            self.database.run(statement)
        there = self.database.rows(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND table_schema = current_schema()",
            [table.name],
        )
        for name, kind in table.columns.items():
            if (name,) not in there:
                self.database.run(
                    f"ALTER TABLE {identifier(table.name)} ADD COLUMN {identifier(name)}"
                    f" {TYPES[self.database.dialect][kind]}"
                )

    def _see_free(self, names: Iterable[str]) -> None:
        """ConfigError where others have made one of these: their rows would count as ours, or their view be dropped."""
        wanted = sorted(names)
        if not wanted:
            return
        query = (
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
            f" AND table_name IN ({', '.join(['%s'] * len(wanted))}) ORDER BY table_name"
        )
        if taken := [str(name) for (name,) in self.database.rows(query, wanted)]:
            raise ConfigError(
                f"{self.url} has {', '.join(taken)} already, which hitparade did not make",
                hint="give it a schema of its own, such as ?schema=music",
            )

    def _there(self, name: str) -> str | None:
        """What has a name in the warehouse: BASE TABLE, VIEW or nothing."""
        query = (
            "SELECT table_type FROM information_schema.tables WHERE table_name = %s AND table_schema = current_schema()"
        )
        found = self.database.rows(query, [name])
        return str(found[0][0]) if found else None

    def _define(self, part: str, definition: str, *, run: int) -> None:
        """Record what a part is made by."""
        self.database.run(f"DELETE FROM {CONTROL.name} WHERE part = %s", [part])
        self.database.run(
            f"INSERT INTO {CONTROL.name} (part, run, definition) VALUES (%s, %s, %s)", [part, run, definition]
        )


def digest_of(text: str) -> str:
    """A text as a short one."""
    return hashlib.sha256(text.encode()).hexdigest()
