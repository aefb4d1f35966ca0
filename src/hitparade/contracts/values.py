"""Bounds and allowed values of a field: read by the field's type, written in one way.

A manifest may say 13, "13" or "+13"; the rules that judge rows get one unambiguous text of each.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime

from hitparade.contracts.problem import shown
from hitparade.model import FieldType

Scalar = str | int | float | bool
"""What JSON can say in one word, null aside."""

Value = str | int | float | bool | date | datetime

ORDERED: tuple[FieldType, ...] = ("int", "float", "timestamp", "date")
"""The types of which `min` and `max` can speak."""

_INT = re.compile(r"[+-]?[0-9]{1,30}")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?)?")
_LONG = range(-(2**63), 2**63)

_EXPECTED: dict[FieldType, str] = {
    "int": "a whole number of 64 bits",
    "float": "a number",
    "string": "a string",
    "timestamp": "a timestamp such as 2024-06-25 17:43:13, without an offset",
    "date": "a date such as 2024-06-25",
    "bool": "true or false",
}


def read_value(kind: FieldType, raw: Scalar) -> Value:
    """Return what `raw` means in a field of this type; ValueError says what was expected."""
    value = _READERS[kind](raw)
    if value is None:
        raise ValueError(f"{shown(raw)} is not {_EXPECTED[kind]}")
    return value


def value_text(kind: FieldType, raw: Scalar) -> str:
    """Return the one text of a value that `read_value` accepts; times as `YYYY-MM-DD HH:MM:SS[.ffffff]`."""
    value = read_value(kind, raw)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)


def in_order(low: Value, high: Value) -> bool:
    """Tell whether low <= high, both being values of the same ordered type."""
    return not low > high  # type: ignore[operator]  # read by the same type, so they compare


def _text_of_number(raw: Scalar) -> str:
    return "" if isinstance(raw, bool) else str(raw)


def _int(raw: Scalar) -> int | None:
    text = _text_of_number(raw)
    return int(text) if _INT.fullmatch(text) and int(text) in _LONG else None


def _float(raw: Scalar) -> float | None:
    text = _text_of_number(raw)
    if not _FLOAT.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def _string(raw: Scalar) -> str | None:
    return raw if isinstance(raw, str) else None


def _timestamp(raw: Scalar) -> datetime | None:
    if not isinstance(raw, str) or not _TIMESTAMP.fullmatch(raw):
        return None
    try:
        return datetime.fromisoformat(raw)
    except ValueError:
        return None


def _date(raw: Scalar) -> date | None:
    if not isinstance(raw, str) or not _DATE.fullmatch(raw):
        return None
    try:
        return date.fromisoformat(raw)
    except ValueError:
        return None


def _bool(raw: Scalar) -> bool | None:
    return {"true": True, "false": False}.get(str(raw).lower())


_READERS: dict[FieldType, Callable[[Scalar], Value | None]] = {
    "int": _int,
    "float": _float,
    "string": _string,
    "timestamp": _timestamp,
    "date": _date,
    "bool": _bool,
}
