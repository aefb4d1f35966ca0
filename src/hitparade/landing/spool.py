"""Files as engines like them: plain UTF-8 CSV on a local disk.

Most files are that already and are read where they lie. Packed files and those in other encodings are spooled.
"""

from __future__ import annotations

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


def plain(storage: Storage, blob: Blob, known: Fingerprint, *, contract: Contract, scratch: Path) -> Plain:
    """The file as plain UTF-8, spooled into `scratch` where it is not that already; Unreadable as of make_plain."""
    if is_plain(blob.name, contract.encoding):
        return Plain(path=storage.path(blob.url), print=known, spooled=False)
    target = scratch / f"{known.sha256}.csv"
    with storage.open(blob.url) as raw:
        make_plain(raw, blob.name, target, encoding=contract.encoding, max_bytes=contract.max_bytes)
    with target.open("rb") as file:
        return Plain(path=str(target), print=fingerprint(file, delimiter=contract.delimiter), spooled=True)
