"""A CSV file of listens read by nothing but Python: what the engine's readers are held against."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

Listen = tuple[int, str, datetime]

WHITE_SPACE = " \t\n\r\x0b\x0c"
USER_ID = re.compile(r"[+-]?0*[0-9]{1,18}", re.ASCII)
LISTEN_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d", re.ASCII)
LONGEST_FIELD = 1 << 14


@dataclass(frozen=True, slots=True)
class Reading:
    """A file's header, its good rows sorted, and the numbers of the bad ones; None where there is no header."""

    header: tuple[str, ...]
    listens: list[Listen]
    bad: list[int]

    @property
    def rows(self) -> int:
        return len(self.listens) + len(self.bad)


def read_plainly(data: bytes, delimiter: str) -> Reading | None:
    """A file as RFC 4180 and Python's csv module have it, and the built-in rules for listens."""
    csv.field_size_limit(LONGEST_FIELD)
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines = io.StringIO(text, newline="")
    reader = csv.reader(iter(lines.readline, ""), delimiter=delimiter, strict=True)
    try:
        header = tuple(name.strip() for name in next(reader, []))
    except csv.Error:
        return None
    listens: list[Listen] = []
    bad: list[int] = []
    number = 0
    while (fields := next_row(reader)) is not None:
        if fields == []:
            continue
        number += 1
        listen = judged(header, fields)
        if listen is None:
            bad.append(number)
        else:
            listens.append(listen)
    return Reading(header, sorted(listens), bad)


def next_row(reader: object) -> list[str] | None:
    """The next row; one without a name in place of a row that is none."""
    try:
        return next(reader)  # type: ignore[call-overload, no-any-return]
    except StopIteration:
        return None
    except csv.Error:
        return [""]


def judged(header: tuple[str, ...], fields: list[str]) -> Listen | None:
    """The listen in a row, or None for a bad row."""
    broken = any(character == "\0" or "\ud800" <= character <= "\udfff" for field in fields for character in field)
    if len(fields) != len(header) or broken:
        return None
    values = dict(reversed([(name, field.strip(WHITE_SPACE)) for name, field in zip(header, fields, strict=True)]))
    user_id, track_id, listen_time = values["user_id"], values["track_id"], values["listen_time"]
    if not USER_ID.fullmatch(user_id) or not track_id or not LISTEN_TIME.fullmatch(listen_time):
        return None
    try:
        return int(user_id), unicodedata.normalize("NFC", track_id), datetime.fromisoformat(listen_time)
    except ValueError:
        return None
