"""Parquet in buckets: read where it lies, by ranges of the columns that a query needs; written here, and put there."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast
from uuid import uuid4

from hitparade.errors import HitParadeError
from hitparade.storage import is_remote

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from fsspec import AbstractFileSystem

    from hitparade.storage import Storage
    from hitparade.storage.s3 import Ranged

SCHEMES = ("s3", "s3a")
REMEMBERED = 500


class RemoteReads:
    """What all connections to one DuckDB share to read from buckets, and what went wrong meanwhile.

    DuckDB tells only the text of an error, not which one it was.
    """

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.found: list[BaseException] = []
        self.begun = False
        self.lock = threading.Lock()

    def begin(self, connection: DuckDBPyConnection) -> None:
        """Let DuckDB read from buckets, unless it can already."""
        with self.lock:
            if not self.begun:
                connection.register_filesystem(file_system(self.storage, self))
                self.begun = True

    def end(self, connection: DuckDBPyConnection) -> None:
        """Take back what would keep DuckDB, the storage and one another alive."""
        with self.lock:
            if self.begun:
                connection.unregister_filesystem(SCHEMES[0])
                self.begun = False

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep an error, and let it go on."""
        try:
            yield
        except (HitParadeError, KeyboardInterrupt) as error:
            self.found.append(error)
            raise

    def tell(self) -> None:
        """Raise the first that was kept, if there is one."""
        if self.found:
            error = self.found[0]
            self.found.clear()
            raise error


class RemoteFile:
    """A file whose errors are noted."""

    def __init__(self, file: Ranged, reads: RemoteReads) -> None:
        self.file = file
        self.reads = reads

    def read(self, size: int = -1) -> bytes:
        """As many bytes from the place on, or all."""
        with self.reads.noted():
            return self.file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def file_system(storage: Storage, reads: RemoteReads) -> AbstractFileSystem:
    """The storage as DuckDB wants a file system. Files of the lake never change, so what they are is asked once."""
    from fsspec import AbstractFileSystem

    class Remote(AbstractFileSystem):  # type: ignore[misc]  # it is not typed
        """Just what DuckDB calls to read."""

        protocol = SCHEMES
        cachable = False

        def __init__(self) -> None:
            super().__init__()
            self.look = lru_cache(REMEMBERED)(lambda path: cast("Ranged", storage.open(path, buffered=False)))

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return path

        def info(self, path: str, **_: Any) -> dict[str, Any]:
            """Size and time of a file."""
            with reads.noted():
                found = self.look(path)
            return {
                "name": path,
                "size": found.size,
                "type": "file",
                "mtime": found.modified,
                "created": found.modified,
            }

        def exists(self, path: str, **_: Any) -> bool:
            """Whether a file is there."""
            return bool(self.info(path))

        def glob(self, path: str, **_: Any) -> list[str]:
            """Every file was planned by its name; none is a pattern."""
            return [path]

        def modified(self, path: str) -> Any:
            """When a file was written."""
            return self.info(path)["mtime"]

        def open(self, path: str, mode: str = "rb", **_: Any) -> RemoteFile:  # noqa: ARG002 - it only reads
            """A file's bytes, without a buffer: DuckDB knows which ranges it wants."""
            with reads.noted():
                return RemoteFile(self.look(path).again(), reads)

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
        return self.storage.put_all([Path(file) for file in files], urls)
