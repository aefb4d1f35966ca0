"""The items that a day had, for KPIs whose items are keyed by what they say: a song in a chart, a genre with a rank.

Such an item's attributes have to go when the song leaves the chart, and no row of zeros tells so. Each run remembers
the keys that it will write before it begins, and reads those of all others after it has begun, so it knows of every
item that an earlier run has written or still may write, and takes its place in them too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from hitparade.sinks.dynamodb.calls import answered, found
from hitparade.sinks.dynamodb.items import Attribute

CHUNK_BYTES: Final = 256 * 1024

Key = Mapping[str, Attribute]


@dataclass(frozen=True, slots=True)
class Moving:
    """The keys that a KPI has in a table on a day, kept in a table beside the publications."""

    client: Any
    name: str
    table: str
    kpi: str
    day: date

    def remember(self, keys: Iterable[Key], *, run: int) -> frozenset[str]:
        """Write keys down, before the run begins. Where they are."""
        places = set()
        for chunk in chunks(keys):
            place = f"{self.day}#{run}#{hashlib.sha256(chunk.encode()).hexdigest()[:16]}"
            answered(
                self.client.put_item,
                f"remember keys of {self.kpi} in {self.name}",
                TableName=self.name,
                Item={**self._feed(), "listen_date": {"S": place}, "keys": {"S": chunk}},
            )
            places.add(place)
        return frozenset(places)

    def others(self, own: frozenset[str]) -> Mapping[str, list[Key]]:
        """What was remembered elsewhere, by place."""
        return {
            place: json.loads(item["keys"]["S"])
            for item in found(self.client, f"read {self.name}", self.name, self._feed(), begins=f"{self.day}#")
            if (place := item["listen_date"]["S"]) not in own
        }

    def forget(self, places: Iterable[str], *, run: int) -> None:
        """Let go of what earlier runs remembered, once a later one has finished."""
        for place in places:
            if int(place.split("#")[1]) <= run:
                answered(
                    self.client.delete_item,
                    f"forget keys of {self.kpi} in {self.name}",
                    TableName=self.name,
                    Key={**self._feed(), "listen_date": {"S": place}},
                )

    def _feed(self) -> Key:
        return {"feed": {"S": f"{self.table} {self.kpi} keys"}}


def chunks(keys: Iterable[Key]) -> Iterator[str]:
    """Keys as texts of JSON that each fit into an item."""
    some: list[str] = []
    size = 0
    for each in keys:
        text = json.dumps(each, ensure_ascii=False, sort_keys=True)
        if some and size + len(text.encode()) > CHUNK_BYTES:
            yield f"[{','.join(some)}]"
            some, size = [], 0
        some.append(text)
        size += len(text.encode()) + 1
    if some:
        yield f"[{','.join(some)}]"
