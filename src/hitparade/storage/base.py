"""What a place for bytes must be able to do, and how one is found by its URL's scheme."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import BinaryIO, Protocol

from hitparade.errors import ConfigError
from hitparade.model import Blob

SCHEMES = {"": "local", "file": "local"}


class Storage(Protocol):
    """Bytes at URLs below one root. Failures of the medium are StorageError."""

    def list(self, folder: str) -> Iterator[Blob]:
        """Files directly in a folder, in no order; a folder that does not exist is empty."""
        ...

    def stat(self, url: str) -> Blob | None:
        """The file as it is now, or None."""
        ...

    def open(self, url: str) -> BinaryIO:
        """The file's bytes, from the start."""
        ...

    def write(self, url: str, data: bytes) -> None:
        """Put a small file there, whole or not at all, in the place of any other, and make it last."""
        ...

    def move(self, source: str, target: str) -> bool:
        """Move a file without ever overwriting one; False when the source is gone or the target is taken."""
        ...

    def path(self, url: str) -> str:
        """A path that an engine can read."""
        ...


def open_storage(url: str) -> Storage:
    """The storage for a URL, by its scheme."""
    scheme = url.split("://", 1)[0] if "://" in url else ""
    if scheme not in SCHEMES:
        raise ConfigError(
            f"{url}: no storage for '{scheme}://'",
            hint="use a local path",
        )
    module = import_module(f"hitparade.storage.{SCHEMES[scheme]}")
    storage: Storage = module.open()
    return storage
