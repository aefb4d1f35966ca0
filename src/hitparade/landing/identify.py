"""One pass over a file's bytes: who it is, and what it holds that the fast CSV reader cannot be trusted with."""

from __future__ import annotations

import hashlib
from typing import BinaryIO

from hitparade.model import Fingerprint

CHUNK = 1 << 20
BLANKS = (b"\t", b"\x0b", b"\x0c")
# Before a quote: DuckDB then takes the field for a quoted one, RFC 4180 does not.
BEFORE_QUOTE = (b' "', b'\t"')


def fingerprint(file: BinaryIO, *, delimiter: str) -> Fingerprint:
    """Read a file once, from its start."""
    digest = hashlib.sha256()
    separator = delimiter.encode()
    size = lines = 0
    quotes = blanks = doubtful = False
    last = b""
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        lines += chunk.count(b"\n")
        blanks = blanks or any(blank in chunk for blank in BLANKS)
        quotes = quotes or b'"' in chunk
        doubtful = doubtful or is_doubtful(chunk, last, separator, quotes=quotes)
        last = chunk[-1:]
    return Fingerprint(
        sha256=digest.hexdigest(),
        size=size,
        lines=lines + (last not in (b"", b"\n")),
        quotes=quotes,
        blanks=blanks,
        doubtful=doubtful or last == separator,
    )


def is_doubtful(chunk: bytes, last: bytes, separator: bytes, *, quotes: bool) -> bool:
    """Whether a piece of a file, after the byte `last`, has what the fast reader misreads.

    That is a NUL, a delimiter at the end of a line (an empty field, or one too many: DuckDB takes both for nothing)
    and white space before a quote.
    """
    if b"\0" in chunk or separator + b"\n" in chunk:
        return True
    if b"\r" in chunk and separator + b"\r" in chunk:
        return True
    if last == separator and chunk[:1] in (b"\r", b"\n"):
        return True
    return quotes and (any(pair in chunk for pair in BEFORE_QUOTE) or (last in (b" ", b"\t") and chunk[:1] == b'"'))
