"""Files as engines like them: plain UTF-8 CSV on a local disk.

Most files are that already and are read where they lie. Those in a bucket are spooled, once for all that is done with
them, and so are packed files and those in other encodings. What is spooled of a batch goes when the batch is done, so
the spool is bounded by the size of a batch.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hitparade.landing.identify import fingerprint
from hitparade.model import Blob, Contract, Fingerprint
from hitparade.storage import Storage
from hitparade.storage.packed import is_plain, make_plain


@dataclass(frozen=True, slots=True)
class Plain:
    """A file that engines can read, and what one pass over its bytes told."""

    path: str
    print: Fingerprint
    spooled: bool


def at_hand(storage: Storage, blob: Blob, scratch: Path) -> str:
    """A path of the file's bytes on this disk: where they lie, or spooled into `scratch`."""
    target = spooled(blob, scratch)
    if not target.exists() and (path := storage.fetch(blob.url, target)) != str(target):
        return path
    return str(target)


def plain(storage: Storage, blob: Blob, known: Fingerprint, *, contract: Contract, scratch: Path) -> Plain:
    """The file as plain UTF-8, spooled into `scratch` where it is not that already; Unreadable as of make_plain."""
    path = at_hand(storage, blob, scratch)
    if is_plain(blob.name, contract.encoding):
        return Plain(path=path, print=known, spooled=False)
    target = unpacked(blob, scratch)
    with storage.open(path) as raw:
        make_plain(raw, blob.name, target, encoding=contract.encoding, max_bytes=contract.max_bytes)
    with target.open("rb") as file:
        return Plain(path=str(target), print=fingerprint(file, delimiter=contract.delimiter), spooled=True)


def forget(blob: Blob, scratch: Path) -> None:
    """Remove what was spooled of a file."""
    spooled(blob, scratch).unlink(missing_ok=True)
    unpacked(blob, scratch).unlink(missing_ok=True)


def spooled(blob: Blob, scratch: Path) -> Path:
    """Where the bytes of a blob are spooled: another name for other bytes."""
    return scratch / f"{hashlib.sha256(repr(blob).encode()).hexdigest()}.raw"


def unpacked(blob: Blob, scratch: Path) -> Path:
    """Where its text is."""
    return spooled(blob, scratch).with_suffix(".csv")
