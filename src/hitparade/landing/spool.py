"""Files as engines like them: plain UTF-8 CSV on a local disk.

Most files are that already and are read where they lie. Packed files and those in other encodings are spooled.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from hitparade.landing.discover import compression
from hitparade.landing.identify import CHUNK, fingerprint
from hitparade.model import Blob, Contract, Fingerprint
from hitparade.storage import Storage
from hitparade.storage.local import errors_explained

UTF8 = frozenset({"utf-8", "ascii"})


class Unreadable(Exception):
    """A file's bytes are not what its name or its contract says. `rule` is the file rule that it breaks."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message


@dataclass(frozen=True, slots=True)
class Plain:
    """A file that engines can read, and what one pass over its bytes told."""

    path: str
    print: Fingerprint
    spooled: bool


def plain(storage: Storage, blob: Blob, known: Fingerprint, *, contract: Contract, scratch: Path) -> Plain:
    """The file as plain UTF-8, spooled into `scratch` where it is not that already.

    Raises Unreadable for a packed file that is broken or larger than the contract's `max_bytes` when unpacked, and
    for bytes that are not of the encoding.
    """
    packed = compression(blob.name)
    codec = codecs.lookup(contract.encoding).name
    if packed is None and (codec in UTF8 or (codec == "utf-8-sig")):
        return Plain(path=storage.path(blob.url), print=known, spooled=False)
    target = scratch / f"{known.sha256}.csv"
    with (
        errors_explained(f"unpack {blob.name}"),
        storage.open(blob.url) as raw,
        unpacked(raw, packed) as reader,
    ):
        copy(reader, target, codec=codec, max_bytes=contract.max_bytes)
    with target.open("rb") as file:
        return Plain(path=str(target), print=fingerprint(file, delimiter=contract.delimiter), spooled=True)


@contextmanager
def unpacked(raw: BinaryIO, packed: str | None) -> Iterator[BinaryIO]:
    """The bytes inside, with a broken packing told apart from a broken disk."""
    try:
        if packed == "gzip":
            with gzip.GzipFile(fileobj=raw) as reader:
                yield cast("BinaryIO", reader)
        elif packed == "zstd":
            import pyarrow as pa

            with pa.CompressedInputStream(raw, "zstd") as reader:
                yield reader
        else:
            yield raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable("compression", f"the {packed} file is broken: {error}") from error
    except OSError as error:
        if packed is None or error.errno is not None:
            raise
        raise Unreadable("compression", f"the {packed} file is broken: {error}") from error


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
