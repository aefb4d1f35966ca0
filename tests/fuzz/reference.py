"""What should become of a file, by its contract: judged value by value in plain Python, as docs/manifest.md has it.

Shares no code with the product, and reads the manifest itself.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from tests.fuzz.reading import Broken, Record, header_of, is_broken, records, text_of

Schema = Mapping[str, Any]
Value = str | int | float | bool | datetime | None
Reject = tuple[int, str, str | None, str | None]
"""A row's number, the rule that it breaks, the column and the value."""

WHITE_SPACE = " \t\n\r\x0b\x0c"
KEYS = {"streams": ("user_id", "track_id", "listen_time"), "songs": ("track_id",), "users": ("user_id",)}
IN_32_BITS = {"songs": ("popularity",), "users": ("user_age",), "streams": ()}
FIRST, LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - in UTC, as the lake has them
LONGEST_VALUE = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What should come of a file: its rules that are broken, its rows, those rejected, the values of the others.

    `read`: its rows are looked at.
    """

    rules: frozenset[str]
    rows: int = 0
    good: list[dict[str, Value]] = field(default_factory=list)
    rejects: frozenset[Reject] = frozenset()
    quarantined: bool = True
    read: bool = False

    @property
    def status(self) -> str:
        return "quarantined" if self.quarantined else "loaded"

    @property
    def loaded(self) -> int:
        return 0 if self.quarantined else len(self.good)


def judge(dataset: str, schema: Schema, name: str, data: bytes) -> Verdict:
    """Judge a file by a contract."""
    plain_name = name.rsplit(".", 1)[0] if name.endswith((".gz", ".zst")) else name
    rules = set(name_rules(schema, plain_name, len(data)))
    if not data:
        return Verdict(frozenset(rules | {"empty_file"}))
    delimiter = schema.get("delimiter", ",")
    try:
        text = text_of(name, data, encoding=schema.get("encoding", "utf-8"), most=schema.get("max_bytes"))
        header = header_of(text, delimiter)
        rules_of_header = set(header_rules(schema, header))
        if rules_of_header:
            return Verdict(frozenset(rules | rules_of_header))
        rows = list(records(text, delimiter))[1:]
    except Broken as broken:
        return Verdict(frozenset(rules | {broken.rule}))
    judges = {each: judge_of(dataset, each, keys, schema) for each, keys in schema["fields"].items()}
    good: list[dict[str, Value]] = []
    rejects: list[Reject] = []
    bad = 0
    for number, row in enumerate(rows, start=1):
        values, broken_rules = judged_row(row, header, judges)
        rejects += [(number, *broken_rule) for broken_rule in broken_rules]
        if broken_rules:
            bad += 1
        else:
            good.append(values)
    rules |= set(count_rules(schema, len(rows), bad))
    whole = bool(rules) or (bad > 0 and schema["validation"]["on_error"] != "reject_rows")
    return Verdict(frozenset(rules), len(rows), good, frozenset(rejects), whole, read=True)


# -- rules of a file


def name_rules(schema: Schema, name: str, size: int) -> Iterator[str]:
    if not name.endswith(schema.get("extension", ".csv")):
        yield "extension"
    pattern = schema.get("name_pattern")
    if pattern is not None and not re.fullmatch(pattern, name):
        yield "name_pattern"
    if size > schema.get("max_bytes", size):
        yield "max_bytes"


def header_rules(schema: Schema, header: tuple[str, ...]) -> Iterator[str]:
    fields = schema["fields"]
    if not any(header):
        yield "empty_file"
        return
    every = schema.get("fields_required", True)
    if any(name not in header for name, keys in fields.items() if every or keys.get("required")):
        yield "header"
    if any(header.count(name) > 1 for name in fields):
        yield "header"
    if schema.get("extra_columns") == "reject" and set(header) - set(fields):
        yield "extra_columns"


def count_rules(schema: Schema, rows: int, bad: int) -> Iterator[str]:
    if rows > schema.get("max_rows", rows):
        yield "max_rows"
    if rows < schema.get("min_rows", 0):
        yield "min_rows"
    if rows and bad / rows > schema["validation"].get("max_rejected_ratio", 1):
        yield "max_rejected_ratio"


# -- rules of a row

Broke = tuple[str, str | None, str | None]
Judge = Callable[[str], tuple[Value, list[Broke]]]


def judged_row(
    row: Record, header: tuple[str, ...], judges: Mapping[str, Judge]
) -> tuple[dict[str, Value], list[Broke]]:
    """A row's values, and the rules that it breaks."""
    if row is None or len(row) != len(header):
        return {}, [("csv", None, None)]
    if any("\0" in text or is_broken(text) for text in row):
        return {}, [("encoding", None, None)]
    values: dict[str, Value] = {}
    broken: list[Broke] = []
    for name, judge_it in judges.items():
        text = row[header.index(name)].strip(WHITE_SPACE) if name in header else ""
        values[name], found = judge_it(text)
        broken += found
    return values, broken


def judge_of(dataset: str, name: str, keys: Schema, schema: Schema) -> Judge:
    """How a column's texts are judged."""
    is_key = name in KEYS[dataset]
    warned = keys.get("severity") == "warn"
    read = reader_of(dataset, name, keys, schema.get("timezone", "UTC"))

    def judge_it(text: str) -> tuple[Value, list[Broke]]:
        shown = text[:LONGEST_VALUE]
        if not text:
            needed = keys.get("required") and (is_key or not warned)
            return None, [("required", name, shown)] if needed else []
        value = read(text)
        rules = list(broken_by(value, text, keys))
        kept = [rule for rule in rules if not warned or (is_key and rule == "type")]
        return value, [(rule, name, shown) for rule in kept]

    return judge_it


def broken_by(value: Value, text: str, keys: Schema) -> Iterator[str]:
    """The rules that a value breaks; one that is of no type can only break that and the pattern of its text."""
    if value is None:
        yield "type"
    elif "min" in keys and value < bound(keys, "min"):  # type: ignore[operator]
        yield "min"
    if value is not None and "max" in keys and value > bound(keys, "max"):  # type: ignore[operator]
        yield "max"
    matched = value if keys["type"] == "string" else text
    if "pattern" in keys and not re.fullmatch(keys["pattern"], str(matched)):
        yield "pattern"
    if value is not None and "allowed" in keys and value not in keys["allowed"]:
        yield "allowed"


def bound(keys: Schema, which: str) -> Value:
    """A bound of a field, as its values are read."""
    if keys["type"] in ("date", "timestamp"):
        return datetime.fromisoformat(keys[which])
    return cast("Value", keys[which])


# -- values


def reader_of(dataset: str, name: str, keys: Schema, zone: str) -> Callable[[str], Value]:
    """How the texts of a column are read; None is none of its type."""
    if keys.get("format"):
        return german_time
    if name in IN_32_BITS[dataset]:
        return lambda text: whole_number(text, 9)
    if keys["type"] == "timestamp":
        return lambda text: timestamp(text, zone)
    return {
        "int": lambda text: whole_number(text, 18),
        "float": number,
        "bool": truth,
        "date": day,
        "string": lambda text: unicodedata.normalize("NFC", text),
    }[keys["type"]]


def whole_number(text: str, digits: int) -> int | None:
    return int(text) if re.fullmatch(rf"[+-]?0*[0-9]{{1,{digits}}}", text) else None


def number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text):
        return None
    return value if math.isfinite(value := float(text)) else None


def truth(text: str) -> bool | None:
    words = {"true": True, "yes": True, "t": True, "y": True, "1": True}
    words |= {"false": False, "no": False, "f": False, "n": False, "0": False}
    return words.get(text.lower()) if text.isascii() else None


def day(text: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return in_calendar(datetime.fromisoformat(text))
    except ValueError:
        return None


def timestamp(text: str, zone: str) -> datetime | None:
    """A time in UTC: by the offset that it states, else local in the contract's zone."""
    form = r"([0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)(Z|[+-][0-9]{2}:[0-9]{2})?"
    match = re.fullmatch(form, text)
    if not match:
        return None
    local, offset = match.groups()
    try:
        whole, _, fraction = local.partition(".")
        at = datetime.fromisoformat(whole).replace(microsecond=int(fraction.ljust(6, "0") or 0))
        if offset is None:
            return in_calendar(from_local(at, zone))
        if offset == "Z":
            return in_calendar(at)
        hours, minutes = int(offset[1:3]), int(offset[4:])
        if hours > 23 or minutes > 59:
            return None
        away = timedelta(hours=hours, minutes=minutes)
        return in_calendar(at - away if offset[0] == "+" else at + away)
    except (ValueError, OverflowError):
        return None


def from_local(at: datetime, zone: str) -> datetime | None:
    """The earliest instant at which clocks of a zone show a time; None if they never do."""
    if zone == "UTC":
        return at
    there = ZoneInfo(zone)
    instants = [at.replace(tzinfo=there, fold=fold).astimezone(UTC) for fold in (0, 1)]
    real = [each for each in instants if each.astimezone(there).replace(tzinfo=None, fold=0) == at]
    return min(real).replace(tzinfo=None) if real else None


def german_time(text: str) -> datetime | None:
    """The one format that the kinds have: %d.%m.%Y %H:%M:%S."""
    match = re.fullmatch(
        r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})\s+([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})", text, re.ASCII
    )
    if not match:
        return None
    date, month, year, hour, minute, second = map(int, match.groups())
    try:
        return in_calendar(datetime(year, month, date, hour, minute, second))  # noqa: DTZ001 - UTC is what the contract says
    except ValueError:
        return None


def in_calendar(at: datetime | None) -> datetime | None:
    return at if at is not None and FIRST <= at <= LAST else None


def local_in(at: datetime, zone: str) -> datetime:
    """An instant as clocks of a zone show it."""
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
