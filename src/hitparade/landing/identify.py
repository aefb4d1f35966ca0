"""One pass over a file's bytes: who it is, and what it holds that the fast CSV reader cannot be trusted with."""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from typing import BinaryIO

from hitparade.model import Fingerprint

CHUNK = 1 << 20
BLANKS = (b"\t", b"\x0b", b"\x0c")
BESIDE_QUOTES = (b' "', b'" ', b'\t"', b'"\t')
# What a piece keeps of the one before it: a delimiter (up to four bytes in UTF-8), white space and quotes.
OVERLAP = 1024


def fingerprint(file: BinaryIO, *, delimiter: str) -> Fingerprint:
    """Read a file once, from its start."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    marks, padding = tuple(misread(delimiter.encode())), padded_quotes(delimiter.encode())
    size = lines = 0
    quotes = blanks = doubtful = False
    window = b""
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        lines += chunk.count(b"\n")
        blanks = blanks or any(blank in chunk for blank in BLANKS)
        quotes = quotes or b'"' in chunk
        window = window[-OVERLAP:] + chunk
        doubtful = doubtful or is_doubtful(window, marks, padding) or not decodes(decoder, chunk)
    ends_well = decodes(decoder, b"", final=True) and not window.endswith(b"\r")
    return Fingerprint(
        sha256=digest.hexdigest(),
        size=size,
        lines=lines + (window[-1:] not in (b"", b"\n")),
        quotes=quotes,
        blanks=blanks,
        doubtful=doubtful or not ends_well or is_doubtful(window[-OVERLAP:] + b"\n", marks, padding),
    )


def misread(separator: bytes) -> Iterator[bytes]:
    """What the fast reader misreads wherever it stands.

    That is a NUL, and an empty field at the end of a line, quoted or not: it may be one too many, and DuckDB takes it
    for nothing then.
    """
    yield b"\0"
    yield from (separator + empty + end for empty in (b"", b'""') for end in (b"\n", b"\r"))


def padded_quotes(separator: bytes) -> re.Pattern[bytes]:
    """White space outside the quotes of a field, which RFC 4180 does not know and DuckDB skips.

    An odd run of quotes begins or ends a field; an even one is part of a text, unless it stands where a field begins.
    """
    blank = b"[%b]" % b"".join(each for each in (b" ", b"\t") if each != separator)
    edge = rb"(?:[\r\n]|%b)" % re.escape(separator)
    odd, even = rb'(?<!")"(?:"")*(?!")', rb'(?<!")(?:"")+(?!")'
    ways = (blank + odd, odd + blank, edge + blank + b"+" + even, edge + even + blank)
    return re.compile(b"|".join(ways))


def is_doubtful(window: bytes, marks: tuple[bytes, ...], padding: re.Pattern[bytes]) -> bool:
    """Whether a piece of a file has one of the marks, a padded quote, or a carriage return without its line feed."""
    if any(has(window, mark) for mark in marks):
        return True
    if any(has(window, pair) for pair in BESIDE_QUOTES) and padding.search(window):
        return True
    if b"\r" not in window:
        return False
    returns = window.count(b"\r") - window.endswith(b"\r")  # the one at the end is judged with what follows it
    return returns != window.count(b"\r\n")


def has(window: bytes, mark: bytes) -> bool:
    """Whether a mark is in a piece. Its bytes are looked for one by one first: that is fifty times as fast."""
    return all(byte in window for byte in mark) and mark in window


def decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    """Whether a piece is UTF-8; the fast reader does not look at columns that nobody asks for."""
    if not final and chunk.isascii() and not decoder.getstate()[0]:
        return True  # sooner told than by decoding
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
