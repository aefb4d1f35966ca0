"""Rows of a KPI as updates of items, and items as rows: what a value is in DynamoDB, and what fits there.

A number is exact, to 38 digits; a double is the shortest text that reads back as the same double. What is missing is
no attribute at all, since nothing else may stand in a key of an index. A text that would not fit is cut: as a key at
1,024 bytes, where a hash of the whole tells it from others, else at 16 KB, or less in a chart that has many.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from hitparade.errors import KpiError
from hitparade.model import Kpi
from hitparade.sinks.base import as_served, heard
from hitparade.sinks.dynamodb.tables import DAY, Table

if TYPE_CHECKING:
    import pyarrow as pa

KEY_BYTES: Final = 1024  # what a sort key may have; a partition key may have twice as much
TEXT_BYTES: Final = 16 * 1024
CHART_BYTES: Final = 256 * 1024  # an item may have 400 KB
BATCH_ROWS: Final = 1000

Attribute = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """What one KPI says of one item; an attribute that is None is to be gone."""

    key: Mapping[str, Attribute]
    attributes: Mapping[str, Attribute | None]


def updates(table: Table, kpi: Kpi, day: date, rows: pa.Table) -> Iterator[Update]:
    """An update for each item that a KPI's day has in a table, in bounded memory."""
    feed, keys = table.kpis[kpi.name], table.key_columns(kpi.name)
    if feed.attributes is not None:
        return row_updates(feed.attributes, keys, kpi, rows)
    (name, columns), *_ = (feed.chart or {}).items()
    return chart_updates(name, columns, keys, kpi, day, rows)


def row_updates(attributes: Mapping[str, str], keys: Mapping[str, str], kpi: Kpi, rows: pa.Table) -> Iterator[Update]:
    """An item for each row; a row without a key (a place in a chart that vanished) has no item."""
    for row in in_batches(rows):
        if all(row[column] is not None for column in keys.values()):
            values = {name: written(row[column], kpi, TEXT_BYTES) for name, column in attributes.items()}
            yield Update(key_of(row, keys), values)


def chart_updates(
    name: str, columns: Sequence[str], keys: Mapping[str, str], kpi: Kpi, day: date, rows: pa.Table
) -> Iterator[Update]:
    """An item for each chart, which has it as a list; one that vanished is a list of nothing."""
    found: dict[tuple[object, ...], list[Mapping[str, Any]]] = {}
    if set(keys.values()) == {DAY}:
        found[(day,)] = []
    if not moves(keys, kpi):
        for row in in_batches(distinct(rows, keys.values())):
            found[tuple(row[column] for column in keys.values())] = []
    for row in in_batches(served(kpi, rows)):
        found.setdefault(tuple(row[column] for column in keys.values()), []).append(row)
    texts = sum(column.type == "string" for column in kpi.columns if column.name in columns)
    for values, chart in found.items():
        limit = min(TEXT_BYTES, CHART_BYTES // max(1, len(chart) * texts))
        listed = [{"M": present({each: written(row[each], kpi, limit) for each in columns})} for row in chart]
        yield Update(key_of(dict(zip(keys.values(), values, strict=True)), keys), {name: {"L": listed}})


def moves(keys: Mapping[str, str], kpi: Kpi) -> bool:
    """Whether an item's key is what a KPI says, and not what it is said of.

    A song that falls out of a chart leaves no row of zeros behind, another took its place; so the items that a day had
    must be remembered.
    """
    return not set(keys.values()) <= set(kpi.grain)


def served(kpi: Kpi, rows: pa.Table) -> pa.Table:
    """The rows that are served, in the order of their keys: none of zeros, of charts the first positions."""
    return as_served(kpi, heard(rows)).sort_by([(name, "ascending") for name in kpi.grain])


def distinct(rows: pa.Table, columns: Iterable[str]) -> pa.Table:
    """The values that some columns have together, each once."""
    return rows.group_by(list(columns), use_threads=False).aggregate([])


def in_batches(rows: pa.Table) -> Iterator[Mapping[str, Any]]:
    """Rows one by one, of which only some are Python's at a time."""
    for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
        yield from batch.to_pylist()


# ---- values


def key_of(row: Mapping[str, Any], keys: Mapping[str, str]) -> Mapping[str, Attribute]:
    """The key of the item that a row belongs to."""
    return {name: key_value(row[column]) for name, column in keys.items()}


def key_value(value: Any) -> Attribute:
    """A value as a key, or as a part of one."""
    if isinstance(value, date):
        return {"S": value.isoformat()}
    if not isinstance(value, str):
        return {"N": str(value)}
    whole = value.encode()
    if len(whole) <= KEY_BYTES:
        return {"S": value}
    mark = "…" + hashlib.sha256(whole).hexdigest()[:16]
    return {"S": cut(whole, KEY_BYTES - len(mark.encode())) + mark}


def written(value: Any, kpi: Kpi, limit: int) -> Attribute | None:
    """A value as an attribute, a text of at most `limit` bytes; None for what is missing."""
    if value is None:
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            raise KpiError(kpi.source, f"a value is {value}, which DynamoDB has no number for")
        return {"N": repr(value)}
    if isinstance(value, int | Decimal):
        return {"N": str(value)}
    text = value if isinstance(value, str) else value.isoformat()
    whole = text.encode()
    return {"S": text if len(whole) <= limit else cut(whole, limit - len("…".encode())) + "…"}


def cut(text: bytes, limit: int) -> str:
    """The first bytes of a text, without half a letter at the end."""
    return text[:limit].decode(errors="ignore")


def present(attributes: Mapping[str, Attribute | None]) -> Mapping[str, Attribute]:
    """Those that there are."""
    return {name: value for name, value in attributes.items() if value is not None}
