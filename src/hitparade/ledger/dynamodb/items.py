"""Items of the table: how they are keyed, and how values are kept in them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, TypeVar

from hitparade.model import Dataset, Status

T = TypeVar("T")
Key = tuple[str, str]
Item = Mapping[str, str | int]
"""What an item holds, `pk`, `sk` and, where it belongs to a commit, that commit's number `n` among it."""

HEAD: Key = ("head", "head")
FACTS: Key = ("facts", "facts")
COUNTS: Key = ("counts", "counts")
SUPERSEDED = "#superseded"
# An item holds 400 KB, and a character takes up to four bytes.
TEXT_PIECE = 80_000
DAYS_PIECE = 4_000
BUCKET = 500


def padded(number: int) -> str:
    """A number as text of which the order is that of the numbers."""
    return f"{number:016}"


def key_of(item: Item) -> Key:
    """Where an item stands."""
    return str(item["pk"]), str(item["sk"])


def item_at(key: Key, **values: str | int | None) -> Item:
    """An item; what is None is left out."""
    kept = {name: value for name, value in values.items() if value is not None}
    return {"pk": key[0], "sk": key[1], **kept}


def delivery_key(seq: int) -> Key:
    """Of a delivery."""
    return "delivery", padded(seq)


def superseded_key(seq: int) -> Key:
    """Of the mark that a delivery is no more what it was recorded as: right behind it."""
    return "delivery", padded(seq) + SUPERSEDED


def touched_key(seq: int, piece: int = 0) -> Key:
    """Of the days that a delivery touched."""
    return "touched", f"{padded(seq)}#{piece:04}"


def loaded_as(load_id: int) -> str:
    """Partition of the delivery that has a load_id."""
    return f"load#{load_id}"


def seen_as(identity: tuple[str, int, str]) -> str:
    """Partition of the deliveries that have a name, size and etag; names may be longer than keys."""
    return f"seen#{sha256(json.dumps(identity).encode()).hexdigest()}"


def with_bytes(dataset: Dataset, content: str) -> str:
    """Partition of the deliveries that have a content."""
    return f"bytes#{dataset}#{content}"


def named(dataset: Dataset, uri: str) -> str:
    """Partition of the loaded deliveries that came under a name."""
    return f"name#{dataset}#{sha256(uri.encode()).hexdigest()}"


def recorded_as(dataset: Dataset, status: Status) -> str:
    """Partition of the rolls of a dataset's deliveries, by the status that they were recorded with."""
    return f"{dataset}#{status}"


def of_year(day: date) -> str:
    """Partition of the rolls of a day: a year's days stand together, so that one query reads days in a row."""
    return f"day#{day.year:04}"


def packed(value: Any) -> str:
    """A value as compressed JSON: cells and batches repeat themselves."""
    return base64.b64encode(zlib.compress(json.dumps(value, separators=(",", ":")).encode())).decode()


def unpacked(text: str | int) -> Any:
    """The value that was packed."""
    return json.loads(zlib.decompress(base64.b64decode(str(text))))


def cut(text: str, size: int) -> list[str]:
    """A text in pieces, at least one."""
    return [text[start : start + size] for start in range(0, max(len(text), 1), size)]


def batched(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Values in batches of at most a size."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
