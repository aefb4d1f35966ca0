"""Reads sample files with Python's own csv and datetime, to check a truth by other means than its maker's."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
LARGEST = 2**63 - 1

KEYS = {"streams": ("user_id", "track_id", "listen_time"), "songs": ("track_id",), "users": ("user_id",)}
INTEGERS = {"user_id", "popularity", "duration_ms", "user_age"}
BOUNDS = {"popularity": (0, 100), "duration_ms": (0, LARGEST), "user_age": (13, 120)}

Listen = tuple[int, str, datetime]


@dataclass(frozen=True)
class Read:
    """A file's good rows, and its bad ones counted by the rule they break."""

    good: list[dict[str, str]]
    bad: Counter[str]

    @property
    def rows(self) -> int:
        return len(self.good) + self.bad.total()


def content(path: Path) -> bytes:
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".zst":
        import pyarrow as pa

        return bytes(pa.input_stream(io.BytesIO(data), compression="zstd").read())
    return data


def read(path: Path, dataset: str) -> Read:
    text = content(path).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns = next(reader)
    good: list[dict[str, str]] = []
    bad: Counter[str] = Counter()
    while True:
        try:
            values = next(reader)
        except StopIteration:
            return Read(good, bad)
        except csv.Error:
            bad["csv"] += 1
            continue
        if not values:
            continue
        row = dict(zip(columns, values, strict=False))
        rule = "csv" if len(values) != len(columns) else broken_rule(row, dataset)
        if rule:
            bad[rule] += 1
        else:
            good.append(row)


def broken_rule(row: dict[str, str], dataset: str) -> str | None:
    if any("\0" in value or re.search("[\ud800-\udfff]", value) for value in row.values()):
        return "encoding"
    if any(not row[column] for column in KEYS[dataset]):
        return "required"
    for column in (column for column in INTEGERS.intersection(row) if row[column]):
        if not INTEGER.fullmatch(row[column]) or abs(int(row[column])) > LARGEST:
            return "type"
        low, high = BOUNDS.get(column, (-LARGEST, LARGEST))
        if not low <= int(row[column]) <= high:
            return "min" if int(row[column]) < low else "max"
    return None if all(is_time(row, column) for column in ("listen_time", "created_at")) else "type"


def is_time(row: dict[str, str], column: str) -> bool:
    if not row.get(column):
        return True
    try:
        if column == "created_at":
            return bool(DATE.fullmatch(row[column]) and date.fromisoformat(row[column]))
        return bool(TIMESTAMP.fullmatch(row[column]) and datetime.fromisoformat(row[column]))
    except ValueError:
        return False


def listen(row: dict[str, str]) -> Listen:
    at = datetime.fromisoformat(row["listen_time"])
    return int(row["user_id"]), row["track_id"], at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
