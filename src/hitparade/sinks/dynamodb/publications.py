"""Who writes a KPI's day into a table, and who wrote it: the table `hitparade_publications`.

It has an item for each table, KPI and day. `begun` is the run that began to write last: from then on no earlier one
may begin, and what earlier ones still write is refused by each item that the later run has written. `run` is the run
that finished last, after its last item, and `published_at` when it did. So a crash leaves a day that is not held, and
the next run writes it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from hitparade.errors import Fenced
from hitparade.freshness import ALWAYS, Span
from hitparade.sinks.dynamodb.calls import CONDITION, NOT_THERE, Expected, answered, found
from hitparade.sinks.dynamodb.tables import DAY, Table, read_tables

NAME: Final = "hitparade_publications"
BROUGHT: Final = "begun, run, rows, published_at"
OWN: Final[Table] = read_tables(
    f"{NAME}: {{keys: {{feed: string, listen_date: string}}, kpis: {{any: {{attributes: [{BROUGHT}]}}}}}}", NAME
)[0]


class Publications:
    """The publications of one sink's tables. `table` and `kpi` are names, without the sink's prefix."""

    def __init__(self, client: Any, prefix: str) -> None:
        self.client = client
        self.name = f"{prefix}{NAME}"

    def begin(self, table: str, kpi: str, day: date, *, run: int) -> None:
        """Keep earlier runs out; Fenced when a later one has begun."""
        try:
            answered(
                self.client.update_item,
                f"begin {kpi} of {day} in {self.name}",
                expect=(CONDITION,),
                TableName=self.name,
                Key=key(table, kpi, day),
                UpdateExpression="SET begun = :run",
                ConditionExpression="attribute_not_exists(begun) OR begun <= :run",
                ExpressionAttributeValues={":run": {"N": str(run)}},
            )
        except Expected as error:
            later = self._item(table, kpi, day).get("begun", {}).get("N")
            raise Fenced(
                f"{kpi} of {day} in {table} was written by run {later}, which is later than {run}",
                hint="run again; for a lake that was made anew give the sink another prefix",
            ) from error

    def finish(self, table: str, kpi: str, day: date, *, run: int, rows: int) -> None:
        """Say that a day is written whole; Fenced when a later run has begun meanwhile."""
        try:
            answered(
                self.client.update_item,
                f"finish {kpi} of {day} in {self.name}",
                expect=(CONDITION,),
                TableName=self.name,
                Key=key(table, kpi, day),
                UpdateExpression="SET #run = :run, #rows = :rows, published_at = :now",
                ConditionExpression="begun = :run",
                ExpressionAttributeNames={"#run": "run", "#rows": "rows"},
                ExpressionAttributeValues={
                    ":run": {"N": str(run)},
                    ":rows": {"N": str(rows)},
                    ":now": {"S": datetime.now(UTC).isoformat()},
                },
            )
        except Expected as error:
            raise Fenced(f"{kpi} of {day} in {table} is being written by a run that is later than {run}") from error

    def run(self, table: str, kpi: str, day: date) -> int | None:
        """The run that last wrote a day whole; None where nobody did, or there is no such table."""
        try:
            held = self._item(table, kpi, day).get("run")
        except Expected:
            return None
        return None if held is None else int(held["N"])

    def days(self, table: str, kpi: str, days: Span = ALWAYS) -> Iterator[date]:
        """Those of some days that are there and have rows, in order."""
        for item in self._items(table, kpi, days):
            if int(item.get("rows", {"N": "0"})["N"]):
                yield date.fromisoformat(item["listen_date"]["S"])

    def newest(self, table: str, kpi: str, days: Span = ALWAYS) -> datetime | None:
        """When the last of some days was written; those that were before there was `published_at` do not tell."""
        written = (item["published_at"]["S"] for item in self._items(table, kpi, days) if "published_at" in item)
        return max(map(datetime.fromisoformat, written), default=None)

    def _items(self, table: str, kpi: str, days: Span) -> Iterator[Mapping[str, Mapping[str, str]]]:
        feed = key(table, kpi, date.min)["feed"]
        return found(self.client, f"read {self.name}", self.name, {"feed": feed}, between=between(DAY, days))

    def rows(self, table: str, kpi: str) -> Iterator[tuple[date, int]]:
        """The days that were written whole, in order, and how many rows each got; Expected where there is no table."""
        feed = key(table, kpi, date.min)["feed"]
        for item in found(self.client, f"read {self.name}", self.name, {"feed": feed}, expect=(NOT_THERE,)):
            if "rows" in item:
                yield date.fromisoformat(item["listen_date"]["S"]), int(item["rows"]["N"])

    def _item(self, table: str, kpi: str, day: date) -> Mapping[str, Mapping[str, str]]:
        place = key(table, kpi, day)
        held = list(found(self.client, f"read {self.name}", self.name, place, expect=(NOT_THERE,)))
        return held[0] if held else {}


def key(table: str, kpi: str, day: date) -> Mapping[str, Mapping[str, str]]:
    """The key of a publication's item."""
    return {"feed": {"S": f"{table} {kpi}"}, "listen_date": {"S": day.isoformat()}}


def between(attribute: str, days: Span) -> tuple[str, str, str] | None:
    """That a sort key is one of some days; None where it may be any."""
    if days == ALWAYS:
        return None
    return attribute, (days.first or date.min).isoformat(), (days.last or date.max).isoformat()
