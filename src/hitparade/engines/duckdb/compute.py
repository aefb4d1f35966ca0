"""Days into KPIs, and stored KPIs into answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.engines.base import relations_of
from hitparade.engines.duckdb.connection import Connected, copy_to, parquet_below
from hitparade.engines.duckdb.remote import Outbox
from hitparade.freshness import ALWAYS, Span
from hitparade.model import Column, ColumnType, ComputedDays, InEffect, Kpi, Relation
from hitparade.sqltext import identifier, quoted

if TYPE_CHECKING:
    import pyarrow as pa

TYPES: Mapping[ColumnType, str] = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
}

CATALOGUE_RELATIONS = ("songs", "song_genres", "song_artists", "users")
DISTINCT_LISTENS = "(SELECT DISTINCT listen_date, user_id, track_id, listened_at FROM listens)"


class Computing(Connected):
    """KPIs of a batch of days; the catalogue is opened once before."""

    def open_relations(self, kpis: Sequence[Kpi]) -> None:
        """See Engine."""
        lasting = set(CATALOGUE_RELATIONS)
        for relation in relations_of(kpis):
            if set(relation.reads) <= lasting:
                lasting.add(relation.name)
                self.of_catalogue.add(relation.name)
                self.run(f"CREATE OR REPLACE TABLE {identifier(relation.name)} AS {relation.sql}")

    def compute_days(
        self,
        kpis: Sequence[Kpi],
        days: Collection[date],
        listens: InEffect,
        *,
        rows: int,  # noqa: ARG002 - however many, they are computed in one go
        previous: Mapping[str, Sequence[str]],
        folders: Mapping[str, str],
    ) -> ComputedDays:
        """See Engine."""
        self.open_listens(listens, days)
        relations = relations_of(kpis)
        self.build(relations)
        files: dict[str, tuple[str, ...]] = {}
        written: dict[tuple[str, date], int] = {}
        with Outbox(self.storage, folders, self.scratch) as box:
            for kpi in kpis:
                folder = Path(box.local[kpi.name])
                self.run(copy_to(self.with_vanished(kpi, previous[kpi.name]), folder, by_day=True))
                here = parquet_below(folder)
                for day, count in self.counts(here).items():
                    written[kpi.name, day] = count
                files[kpi.name] = box.placed(kpi.name, here)
        plays = "plays" if any(relation.name == "plays" for relation in relations) else DISTINCT_LISTENS
        distinct = dict(self.rows(f"SELECT listen_date, count(*) FROM {plays} GROUP BY listen_date"))
        return ComputedDays(files=files, rows=written, listens={day: distinct.get(day, 0) for day in days})

    def build(self, relations: Sequence[Relation]) -> None:
        """Materialise shared relations, each over those before it, but for those that are there for all batches."""
        for relation in relations:
            if relation.name not in self.of_catalogue:
                self.run(f"CREATE OR REPLACE TEMP TABLE {identifier(relation.name)} AS {relation.sql}")

    def with_vanished(self, kpi: Kpi, previous: Sequence[str]) -> str:
        """A KPI's rows of now, and zeros for the keys that were stored and are gone."""
        now = f"SELECT {typed(kpi)} FROM ({kpi.sql})"
        if not previous:
            return now
        self.run(f"CREATE OR REPLACE TEMP TABLE computed AS {now}")
        columns, keys = (", ".join(map(identifier, names)) for names in (kpi.column_names, kpi.grain))
        zeros = ", ".join(
            f"p.{identifier(column.name)}" if column.measure == "key" else zero(column) for column in kpi.columns
        )
        matches = " AND ".join(f"p.{identifier(name)} IS NOT DISTINCT FROM c.{identifier(name)}" for name in kpi.grain)
        return (
            f"SELECT {columns} FROM computed UNION ALL"
            f" SELECT {zeros} FROM (SELECT DISTINCT {keys} FROM {self.read_parquet(previous)}) AS p"
            f" WHERE NOT EXISTS (SELECT 1 FROM computed AS c WHERE {matches})"
        )

    def counts(self, files: Sequence[str]) -> Mapping[date, int]:
        """Rows by day of files written by day, from their footers and the names of their folders."""
        if not files:
            return {}
        counts: Counter[date] = Counter()
        listed = ", ".join(quoted(file) for file in files)
        for file, rows in self.rows(f"SELECT file_name, num_rows FROM parquet_file_metadata([{listed}])"):
            counts[date.fromisoformat(Path(file).parent.name.removeprefix("listen_date="))] += rows
        return counts

    # -- answers

    def put_stored(self, kpi: Kpi, files: Sequence[str]) -> None:
        """See Engine."""
        rows = f"SELECT * FROM ({self._rows_in(kpi, files)}) WHERE listen_count > 0"
        self.run(f"CREATE OR REPLACE TEMP VIEW {identifier(kpi.name)} AS {rows}")

    def stored(self, kpi: Kpi, files: Sequence[str]) -> pa.Table:
        """See Engine."""
        keys = ", ".join(identifier(name) for name in kpi.grain)
        return self.arrow(f"SELECT * FROM ({self._rows_in(kpi, files)}) ORDER BY {keys}")

    def _rows_in(self, kpi: Kpi, files: Sequence[str]) -> str:
        """A query for a KPI's rows in files.

        A column that they do not have is NULL: the KPI was given it since they were written, or another process knows
        the KPI by a newer file that has it no more.
        """
        if not files:
            return f"SELECT {nulls(kpi)} WHERE false"
        source = self.read_parquet(files, union_by_name=True)
        known = {str(row[0]) for row in self.rows(f"DESCRIBE SELECT * FROM {source}")}
        columns = ", ".join(
            f"{identifier(column.name) if column.name in known else 'NULL'}::{TYPES[column.type]}"
            f" AS {identifier(column.name)}"
            for column in kpi.columns
        )
        return f"SELECT {columns} FROM {source}"

    def put_all_time(self, kpi: Kpi, listens: InEffect) -> None:
        """See Engine."""
        self.open_listens(listens)
        self.build(relations_of([kpi]))
        self.run(f"CREATE OR REPLACE TEMP TABLE {identifier(kpi.name)} AS SELECT {typed(kpi)} FROM ({kpi.sql})")

    def put_rows(self, kpi: Kpi, rows: pa.Table) -> None:
        """Make rows that another engine computed readable as a KPI."""
        self.connection.register("given", rows)
        self.run(f"CREATE OR REPLACE TEMP TABLE {identifier(kpi.name)} AS SELECT {typed(kpi)} FROM given")
        self.connection.unregister("given")

    def answer(
        self, kpi: Kpi, *, where: Mapping[str, object], limits: Mapping[str, int], days: Span = ALWAYS
    ) -> pa.Table:
        """See Engine."""
        ends = {" >= ?": days.first, " <= ?": days.last}
        within = {f"listen_date{end}": day for end, day in ends.items() if day is not None}
        conditions = [f"{identifier(name)} = ?" for name in where] + [f"{identifier(name)} <= ?" for name in limits]
        columns = ", ".join(identifier(name) for name in kpi.column_names)
        keys = ", ".join(identifier(name) for name in kpi.grain)
        return self.arrow(
            f"SELECT {columns} FROM {identifier(kpi.name)} WHERE {' AND '.join([*conditions, *within]) or 'true'}"
            f" ORDER BY {keys}",
            [*where.values(), *limits.values(), *within.values()],
        )


def zero(column: Column) -> str:
    """What a vanished key has in a column."""
    value = "0" if column.measure in ("additive", "distinct") else "NULL"
    return f"CAST({value} AS {TYPES[column.type]}) AS {identifier(column.name)}"


def typed(kpi: Kpi) -> str:
    """A KPI's columns, cast to the types of its header."""
    return ", ".join(
        f"CAST({identifier(column.name)} AS {TYPES[column.type]}) AS {identifier(column.name)}"
        for column in kpi.columns
    )


def nulls(kpi: Kpi) -> str:
    """A KPI's columns without values, of the types of its header."""
    return ", ".join(f"NULL::{TYPES[column.type]} AS {identifier(column.name)}" for column in kpi.columns)
