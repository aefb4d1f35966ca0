"""The DynamoDB sink: each KPI's part of each item, written on condition that no later run has written it.

Several KPIs may share an item; each has attributes of its own, and one for its run, so none fences another.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hitparade.errors import Fenced
from hitparade.faults import point
from hitparade.model import Kpi
from hitparade.progress import Advance
from hitparade.sinks.base import unseen
from hitparade.sinks.dynamodb.calls import CONDITION, Expected, Opened, answered, each
from hitparade.sinks.dynamodb.creation import ensure
from hitparade.sinks.dynamodb.items import Update, moves, served, updates
from hitparade.sinks.dynamodb.moving import Key, Moving
from hitparade.sinks.dynamodb.publications import OWN, Publications
from hitparade.sinks.dynamodb.tables import Table, run_attribute

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Gone:
    """Where a KPI's items were remembered that others wrote, and which of them it must take its place in."""

    places: frozenset[str] = frozenset()
    keys: Sequence[Key] = ()


class DynamoDbSink(Opened):
    """See Sink. Rows of zeros are written as they are: nothing is ever deleted."""

    @cached_property
    def publications(self) -> Publications:
        """What is published, once the tables are there."""
        ensure(self.client, (*self.tables, OWN), self.prefix)
        return Publications(self.client, self.prefix)

    def table(self, kpi: Kpi) -> str | None:
        """See Sink. A KPI may be in several tables, and a table may hold several KPIs."""
        tables = ",".join(table.name for table in self._fed_by(kpi))
        return f"{kpi.name} in {tables}" if tables else None

    def write(self, kpi: Kpi, day: date, rows: pa.Table, *, run: int, advance: Advance = unseen) -> int:
        """See Sink. Rows first, and when all are there, that they are."""
        fed = self._fed_by(kpi)
        count = served(kpi, rows).num_rows
        gone = [self._begin(table, kpi, day, rows, run=run) for table in fed]
        point("dynamodb.begun")
        for number, (table, others) in enumerate(zip(fed, gone, strict=True)):
            share = rows.num_rows * (number + 1) // len(fed) - rows.num_rows * number // len(fed)
            listed = told(self._updates(table, kpi, day, rows, others), advance, rows=rows.num_rows, share=share)
            each(Writing(self.client, f"{self.prefix}{table.name}", kpi, day, run), listed)
        for table, others in zip(fed, gone, strict=True):
            self.publications.finish(table.name, kpi.name, day, run=run, rows=count)
            point("dynamodb.finished")
            self._moving(table, kpi, day).forget(others.places, run=run)
        return int(count)

    def holds(self, kpi: Kpi, day: date) -> int | None:
        """See Sink. In all of its tables."""
        held = Publications(self.client, self.prefix)
        runs = [held.run(table.name, kpi.name, day) for table in self._fed_by(kpi)]
        return None if None in runs else min((run for run in runs if run is not None), default=None)

    def counted(self, kpi: Kpi) -> Mapping[date, int]:
        """See Sink. What is recorded beside the tables is taken for it, the least of those that have a part."""
        published = Publications(self.client, self.prefix)
        try:
            held = [dict(published.rows(table.name, kpi.name)) for table in self._fed_by(kpi)]
        except Expected:
            return {}
        return {day: min(each.get(day, 0) for each in held) for day in {day for each in held for day in each}}

    def _fed_by(self, kpi: Kpi) -> Sequence[Table]:
        return [table for table in self.tables if kpi.name in table.kpis]

    def _moving(self, table: Table, kpi: Kpi, day: date) -> Moving:
        return Moving(self.client, self.publications.name, table.name, kpi.name, day)

    def _begin(self, table: Table, kpi: Kpi, day: date, rows: pa.Table, *, run: int) -> Gone:
        moving = self._moving(table, kpi, day) if moves(table.key_columns(kpi.name), kpi) else None
        own = moving.remember((update.key for update in updates(table, kpi, day, rows)), run=run) if moving else None
        self.publications.begin(table.name, kpi.name, day, run=run)
        if moving is None or own is None:
            return Gone()
        others = moving.others(own)
        return Gone(frozenset(others), [key for keys in others.values() for key in keys])

    def _updates(self, table: Table, kpi: Kpi, day: date, rows: pa.Table, gone: Gone) -> Iterator[Update]:
        """The items of a day, and those that earlier runs wrote and this one does not."""
        written = set()
        for update in updates(table, kpi, day, rows):
            if gone.keys:
                written.add(known(update.key))
            yield update
        feed = table.kpis[kpi.name]
        nothing = dict.fromkeys(feed.attributes or ()) | {name: {"L": []} for name in feed.chart or ()}
        for key in {known(key): key for key in gone.keys if known(key) not in written}.values():
            yield Update(key, nothing)


def told(updates: Iterable[Update], advance: Advance, *, rows: int, share: int) -> Iterator[Update]:
    """Updates, as they are taken, made known as a table's share of all rows: a chart's many rows are one update."""
    so_far = 0
    for number, update in enumerate(updates, start=1):
        yield update
        done = min(share, number * share // max(rows, 1))
        advance(done - so_far)
        so_far = done
    advance(share - so_far)


def known(key: Key) -> tuple[object, ...]:
    """A key by which it is known."""
    return tuple((name, *value.items()) for name, value in sorted(key.items()))


class Writing:
    """Writes one KPI's updates of one day into one table, each on condition that no later run has."""

    def __init__(self, client: Any, name: str, kpi: Kpi, day: date, run: int) -> None:
        self.client = client
        self.name = name
        self.what = f"write {kpi.name} of {day} into {name}"
        self.run = run
        self.attribute = run_attribute(kpi.name)

    def __call__(self, update: Update, stop: threading.Event) -> None:
        """One item; Fenced when a later run has written it."""
        try:
            answered(
                self.client.update_item,
                self.what,
                expect=(CONDITION,),
                stop=stop,
                TableName=self.name,
                Key=update.key,
                **self.expressions(update),
            )
        except Expected as error:
            raise Fenced(f"cannot {self.what}: a run that is later than {self.run} is writing it") from error
        point("dynamodb.item_written")

    def expressions(self, update: Update) -> Mapping[str, Any]:
        """What is to be set and removed, and on what condition."""
        sets, removes = ["#run = :run"], []
        names, values = {"#run": self.attribute}, {":run": {"N": str(self.run)}}
        for number, (name, value) in enumerate(update.attributes.items()):
            names[f"#{number}"] = name
            if value is None:
                removes.append(f"#{number}")
            else:
                sets.append(f"#{number} = :{number}")
                values[f":{number}"] = dict(value)
        removed = f" REMOVE {', '.join(removes)}" if removes else ""
        return {
            "UpdateExpression": f"SET {', '.join(sets)}{removed}",
            "ConditionExpression": "attribute_not_exists(#run) OR #run <= :run",
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
