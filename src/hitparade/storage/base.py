"""What a place for bytes must be able to do, and how one is found by its URL's scheme."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import uuid4

from hitparade.errors import ConfigError
from hitparade.model import Blob

SCHEMES = {"": "local", "s3": "s3", "s3a": "s3"}
TRANSFERS = 8


@dataclass(frozen=True, slots=True)
class S3Options:
    """How objects are written: the storage class of archived files, and encryption where the bucket's own is not it."""

    archive_class: str = "GLACIER_IR"
    encryption: str | None = None
    kms_key: str | None = None


class Medium(Protocol):
    """Bytes at the URLs of one scheme. Failures of the medium are StorageError.

    `exact` says that a file appears whole under its name, and that `move` and `forget` take the very bytes of the
    blob that they are given or none; elsewhere a file may grow, and whatever is under the name is taken.
    """

    exact: bool

    def list(self, folder: str) -> Iterator[Blob]:
        """Files directly in a folder, in no order; a folder that does not exist is empty."""
        ...

    def below(self, folder: str) -> Iterator[str]:
        """Every file below a folder, in no order, but for hidden ones."""
        ...

    def everything(self, folder: str) -> Iterator[Blob]:
        """Every file below a folder, in no order, hidden ones too; urls begin with the folder as it was given."""
        ...

    def stat(self, url: str) -> Blob | None:
        """The file as it is now, or None."""
        ...

    def frozen(self, url: str) -> bool:
        """Whether a file is in deep archive, and must be restored before it is read."""
        ...

    def open(self, url: str, *, buffered: bool = True) -> BinaryIO:
        """The file's bytes, from the start; seekable. Without a buffer each read is one of the medium."""
        ...

    def write(self, url: str, data: bytes) -> None:
        """Put a small file there, whole or not at all, in the place of any other, and make it last."""
        ...

    def put(self, path: Path, url: str, *, new: bool = False, cold: bool = False) -> bool:
        """Copy a file of this disk there, whole or not at all; False when it must be `new` and the name is taken.

        A `cold` file is one that nobody is expected to read again.
        """
        ...

    def fetch(self, url: str, target: Path) -> str:
        """A path on this disk with the file's bytes: where they lie, or the target, which is a copy then."""
        ...

    def move(self, blob: Blob, target: str, *, cold: bool = False) -> bool:
        """Move a file within this medium without ever overwriting one; False when it is gone or the name is taken."""
        ...

    def forget(self, blob: Blob) -> None:
        """Remove a file whose bytes are elsewhere by now; one that is gone already is fine."""
        ...

    def remove(self, urls: Iterable[str]) -> None:
        """Remove files that nobody needs; one that is gone already is fine."""
        ...

    def remove_below(self, folder: str) -> None:
        """Remove a folder of ours with all that is in it."""
        ...

    def remove_empty(self, folder: str, *, before: float) -> int:
        """Remove folders below one that are empty and have not changed since a time in seconds; how many."""
        ...

    def make_folder(self, folder: str) -> None:
        """Make a folder that must be new, where folders are made."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


class Storage:
    """Bytes at URLs of any scheme there is; see Medium for each call. It travels between processes as its options."""

    def __init__(self, s3: S3Options = S3Options()) -> None:
        self.s3 = s3
        self._media: dict[str, Medium] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Callable[[S3Options], Storage], tuple[S3Options]]:
        """Connections stay where they are; a process that is sent many has one."""
        return of_process, (self.s3,)

    def medium(self, url: str) -> Medium:
        """The medium of a URL, opened when first asked for."""
        scheme = scheme_of(url)
        if scheme not in SCHEMES:
            raise ConfigError(f"{url}: no storage for '{scheme}://'", hint="use a local path or s3://bucket/folder")
        name = SCHEMES[scheme]
        with self._lock:
            if name not in self._media:
                self._media[name] = import_module(f"hitparade.storage.{name}").open_medium(self.s3)
            return self._media[name]

    def exact(self, url: str) -> bool:
        """See Medium."""
        return self.medium(url).exact

    def list(self, folder: str) -> Iterator[Blob]:
        """See Medium."""
        return self.medium(folder).list(folder)

    def below(self, folder: str, suffix: str = "") -> tuple[str, ...]:
        """Files below a folder whose names end so, in order."""
        return tuple(sorted(url for url in self.medium(folder).below(folder) if url.endswith(suffix)))

    def everything(self, folder: str) -> Iterator[Blob]:
        """See Medium."""
        return self.medium(folder).everything(folder)

    def stat(self, url: str) -> Blob | None:
        """See Medium."""
        return self.medium(url).stat(url)

    def frozen(self, url: str) -> bool:
        """See Medium."""
        return self.medium(url).frozen(url)

    def open(self, url: str, *, buffered: bool = True) -> BinaryIO:
        """See Medium."""
        return self.medium(url).open(url, buffered=buffered)

    def write(self, url: str, data: bytes) -> None:
        """See Medium."""
        self.medium(url).write(url, data)

    def put(self, path: Path, url: str) -> str:
        """See Medium; the URL."""
        self.medium(url).put(path, url)
        return url

    def put_below(self, root: Path, folder: str, *, name: str | None = None) -> tuple[str, ...]:
        """Copy the Parquet files below a folder to below another; with a name they are called by it and numbered."""
        paths = sorted(root.rglob("*.parquet"))
        within = [path.relative_to(root) for path in paths]
        if name is not None:
            within = [each.with_name(f"{name}-{number}.parquet") for number, each in enumerate(within)]
        return self.put_all(paths, [f"{folder}/{each.as_posix()}" for each in within])

    def put_all(self, paths: Sequence[Path], urls: Sequence[str]) -> tuple[str, ...]:
        """See Medium, for several files; the URLs."""
        with ThreadPoolExecutor(TRANSFERS) as pool:
            return tuple(pool.map(self.put, paths, urls))

    def fetch(self, url: str, target: Path) -> str:
        """See Medium."""
        return self.medium(url).fetch(url, target)

    def fetch_all(self, urls: Iterable[str], scratch: Path) -> tuple[str, ...]:
        """Paths on this disk of several files, below a folder where they are copies."""
        listed = list(urls)
        targets = [scratch / f"{uuid4().hex}-{url.rsplit('/', 1)[-1]}" for url in listed]
        with ThreadPoolExecutor(TRANSFERS) as pool:
            return tuple(pool.map(self.fetch, listed, targets))

    def move(self, blob: Blob, target: str, *, cold: bool = False) -> bool:
        """See Medium; from one to another by a copy."""
        source, destination = self.medium(blob.url), self.medium(target)
        if source is destination:
            return source.move(blob, target, cold=cold)
        return self._carry(source, destination, blob, target, cold=cold)

    def _carry(self, source: Medium, destination: Medium, blob: Blob, target: str, *, cold: bool) -> bool:
        import tempfile

        if source.stat(blob.url) != blob:
            return False
        with tempfile.TemporaryDirectory(prefix="hitparade-") as scratch:
            path = source.fetch(blob.url, Path(scratch) / "file")
            if source.stat(blob.url) != blob or not destination.put(Path(path), target, new=True, cold=cold):
                return False
        source.forget(blob)
        return True

    def remove(self, urls: Sequence[str]) -> None:
        """See Medium."""
        for scheme in {scheme_of(url) for url in urls}:
            some = [url for url in urls if scheme_of(url) == scheme]
            self.medium(some[0]).remove(some)

    def remove_below(self, folder: str) -> None:
        """See Medium."""
        self.medium(folder).remove_below(folder)

    def remove_empty(self, folder: str, *, before: float) -> int:
        """See Medium."""
        return self.medium(folder).remove_empty(folder, before=before)

    def make_folder(self, folder: str) -> None:
        """See Medium."""
        self.medium(folder).make_folder(folder)

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            for medium in self._media.values():
                medium.close()
            self._media.clear()


@cache
def of_process(s3: S3Options) -> Storage:
    """The storage that a process uses for all that it is sent."""
    return Storage(s3)


def scheme_of(url: str) -> str:
    """What stands before `://`; a path has none."""
    return url.split("://", 1)[0] if "://" in url else ""


def is_remote(url: str) -> bool:
    """Whether bytes lie elsewhere than on a disk of this machine."""
    return "://" in url
