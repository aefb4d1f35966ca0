"""Hostile files: written by a grammar of all that can be wrong with one, then broken byte by byte.

A file depends on its seed, its kind and its number alone, so that any can be made again by itself.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz.cells import kind_of, rendered, value
from tests.fuzz.manifests import Kind

TOGETHER, HEADERS = 500, 12
AFTER_GZ = (b"\0" * 512, b"\0", b"x", b"\n", b"\x1f\x8b", b"\x1f\x8bgarbage", b"\0" * 9 + b"x")
LINE_ENDS = ("\n", "\n", "\n", "\r\n", "\r")
ODD_ENDS = ("\n", "\r\n", "\r", "\n\n", "\r\r\n", "\n\r", " \n", "\n \n", "\x0b\n", "\x85", "\u2028")
PIECES: tuple[bytes, ...] = (
    *(
        b'"',
        b'""',
        b"'",
        b",",
        b";",
        b"\t",
        b"|",
        b"\xc2\xa6",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\0\0",
        b"\x1a",
        b"\x0c",
    ),
    *(
        b"\xff",
        b"\xfe",
        b"\xc0\x80",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xed\xa0\x80",
        b"\xed\xb0\x80",
        b"\xf4\x90\x80\x80",
    ),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xe9",
        b"\xc3",
        b"\xe2\x80",
        b"\xf0\x9f\x98",
        b"\x80",
        b"\\",
        b'\\"',
    ),
    *(
        b"1",
        b"x",
        b"1e3",
        b"2024-02-30 00:00:00",
        b"24:00:00",
        b'",',
        b',"',
        b'"\n',
        b'\n"',
        b",,",
        b",\n",
        b',""\n',
        b"#",
    ),
)
NAMES = (
    "00000[{}]",  # as a pattern it is the name of others
    "a*{}",
    "a?{}",
    "a[{}]",
    "[!{}]",
    "a'{}",
    'a"{}',
    "a\n{}",
    " {} ",
    "{{{}}}",
    "a\u202e{}",
    "%2e{}",
    "-{}",
    "a\\{}",
    "\u00e9{}",
)


@dataclass(frozen=True, slots=True)
class Made:
    """A file to deliver."""

    name: str
    data: bytes


def make(kind: Kind, seed: int, number: int) -> Made:
    """The file of a number."""
    random = Random(f"{seed}/{kind.name}/{number}")
    # Files that are delivered together share a few headers, as they do: what is judged alike is judged together.
    shape = Random(f"{seed}/{kind.name}/{number // TOGETHER}/{random.randrange(HEADERS)}")
    data = encoded(random, text_of(random, kind, shape), kind)
    if random.random() < 0.25:
        data = mutated(random, data)
    name, data = packed(random, named(random, kind, number), data)
    return Made(name, data)


def named(random: Random, kind: Kind, number: int) -> str:
    """A file's name, seldom one that its contract or a shell would not like."""
    stem = f"{number:06d}" if random.random() < 0.95 else random.choice(NAMES).format(number)
    extension = kind.schema.get("extension", ".csv")
    return stem + (extension if random.random() < 0.98 else random.choice((".CSV", ".csv.txt", "", ".csv.csv", ".txt")))


# -- the text


def text_of(random: Random, kind: Kind, shape: Random) -> str:
    """A file as text; `shape` decides on the header."""
    if random.random() < 0.01:
        return random.choice(
            ("", " ", "\n", "\r\n\r\n", " \n\t\n", '"', '""', '""\n', ",", ",,\n", "\0", "\n\n\nx", "\ufeff")
        )
    fields, delimiter = kind.schema["fields"], kind.schema.get("delimiter", ",")
    header = header_of(shape, list(fields), delimiter)
    end = random.choice(LINE_ENDS)
    bad = random.choice((0.0, 0.0, 0.0, 0.02, 0.1, 0.3))
    broken = random.choice((0.0, 0.0, 0.0, 0.1, 0.3))
    rows = [header_text(shape, header, delimiter)]
    for _ in range(random.choice((0, 1, 1, 2, 3, 4, 5, 6, 8, 12, 40 if random.random() < 0.2 else 7))):
        rows.append(row_of(random, header, fields, delimiter, bad=bad, broken=broken))
        if random.random() < 0.08:
            rows.append(random.choice((rows[-1], rows[0], "")))
    ends = [random.choice(ODD_ENDS) if random.random() < broken / 3 else end for _ in rows]
    if random.random() < 0.4:
        ends[-1] = ""
    return "".join(row + its_end for row, its_end in zip(rows, ends, strict=True))


def header_of(random: Random, names: list[str], delimiter: str) -> list[str]:
    """The columns: as they should be, or otherwise."""
    header = list(names)
    match random.randrange(50):
        case 0 | 1 | 2 | 3:
            random.shuffle(header)
        case 4:
            header.remove(random.choice(header))
        case 5:
            header.insert(random.randrange(len(header) + 1), random.choice(names))
        case 6 | 7 | 8:
            for extra in random.sample(
                ("more", "", "row", "c0", "\u00fcber", "USER_ID", "load_id", "a,b", "x\ny", "its_file"), 2
            ):
                header.insert(random.randrange(len(header) + 1), extra)
        case 9:
            place = random.randrange(len(header))
            header[place] = random.choice((str.upper, str.title, lambda name: name + "s"))(header[place])
        case 10:
            place = random.randrange(len(header))
            header[place] = random.choice((" {}", "{} ", "\t{}", "{}\u00a0", "\u200b{}", "'{}'")).format(header[place])
        case 11:
            header = random.choice(([], [""], [delimiter.join(header)], ["x"], header[:1], header * 2))
        case 12:
            header += [f"extra{number}" for number in range(random.choice((1, 5, 30)))]
    return header


def header_text(random: Random, header: list[str], delimiter: str) -> str:
    """The first line."""
    everywhere = random.random() < 0.1
    return delimiter.join(
        rendered(random, name, delimiter)
        if random.random() < 0.01
        else '"' + name.replace('"', '""') + '"'
        if everywhere or delimiter in name or "\n" in name or "," in name
        else name
        for name in header
    )


def row_of(
    random: Random, header: list[str], fields: dict[str, Any], delimiter: str, *, bad: float, broken: float
) -> str:
    """A row under a header."""
    row = []
    odd = random.choice((0.0, 0.0, 0.1, 0.8))
    for name in header:
        field = fields.get(name.strip(), {"type": "string"})
        text = value(random, kind_of(name.strip(), field), bad=bad, odd=odd)
        if not field.get("required") and random.random() < 0.15:
            text = ""
        special = any(each in text for each in (delimiter, '"', "\n", "\r"))
        row.append(rendered(random, text, delimiter) if special or random.random() < broken else text)
    return delimiter.join(ragged(random, row, delimiter) if random.random() < broken else row)


def ragged(random: Random, row: list[str], delimiter: str) -> list[str]:
    """A row with fields that are missing, too many, or none at all."""
    nothing = ("", " ", "\t", delimiter, delimiter * len(row), '""', '"', "#x", "\0")
    return random.choice(
        (
            row[:-1],
            row[:1],
            [*row, random.choice(("", '""', "x", " "))],
            [*row, ""],
            row * 2,
            [random.choice(nothing)],
            [*row[:-1], ""],
            ['"' + random.choice(("x", "", "1")), *row[1:]],
            row,
        )
    )


# -- the bytes


def encoded(random: Random, text: str, kind: Kind) -> bytes:
    """A text in the contract's encoding, more or less."""
    encoding = kind.schema.get("encoding", "utf-8")
    if random.random() < 0.03:
        encoding = random.choice(
            ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "utf-32", "utf-7", "cp037")
        )
    data = text.encode(encoding, "replace")
    if random.random() < 0.06:
        data = (
            random.choice(
                (b"\xef\xbb\xbf", b"\xef\xbb\xbf", b"\xef\xbb\xbf" * 2, b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
            )
            + data
        )
    return data


def mutated(random: Random, data: bytes) -> bytes:
    """Some bytes taken out, put in, put elsewhere, or changed."""
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        place = random.randrange(len(data) + 1)
        other = min(len(data), place + random.choice((1, 1, 2, 5, 20)))
        match random.randrange(8):
            case 0 | 1 | 2:
                data = data[:place] + random.choice(PIECES) + data[place:]
            case 3:
                data = data[:place] + data[other:]
            case 4:
                data = data[:place] + random.choice(PIECES) + data[other:]
            case 5:
                data = data[:place] + data[place:other] * 2 + data[other:]
            case 6 if data:
                place = random.randrange(len(data))
                data = data[:place] + bytes([data[place] ^ (1 << random.randrange(8))]) + data[place + 1 :]
            case 7 if random.random() < 0.3:
                data = data[:place]
    return data


def packed(random: Random, name: str, data: bytes) -> tuple[str, bytes]:
    """Most files as they are; some packed, and of those some broken."""
    way = random.random()
    if way < 0.86:
        return name, data
    if way < 0.89:
        return f"{name}.zst", zst(random, data)
    if way < 0.90:
        return name, gzip.compress(data, mtime=0)  # its name does not say so
    ending = random.choice((".gz", ".gz", ".gz", ".gz", ".gz", ".gz.gz", ".GZ", ".zst"))
    return name + ending, gz(random, data)


def gz(random: Random, data: bytes) -> bytes:
    """Packed by gzip: a member, several, or part of one."""
    whole = gzip.compress(data, random.choice((0, 1, 9)), mtime=0)
    half = random.randrange(len(data) + 1)
    match random.randrange(10):
        case 0:
            return gzip.compress(data[:half], mtime=0) + gzip.compress(data[half:], mtime=0)
        case 1:
            return whole[: random.randrange(len(whole))]
        case 2:
            return whole + random.choice((*AFTER_GZ, data))
        case 3:
            return gzip.compress(whole)
        case 4:
            return mutated(random, whole)
        case 5:
            return random.choice((b"", data, zlib.compress(data), b"\x1f\x8b", gzip.compress(b"")))
        case 6:
            return gzip.compress(b"") + whole + gzip.compress(b"")
    return whole


def zst(random: Random, data: bytes) -> bytes:
    """Packed by Zstandard: a frame, several, or part of one."""
    import zstandard

    frame = zstandard.ZstdCompressor().compress
    whole, half = frame(data), random.randrange(len(data) + 1)
    match random.randrange(6):
        case 0:
            return whole[: random.randrange(len(whole))]
        case 1:
            return frame(data[:half]) + frame(data[half:])
        case 2:
            return whole + random.choice((b"x", b"\0", whole[:9]))
        case 3:
            return mutated(random, whole)
    return whole
