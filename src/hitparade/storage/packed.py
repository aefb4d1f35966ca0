"""Packed and recoded bytes as plain UTF-8, for whoever has to read a file's text."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast
from uuid import uuid4

from hitparade.storage.local import errors_explained

CHUNK = 1 << 20
UTF8 = frozenset({"utf-8", "ascii"})
Packing = Literal["gzip", "zstd"]


class Unreadable(Exception):
    """A file's bytes are not what its name or its contract says. `rule` is the file rule that it breaks."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(rule, message)
        self.rule = rule
        self.message = message


def packing_of(name: str) -> Packing | None:
    """How a file is packed, by its name."""
    packings: dict[str, Packing] = {".gz": "gzip", ".zst": "zstd"}
    return packings.get(name[name.rfind(".") :] if "." in name else "")


def is_plain(name: str, encoding: str) -> bool:
    """Whether a file is plain UTF-8 as it lies there. A byte order mark does no harm."""
    return packing_of(name) is None and codecs.lookup(encoding).name in (*UTF8, "utf-8-sig")


def make_plain(raw: BinaryIO, name: str, target: Path, *, encoding: str, max_bytes: int | None) -> None:
    """Write a file's text as plain UTF-8, whole or not at all.

    Raises Unreadable for a packed file that is broken or larger than `max_bytes` when unpacked, and for bytes that
    are not of the encoding.
    """
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")
    codec = codecs.lookup(encoding).name
    try:
        with errors_explained(f"unpack {name}"), unpacked(raw, packing_of(name)) as reader:
            copy(reader, part, codec=codec, max_bytes=max_bytes)
        os.replace(part, target)  # noqa: PTH105 - and never half of it under its name
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def unpacked(raw: BinaryIO, packing: Packing | None) -> Iterator[BinaryIO]:
    """The bytes inside, with a broken packing told apart from a broken disk."""
    try:
        if packing == "gzip":
            with gzip.GzipFile(fileobj=raw) as reader:
                yield cast("BinaryIO", reader)
        elif packing == "zstd":
            import pyarrow as pa

            with pa.CompressedInputStream(raw, "zstd") as reader:
                yield reader
        else:
            yield raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable("compression", f"the {packing} file is broken: {error}") from error
    except OSError as error:
        if packing is None or error.errno is not None:
            raise
        raise Unreadable("compression", f"the {packing} file is broken: {error}") from error


def copy(reader: BinaryIO, target: Path, *, codec: str, max_bytes: int | None) -> None:
    """Write what is read as UTF-8."""
    decoder = None if codec in UTF8 else codecs.getincrementaldecoder(codec)()
    size = 0
    with target.open("wb") as writer:
        while chunk := reader.read(CHUNK):
            size += len(chunk)
            if max_bytes is not None and size > max_bytes:
                raise Unreadable("max_bytes", f"holds more than {max_bytes:,} bytes when unpacked")
            writer.write(chunk if decoder is None else decoded(decoder, chunk, codec))
        if decoder is not None:
            writer.write(decoded(decoder, b"", codec, final=True))


def decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, codec: str, *, final: bool = False) -> bytes:
    """Bytes of another encoding as UTF-8."""
    try:
        return decoder.decode(chunk, final).encode("utf-8")
    except UnicodeError as error:
        raise Unreadable("encoding", f"the file is not {codec}: {error}") from error
