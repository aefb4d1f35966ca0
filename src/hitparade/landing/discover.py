"""Which files wait. List, look twice, and leave alone what is still being written."""

from __future__ import annotations

from hitparade.model import Blob
from hitparade.storage import Storage
from hitparade.storage.packed import packing_of

MANIFEST = "manifest.json"
UNFINISHED = (".tmp", ".part")
TAIL = 1


def waiting(storage: Storage, folder: str) -> tuple[Blob, ...]:
    """Files in a landing folder, those that came first in front.

    Dot-files, `*.tmp`, `*.part` and the manifest are nobody's delivery. Time orders files that wait together; it
    never decides that a file is new.
    """
    blobs = [blob for blob in storage.list(folder) if is_delivery(blob.name)]
    return tuple(sorted(blobs, key=lambda blob: (blob.modified, blob.name)))


def is_delivery(name: str) -> bool:
    """Whether a name in a landing folder is that of a delivered file."""
    return not name.startswith(".") and not name.endswith(UNFINISHED) and name != MANIFEST


def is_settled(storage: Storage, blob: Blob, *, now: float, settle_seconds: float) -> bool:
    """Whether a file is whole, as far as anyone can tell.

    One that changed between two looks is not, nor is a young one whose last line has no end, but for places where
    files appear whole. A time in the future is a clock that is wrong, and makes nothing young.
    """
    if storage.exact(blob.url):
        return True  # and the look before it is recorded tells whether it changed
    if storage.stat(blob.url) != blob:
        return False
    if abs(now - blob.modified) >= settle_seconds:
        return True
    if blob.size == 0 or packing_of(blob.name) is not None:
        return False
    with storage.open(blob.url) as file:
        file.seek(-TAIL, 2)
        return file.read(TAIL) in (b"\n", b"\r")


def plain_name(name: str) -> str:
    """A file's name without what says how it is packed."""
    return name.rsplit(".", 1)[0] if packing_of(name) else name
