"""Bytes into rows, in plain Python: packings, encodings and RFC 4180, written down once more."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LONGEST_FIELD = 1 << 14
LONGEST_HEADER = 1 << 20
LONGEST_LINE = 1 << 24

Record = list[str] | None
"""The fields of a row; None for one that is none."""


class Broken(Exception):
    """A file that is refused before a row of it is read, by a rule."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def text_of(name: str, data: bytes, *, encoding: str, most: int | None) -> str:
    """A file's text. What is not UTF-8 in a file that should be is left as lone surrogates."""
    if name.endswith(".gz"):
        data = gunzipped(data, most)
    elif name.endswith(".zst"):
        data = unzstd(data, most)
    if encoding != "utf-8":
        if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff", b""):
            raise Broken("encoding")
        try:
            data = data.decode(encoding).encode()
        except UnicodeError as error:
            raise Broken("encoding") from error
    if data in (b"\xef", b"\xef\xbb"):
        return ""  # the beginning of a byte order mark, and nothing else
    return data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def bounded(data: bytes, most: int | None) -> bytes:
    if most is not None and len(data) > most:
        raise Broken("max_bytes")
    return data


def gunzipped(data: bytes, most: int | None) -> bytes:
    """Members one after the other; zeros may follow."""
    found = b""
    while data.strip(b"\0") if found else data:
        member = zlib.decompressobj(wbits=31)
        try:
            found += member.decompress(data)
        except zlib.error as error:
            raise Broken("compression") from error
        if not member.eof:
            raise Broken("compression")
        data = member.unused_data.lstrip(b"\0")
    return bounded(found, most)


def unzstd(data: bytes, most: int | None) -> bytes:
    """Frames one after the other, and nothing else."""
    import zstandard

    found = b""
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            found += frame.decompress(data)
        except zstandard.ZstdError as error:
            raise Broken("compression") from error
        if not frame.eof:
            raise Broken("compression")
        data = frame.unused_data
    return bounded(found, most)


def header_of(text: str, delimiter: str) -> tuple[str, ...]:
    """The names of the columns, without white space around them."""
    if len(next(iter(LINE.finditer(text)), [""])[0]) > LONGEST_HEADER:
        raise Broken("header")
    first = next(records(text, delimiter), [])
    if first is None:
        raise Broken("header")
    if any(is_broken(name) for name in first):
        raise Broken("encoding")
    return tuple(name.strip() for name in first)


def is_broken(text: str) -> bool:
    """Whether a text has bytes that are not UTF-8."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def records(text: str, delimiter: str) -> Iterator[Record]:
    """The rows of a text, the header among them; an empty line is no row.

    Lines end with LF, CRLF or CR. A quote where a field begins makes it quoted: it ends at a quote that is not
    doubled, line ends and delimiters in it are text. Anything but a delimiter after it, a field that is too long, or
    an end of the file before the quote's makes a line no row, and all lines of it the same one; the rest of it is
    passed over, and what follows is read anew.
    """
    lines = LINE.findall(text)
    if any(len(line) >= LONGEST_LINE for line in lines):
        raise Broken("csv_file")
    place = 0
    while place < len(lines):
        record, place = one_record(lines, place, delimiter)
        if record != []:
            yield record
        elif place == 1:
            yield []


def one_record(lines: list[str], place: int, delimiter: str) -> tuple[Record, int]:
    """The row that begins with a line, and the place of the line after it."""
    fields: list[str] = []
    field: list[str] = []
    state = "start"
    for after, line in enumerate(lines[place:], start=place + 1):
        body = line.rstrip("\r\n")
        if not body and state == "start" and not fields:
            return [], after
        for character in body:
            if state == "quoted":
                state = "closing" if character == '"' else state
                field += [] if character == '"' else [character]
            elif character == delimiter:
                fields.append("".join(field))
                field, state = [], "start"
            elif character == '"' and state in ("start", "closing"):
                field += ['"'] if state == "closing" else []
                state = "quoted"
            elif state == "closing":
                return None, after
            else:
                field.append(character)
                state = "plain"
            if len(field) > LONGEST_FIELD:
                return None, after
        if state != "quoted":
            return [*fields, "".join(field)], after
        field += line[len(body) :]
    return None, len(lines)
