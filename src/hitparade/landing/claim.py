"""Claims: a file is taken out of everyone's sight before it is decided where it goes.

A claimed file has a dot-name in its folder that no other claim has. What a crash leaves is found there by the next
archive. A claim is taken by one rename: were the file under both names for a moment, a crash then would leave it in
sight with another etag, and a catalogue that is loaded already would be loaded once more, as the newest.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

from hitparade.model import Blob
from hitparade.storage import Storage
from hitparade.storage.local import renamed, same_file, sync_folder

PREFIX, SUFFIX = ".", ".claimed"
MARK = re.compile(r"\.[0-9a-f]{32}$")


def claim(storage: Storage, blob: Blob) -> Blob | None:
    """Take a file; None when it is gone."""
    target = f"{folder_of(blob.url)}/{PREFIX}{blob.name}.{uuid4().hex}{SUFFIX}"
    return storage.stat(target) if renamed(blob.url, target) else None


def claim_all(storage: Storage, folder: str, blobs: Iterable[Blob]) -> list[Blob]:
    """Take files of a folder for good: a power cut may not bring them back when they have another name elsewhere."""
    taken = [claimed for blob in blobs if (claimed := claim(storage, blob)) is not None]
    if taken:
        sync_folder(Path(folder))
    return taken


def claims(storage: Storage, folder: str) -> list[Blob]:
    """Claims in a folder that are not settled."""
    return sorted(
        (blob for blob in storage.list(folder) if blob.name.startswith(PREFIX) and blob.name.endswith(SUFFIX)),
        key=lambda blob: blob.url,
    )


def release(storage: Storage, claimed: Blob) -> bool:
    """Put a claim back under its name; False when another file has taken it, and the claim waits."""
    return storage.move(claimed, original(claimed))


def moved_already(claimed: Blob, places: Iterable[str]) -> bool:
    """Whether a crash has left a claim with its new name too, one of some places, of which the taken come first."""
    return any(same_file(claimed.url, place) for place in takewhile(os.path.lexists, places))


def original(claimed: Blob) -> str:
    """The url that a claimed file had."""
    name = claimed.name.removeprefix(PREFIX).removesuffix(SUFFIX)
    return f"{folder_of(claimed.url)}/{MARK.sub('', name)}"


def contents(storage: Storage, blob: Blob) -> str:
    """The sha256 of a file as it is now."""
    with storage.open(blob.url) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # a binary file is one


def folder_of(url: str) -> str:
    """Everything before the last part of a url."""
    return url.rsplit("/", 1)[0]
