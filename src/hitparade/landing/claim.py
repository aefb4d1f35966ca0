"""Claims: a file is taken out of everyone's sight before it is decided where it goes.

A claimed file has a dot-name in its folder. What a crash leaves is found there by the next archive.
"""

from __future__ import annotations

import hashlib

from hitparade.model import Blob
from hitparade.storage import Storage

PREFIX, SUFFIX = ".", ".claimed"


def claim(storage: Storage, blob: Blob) -> Blob | None:
    """Take a file; None when it is gone or an earlier claim of its name is not yet settled."""
    target = f"{folder_of(blob.url)}/{PREFIX}{blob.name}{SUFFIX}"
    return storage.stat(target) if storage.move(blob, target) else None


def claims(storage: Storage, folder: str) -> list[Blob]:
    """Claims in a folder that are not settled."""
    return sorted(
        (blob for blob in storage.list(folder) if blob.name.startswith(PREFIX) and blob.name.endswith(SUFFIX)),
        key=lambda blob: blob.url,
    )


def release(storage: Storage, claimed: Blob) -> bool:
    """Put a claim back under its name; False when another file has taken it, and the claim waits."""
    return storage.move(claimed, original(claimed))


def original(claimed: Blob) -> str:
    """The url that a claimed file had."""
    return f"{folder_of(claimed.url)}/{claimed.name.removeprefix(PREFIX).removesuffix(SUFFIX)}"


def contents(storage: Storage, blob: Blob) -> str:
    """The sha256 of a file as it is now."""
    with storage.open(blob.url) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # a binary file is one


def folder_of(url: str) -> str:
    """Everything before the last part of a url."""
    return url.rsplit("/", 1)[0]
