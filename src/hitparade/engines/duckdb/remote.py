"""Parquet in buckets: read where it lies, by ranges of the columns that a query needs; written here, and put there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self
from uuid import uuid4

from hitparade.storage import is_remote

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from hitparade.model import Blob
    from hitparade.storage import Storage

SCHEMES = ("s3", "s3a")
TRANSFERS = 8
REMEMBERED = 10_000


def file_system(storage: Storage) -> AbstractFileSystem:
    """The storage as DuckDB wants a file system. Files of the lake never change, so what they are is asked once."""
    from fsspec import AbstractFileSystem

    class Remote(AbstractFileSystem):  # type: ignore[misc]  # it is not typed
        """Just what DuckDB calls to read."""

        protocol = SCHEMES
        cachable = False

        def __init__(self) -> None:
            super().__init__()
            self.look: Callable[[str], Blob | None] = lru_cache(REMEMBERED)(storage.stat)

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path

        def info(self, path: str, **_: Any) -> dict[str, Any]:
            """Size and time of a file."""
            found = self.look(path)
            if found is None:
                raise FileNotFoundError(path)
            changed = datetime.fromtimestamp(found.modified, UTC)
            return {"name": path, "size": found.size, "type": "file", "mtime": changed, "created": changed}

        def exists(self, path: str, **_: Any) -> bool:
            """Whether a file is there."""
            return self.look(path) is not None

        def glob(self, path: str, **_: Any) -> list[str]:
            """Every file was planned by its name; none is a pattern."""
            return [path]

        def modified(self, path: str) -> Any:
            """When a file was written."""
            return self.info(path)["mtime"]

        def open(self, path: str, mode: str = "rb", **_: Any) -> BinaryIO:  # noqa: ARG002 - it only reads
            """A file's bytes, without a buffer: DuckDB knows which ranges it wants."""
            return storage.open(path, buffered=False)

    return Remote()


class Outbox:
    """Folders on this disk to write in, in the place of those in buckets; what is on a disk stays what it is."""

    def __init__(self, storage: Storage, folders: Mapping[str, str], scratch: Path) -> None:
        self.storage = storage
        self.folders = folders
        self.scratch = scratch / uuid4().hex
        self.local = {
            name: str(self.scratch / name) if is_remote(folder) else folder for name, folder in folders.items()
        }

    def __enter__(self) -> Self:
        for name, folder in self.folders.items():
            if is_remote(folder):
                Path(self.local[name]).mkdir(parents=True)
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)

    def placed(self, name: str, files: Sequence[str]) -> tuple[str, ...]:
        """Where files of a folder belong, and are by then."""
        if not is_remote(self.folders[name]):
            return tuple(files)
        urls = [f"{self.folders[name]}{file.removeprefix(self.local[name])}" for file in files]
        with ThreadPoolExecutor(TRANSFERS) as pool:
            return tuple(pool.map(self.storage.put, map(Path, files), urls))
