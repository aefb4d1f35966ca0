"""Values that break a rule, and odd spellings that break none, for each dataset's columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from hitparade.sample.defects import Defect, Maker, Row, mixed, of_rows, record
from hitparade.sample.truth import RowRule

Fault = tuple[str, str, RowRule]
"""A column, a value, and the rule it breaks."""

BAD_INTEGERS = ("1e3", "1.0", "abc", "0x1F", "1 2", "--5", "1_000", "1,000", "٤٢", "9223372036854775808")
BAD_TIMESTAMPS = (
    "2024-02-30 10:00:00",
    "2023-02-29 10:00:00",
    "2024-06-25 24:00:01",
    "2024-06-25 10:60:00",
    "2024-13-01 10:00:00",
    "0000-00-00 00:00:00",
    "25/06/2024 10:00:00",
    "2024-06-25",
    "1719309600",
    "yesterday",
)
BAD_DATES = ("2024-02-30", "2023-02-29", "2024-13-01", "yesterday")

STREAM_FAULTS: dict[str, list[Fault]] = {
    "bad-integers": [("user_id", value, "type") for value in BAD_INTEGERS],
    "bad-timestamps": [("listen_time", value, "type") for value in BAD_TIMESTAMPS],
    "missing-values": [(column, "", "required") for column in ("user_id", "track_id", "listen_time")],
}
SONG_FAULTS: dict[str, list[Fault]] = {
    "bad-integers": [
        *(("popularity", value, "type") for value in ("1e1", "50.0", "high")),
        *(("duration_ms", value, "type") for value in ("3:25", "200000.0", "2e5")),
    ],
    "out-of-range": [
        ("popularity", "101", "max"),
        ("popularity", "-1", "min"),
        ("duration_ms", "-1", "min"),
        ("duration_ms", "-215000", "min"),
    ],
    "missing-values": [("track_id", "", "required")],
}
USER_FAULTS: dict[str, list[Fault]] = {
    "bad-integers": [
        *(("user_id", value, "type") for value in BAD_INTEGERS),
        *(("user_age", value, "type") for value in ("30.5", "1e1", "old")),
    ],
    "bad-dates": [("created_at", value, "type") for value in BAD_DATES],
    "out-of-range": [
        ("user_age", "12", "min"),
        ("user_age", "-5", "min"),
        ("user_age", "121", "max"),
        ("user_age", "999", "max"),
    ],
    "missing-values": [("user_id", "", "required")],
}
BOUNDS = {
    "songs": (("popularity", "0"), ("popularity", "100"), ("duration_ms", "0")),
    "users": (("user_age", "13"), ("user_age", "120")),
}
"""Values on the edge of what is allowed."""

OPTIONAL = {
    "songs": ("artists", "album_name", "track_name", "popularity", "duration_ms", "track_genre"),
    "users": ("user_name", "user_age", "user_country", "created_at"),
}
"""Columns that may be empty."""


def broken_values(maker: Maker) -> Iterator[Defect]:
    """One file for each kind of fault, with about as many good rows as bad ones or more."""
    faults = {"streams": STREAM_FAULTS, "songs": SONG_FAULTS, "users": USER_FAULTS}[maker.dataset]
    for label, kind in faults.items():
        bad = [maker.with_value(*fault) for fault in kind]
        if label == "missing-values":
            empty = [maker.with_value(*fault) for fault in kind]
            bad += [replace(row, raw=record(row.values, always_quote=True)) for row in empty]
        yield of_rows(maker, label, mixed(maker.rows(20), bad))
    edge = [maker.with_value(column, value) for column, value in BOUNDS.get(maker.dataset, ())]
    if edge:
        yield of_rows(maker, "bounds", mixed(maker.rows(10), edge))
    gaps = [maker.with_value(column, "") for column in OPTIONAL.get(maker.dataset, ())]
    if gaps:
        yield of_rows(maker, "optional-empty", mixed(maker.rows(10), gaps))


def odd_spellings(maker: Maker) -> Iterator[Defect]:
    """Rows of streams that look wrong and are right: signs, zeros and spaces, fractions, zones."""
    numbers = [
        _with_user(row, text) for row, text in zip(maker.rows(4), ("+{}", " {} ", "000{}", " +0{}"), strict=True)
    ]
    yield of_rows(maker, "good-integers", mixed(maker.rows(12), numbers))
    times = [_with_time(maker.row(), *spelling) for spelling in SPELLINGS]
    yield of_rows(maker, "good-timestamps", mixed(maker.rows(12), times))


SPELLINGS: tuple[tuple[str, int, int], ...] = (
    ("%Y-%m-%dT%H:%M:%S", 0, 0),
    ("%Y-%m-%d %H:%M:%S.5", 0, 500_000),
    ("%Y-%m-%dT%H:%M:%S.123456", 0, 123_456),
    ("%Y-%m-%d %H:%M:%SZ", 0, 0),
    ("%Y-%m-%dT%H:%M:%S.250Z", 0, 250_000),
    ("%Y-%m-%d %H:%M:%S+02:00", 120, 0),
    ("%Y-%m-%dT%H:%M:%S-05:30", -330, 0),
    ("%Y-%m-%dT%H:%M:%S.000001+14:00", 840, 1),
    ("%Y-%m-%d %H:%M:%S+00:00", 0, 0),
)
"""A timestamp's format, its offset in minutes, and the microseconds its fraction stands for."""


def _with_user(row: Row, text: str) -> Row:
    return replace(row, values=(text.format(row.values[0]), *row.values[1:]))


def _with_time(row: Row, form: str, offset: int, microseconds: int) -> Row:
    if row.listen is None:
        return row
    local = (row.listen.listened_at + timedelta(minutes=offset)).strftime(form)
    at = row.listen.listened_at + timedelta(microseconds=microseconds)
    return replace(row, values=(*row.values[:2], local), listen=replace(row.listen, listened_at=at))
