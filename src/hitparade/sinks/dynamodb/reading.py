"""KPIs out of DynamoDB, by Query alone: what the sink wrote, with the columns, types and order of the lake.

Of the tables that have every column of a KPI the one is asked whose keys fit best: by genre where one is wanted, else
by date, else for each day that was published. Of days in a row no others are asked for. Rows of zeros are left out. An
index answers a moment late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from hitparade.errors import ConfigError
from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.model import ColumnType, Kpi
from hitparade.sinks.base import EVERY_DAY, kpi_schema, see_served
from hitparade.sinks.dynamodb.calls import INVALID, NOT_THERE, Expected, Opened, found
from hitparade.sinks.dynamodb.items import BATCH_ROWS, Attribute, key_value
from hitparade.sinks.dynamodb.publications import Publications, between
from hitparade.sinks.dynamodb.tables import DAY, Keys, Table, default_tables, run_attribute

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Way:
    """A way into a table, by its own keys or those of an index."""

    table: Table
    index: str | None
    keys: Keys

    def key(self, kpi: Kpi, where: Mapping[str, object]) -> Mapping[str, Attribute]:
        """The key to ask for, as far as `where` gives it; empty where it lacks the partition."""
        named = {attribute: column for column, attribute in self.table.columns(kpi.name).items()}
        columns = [named.get(name) for name in self.keys]
        given = list(takewhile(where.__contains__, columns))
        return {name: key_value(where[str(column)]) for name, column in zip(self.keys, given, strict=False)}

    def between(self, kpi: Kpi, asked: Mapping[str, Attribute], days: Span) -> tuple[str, str, str] | None:
        """The days as a range of the sort key; None where a key that is asked for leaves no room for it."""
        left = next((name for name in self.keys if name not in asked), None)
        return between(left, days) if left is not None and self.table.columns(kpi.name).get(DAY) == left else None


class DynamoDbReader(Opened):
    """See Reader."""

    def days(self) -> tuple[date, ...]:
        """See Reader. Of the KPI that has a row for every day with listens, or of all where that is not here."""
        feeds = [(table.name, kpi) for table in self.tables for kpi in table.kpis]
        feeds = [feed for feed in feeds if feed[1] == EVERY_DAY] or feeds
        return tuple(sorted({day for table, kpi in feeds for day in self._published.days(table, kpi)}))

    def freshness(self, kpi: Kpi, days: Span = ALWAYS) -> Freshness:
        """See Reader. When the last of the days was written into the table that is asked for a day."""
        return Freshness(as_of=self._published.newest(self._way(kpi, {DAY: date.min}).table.name, kpi.name, days))

    def read(self, kpi: Kpi, *, where: Mapping[str, object], positions: int | None, days: Span = ALWAYS) -> pa.Table:
        """See Reader."""
        import pyarrow as pa

        see_served(kpi, positions, url=self.url)
        rows = (
            row
            for row in self._rows(kpi, where, days)
            if row["listen_count"]
            and fits(row, where)
            and row[DAY] in days
            and (positions is None or row["position"] <= positions)
        )
        schema = kpi_schema(kpi)
        batches = []
        while some := list(islice(rows, BATCH_ROWS)):
            batches.append(pa.RecordBatch.from_pylist(some, schema=schema))
        return pa.Table.from_batches(batches, schema=schema).sort_by([(name, "ascending") for name in kpi.grain])

    @property
    def _published(self) -> Publications:
        return Publications(self.client, self.prefix)

    def _way(self, kpi: Kpi, where: Mapping[str, object]) -> Way:
        """The way that needs the least reading."""
        ways = ways_to(self.tables, kpi)
        if not ways:
            raise ConfigError(
                f"{self.url} has no table that holds all of {kpi.name}",
                hint=f"such as {better(kpi)}" if better(kpi) else "read it from the lake",
            )
        return max(ways, key=lambda way: (len(way.key(kpi, where)), way.index is None))

    def _rows(self, kpi: Kpi, where: Mapping[str, object], days: Span) -> Iterator[Mapping[str, Any]]:
        """Rows of the day or the genre that is wanted, else of every day; others may be among them."""
        way = self._way(kpi, where)
        if way.key(kpi, where):
            yield from self._answers(way, kpi, where, days)
            return
        way = self._way(kpi, {DAY: date.min})
        for day in self._published.days(way.table.name, kpi.name, days):
            yield from self._answers(way, kpi, {**where, DAY: day}, ALWAYS)

    def _answers(self, way: Way, kpi: Kpi, where: Mapping[str, object], days: Span) -> Iterator[Mapping[str, Any]]:
        name = f"{self.prefix}{way.table.name}"
        expect = () if way.index is None else (INVALID, NOT_THERE)
        key = way.key(kpi, where)
        try:
            for item in found(
                self.client,
                f"read {name}",
                name,
                key,
                index=way.index,
                between=way.between(kpi, key, days),
                expect=expect,
            ):
                if run_attribute(kpi.name) in item:
                    yield from rows_of(way.table, kpi, item)
        except Expected as error:
            raise ConfigError(
                f"table {name} is not there, or has no index {way.index}",
                hint=f"add the index, by {' and '.join(way.keys)} and with all attributes, or let publish make it",
            ) from error


def ways_to(tables: Sequence[Table], kpi: Kpi) -> Sequence[Way]:
    """The ways to all of a KPI: into tables that hold every column, by keys that the KPI itself fills."""
    ways = [
        Way(table, index, keys)
        for table in tables
        if table.answers(kpi)
        for index, keys in ((None, table.keys), *table.indexes.items())
    ]
    return [way for way in ways if set(way.keys) <= set(way.table.columns(kpi.name).values())]


def better(kpi: Kpi) -> str:
    """The tables that would hold all of a KPI."""
    return ", ".join(f"dynamodb:{table.name}" for table in default_tables() if table.answers(kpi))


def rows_of(table: Table, kpi: Kpi, item: Mapping[str, Attribute]) -> Iterator[Mapping[str, Any]]:
    """The rows of a KPI in an item."""
    kinds = {column.name: column.type for column in kpi.columns}
    columns = {column: name for column, name in table.columns(kpi.name).items() if name in item}
    row = {column: read(item[name], kinds[column]) for column, name in columns.items()}
    row = dict.fromkeys(kpi.column_names) | row
    chart = next(iter(table.kpis[kpi.name].chart or ()), None)
    if chart is None:
        yield row
        return
    for place in item[chart]["L"]:
        yield row | {column: read(value, kinds[column]) for column, value in place["M"].items()}


def read(value: Attribute, kind: ColumnType) -> Any:
    """An attribute as a column of the lake has it."""
    if kind == "string":
        return value["S"]
    if kind == "date":
        return date.fromisoformat(value["S"])
    return float(value["N"]) if kind == "double" else int(Decimal(value["N"]))


def fits(row: Mapping[str, Any], where: Mapping[str, object]) -> bool:
    """Whether a row is one of those that are wanted; a long text is known by its key."""
    return all(
        row[column] is not None and key_value(row[column]) == key_value(value) for column, value in where.items()
    )
