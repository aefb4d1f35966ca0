"""Days into KPIs: a batch of days is one task; a day too large for one is computed by SQL on the whole cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from hitparade.engines.base import relations_of
from hitparade.engines.spark import tasks
from hitparade.engines.spark.connection import Connected
from hitparade.engines.spark.session import failures_explained
from hitparade.engines.spark.spread import spread
from hitparade.freshness import ALWAYS, Span
from hitparade.model import Column, ColumnType, ComputedDays, Dataset, InEffect, Kpi, Problem

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

TYPES: Mapping[ColumnType, str] = {
    "string": "STRING",
    "int": "INT",
    "long": "BIGINT",
    "double": "DOUBLE",
    "date": "DATE",
}
DISTINCT_LISTENS = "(SELECT DISTINCT listen_date, user_id, track_id, listened_at FROM listens)"


class Computing(Connected):
    """KPIs of days and of all time; see Engine."""

    def compute_days(
        self,
        kpis: Sequence[Kpi],
        days: Collection[date],
        listens: InEffect,
        *,
        rows: int,
        previous: Mapping[str, Sequence[str]],
        folders: Mapping[str, str],
    ) -> ComputedDays:
        """See Engine."""
        if rows > self.day_rows:
            with self.sql_turn:
                return self._compute_by_sql(kpis, days, listens, previous=previous, folders=folders)
        work = tasks.ComputeDays(tuple(kpis), tuple(days), listens, rows, previous, folders)
        [done] = spread(self.session, partial(tasks.compute, self.means, self.catalogue), [work])
        return done

    def _compute_by_sql(
        self,
        kpis: Sequence[Kpi],
        days: Collection[date],
        listens: InEffect,
        *,
        previous: Mapping[str, Sequence[str]],
        folders: Mapping[str, str],
    ) -> ComputedDays:
        self.lay_catalogue()
        self.open_listens(self.sql_session, listens, days)
        kept = self._build(kpis)
        try:
            written: dict[str, tuple[str, ...]] = {}
            counts: dict[tuple[str, date], int] = {}
            for kpi in kpis:
                written[kpi.name], found = self._write(kpi, previous[kpi.name], folders[kpi.name])
                counts.update({(kpi.name, day): count for day, count in found.items()})
            plays = "plays" if any(each.name == "plays" for each in relations_of(kpis)) else DISTINCT_LISTENS
            distinct = dict(
                self.rows_of(self.sql_session, f"SELECT listen_date, count(*) FROM {plays} GROUP BY listen_date")
            )
        finally:
            for frame in kept:
                frame.unpersist()
        return ComputedDays(files=written, rows=counts, listens={day: distinct.get(day, 0) for day in days})

    def _build(self, kpis: Sequence[Kpi]) -> list[DataFrame]:
        """Shared relations as views, each over those before it; those that are read more than once are kept."""
        relations = relations_of(kpis)
        read = [*(kpi.reads for kpi in kpis), *(relation.reads for relation in relations)]
        readers = Counter(name for names in read for name in names)
        kept = []
        for relation in relations:
            frame = self.sql(self.sql_session, self.translate(relation.sql))
            if readers[relation.name] > 1:
                kept.append(frame.persist())
            frame.createOrReplaceTempView(relation.name)
        return kept

    def _write(self, kpi: Kpi, previous: Sequence[str], folder: str) -> tuple[tuple[str, ...], Mapping[date, int]]:
        """Write a KPI's rows of now, and zeros for the keys that were stored and are gone; its files, and its rows."""
        session = self.sql_session
        self._append(self.sql(session, f"SELECT {typed(kpi)} FROM ({self.translate(kpi.sql)})"), folder)
        if previous:
            # Against what was written: Spark 4.1 makes no plan of a view with WITH in it that is read twice.
            self.view(session, "computed", schema_of(kpi), self.storage.below(folder, ".parquet"))
            self.view(session, "previous", schema_of(kpi), previous)
            self._append(self.sql(session, vanished(kpi)), folder)
        written = self.storage.below(folder, ".parquet")
        self.view(session, "written", schema_of(kpi), written)
        return written, dict(self.rows_of(session, "SELECT listen_date, count(*) FROM written GROUP BY listen_date"))

    def _append(self, rows: DataFrame, folder: str) -> None:
        """Write rows below a folder, by day."""
        with failures_explained():
            # Spark takes the column that it partitions by out of the files, so it is given a copy.
            days = rows.withColumn("day", rows["listen_date"]).hint("rebalance", "day")
            days.write.mode("append").partitionBy("day").parquet(folder)

    # -- rows for a warehouse: they pass through the driver

    def new_listens(
        self,
        listens: InEffect,
        *,
        wanted: Mapping[date, Collection[int]],
        held: Mapping[date, Collection[int]],
    ) -> Iterator[pa.RecordBatch]:
        """See Engine."""
        return self.local.new_listens(listens, wanted=wanted, held=held)

    def newest_rows(
        self, dataset: Dataset, in_effect: InEffect, load_ids: Collection[int]
    ) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """See Engine."""
        return self.local.newest_rows(dataset, in_effect, load_ids)

    # -- answers

    def put_stored(self, kpi: Kpi, urls: Sequence[str]) -> None:
        """See Engine."""
        self.put[kpi.name] = (kpi, tuple(urls))
        self.local.put_stored(kpi, urls)

    def put_all_time(self, kpi: Kpi, listens: InEffect) -> None:
        """See Engine."""
        with self.sql_turn:
            self.lay_catalogue()
            self.open_listens(self.sql_session, listens)
            read = {name for reads in (kpi.reads, *(each.reads for each in kpi.relations)) for name in reads}
            for name in read & set(self.put):
                stored, urls = self.put[name]
                self.view(self.sql_session, f"{name}_rows", schema_of(stored), urls)
                self.sql(
                    self.sql_session,
                    f"CREATE OR REPLACE TEMPORARY VIEW {name} AS SELECT * FROM {name}_rows WHERE listen_count > 0",
                )
            kept = self._build([kpi])
            rows = self.sql(self.sql_session, f"SELECT {typed(kpi)} FROM ({self.translate(kpi.sql)})")
            with failures_explained():
                table = rows.toArrow()
            for frame in kept:
                frame.unpersist()
        self.local.put_rows(kpi, table)

    def stored(self, kpi: Kpi, urls: Sequence[str]) -> pa.Table:
        """See Engine."""
        return self.local.stored(kpi, urls)

    def answer(
        self, kpi: Kpi, *, where: Mapping[str, object], limits: Mapping[str, int], days: Span = ALWAYS
    ) -> pa.Table:
        """See Engine."""
        return self.local.answer(kpi, where=where, limits=limits, days=days)

    def rejected(self, load_id: int, urls: Sequence[str]) -> tuple[Problem, ...]:
        """See Engine."""
        return self.local.rejected(load_id, urls)


def vanished(kpi: Kpi) -> str:
    """Rows of zeros for the keys in `previous` that `computed` lacks."""
    columns = ", ".join(f"p.{as_name(each)}" if each.measure == "key" else zero(each) for each in kpi.columns)
    keys = ", ".join(f"`{key}`" for key in kpi.grain)
    same = " AND ".join(f"p.`{key}` <=> c.`{key}`" for key in kpi.grain)
    return f"SELECT {columns} FROM (SELECT DISTINCT {keys} FROM previous) AS p LEFT ANTI JOIN computed AS c ON {same}"


def as_name(column: Column) -> str:
    """A column's name in SQL."""
    return f"`{column.name}`"


def zero(column: Column) -> str:
    """What a vanished key has in a column."""
    value = "0" if column.measure in ("additive", "distinct") else "NULL"
    return f"CAST({value} AS {TYPES[column.type]}) AS {as_name(column)}"


def typed(kpi: Kpi) -> str:
    """A KPI's columns, cast to the types of its header."""
    return ", ".join(f"CAST({as_name(each)} AS {TYPES[each.type]}) AS {as_name(each)}" for each in kpi.columns)


def schema_of(kpi: Kpi) -> str:
    """The columns of a stored KPI; one that a file does not have yet is NULL."""
    return ", ".join(f"{as_name(each)} {TYPES[each.type]}" for each in kpi.columns)
