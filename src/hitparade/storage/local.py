"""Files on a local disk.

A file's etag is its inode, size, mtime and ctime in nanoseconds: any of them changes when the bytes may have.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from uuid import uuid4

from hitparade.errors import DiskFull, StorageError
from hitparade.faults import point
from hitparade.model import Blob

if TYPE_CHECKING:
    from hitparade.storage.base import S3Options

NEXT_STEP = {
    errno.EACCES: "give this user the right to read and write there, then run again",
    errno.EPERM: "give this user the right to read and write there, then run again",
    errno.EROFS: "the file system is read-only: use another place, or mount it for writing",
}


@contextmanager
def errors_explained(what: str) -> Iterator[None]:
    """Turn the operating system's refusals into a StorageError that says what was refused, where, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"cannot {what}") from error
        raise StorageError(f"cannot {what}: {error.strerror or error}", hint=NEXT_STEP.get(error.errno or 0)) from error


class LocalStorage:
    """See Medium."""

    exact = False

    def list(self, folder: str) -> Iterator[Blob]:
        """See Medium."""
        with errors_explained(f"list {folder}"):
            try:
                entries = list(os.scandir(folder))
            except FileNotFoundError:
                return
        for entry in entries:
            if entry.is_file():
                blob = self.stat(os.path.join(folder, entry.name))  # noqa: PTH118 - urls are text here
                if blob is not None:
                    yield blob

    def stat(self, url: str) -> Blob | None:
        """See Medium."""
        with errors_explained(f"look at {url}"):
            try:
                found = os.stat(url)  # noqa: PTH116
            except (FileNotFoundError, NotADirectoryError):
                return None
        etag = f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}-{found.st_ctime_ns}"
        return Blob(url=url, size=found.st_size, etag=etag, modified=found.st_mtime)

    def frozen(self, url: str) -> bool:  # noqa: ARG002 - a disk has one temperature
        """See Medium."""
        return False

    def open(self, url: str, *, buffered: bool = True) -> BinaryIO:  # noqa: ARG002 - the kernel has one
        """See Medium."""
        with errors_explained(f"read {url}"):
            return Path(url).open("rb")

    def write(self, url: str, data: bytes) -> None:
        """See Medium."""
        target = Path(url)
        with errors_explained(f"write {url}"):
            make_folders(target.parent)
            part = target.with_name(f".{target.name}.{os.getpid()}.part")
            try:
                with part.open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                point("storage.part_written")
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
            sync_folder(target.parent)
            point("storage.written")

    def move(self, blob: Blob, target: str, *, cold: bool = False) -> bool:  # noqa: ARG002 - a disk has one temperature
        """See Medium. A hard link is refused where the name is taken, which a rename is not."""
        source = blob.url
        with errors_explained(f"move {source} to {target}"):
            folder = Path(target).parent
            make_folders(folder)
            try:
                os.link(source, target)
            except FileNotFoundError:
                return False
            except FileExistsError:
                # A crash between the link and the unlink leaves one file under both names.
                if not same_file(source, target):
                    return False
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK):
                    raise
                if not copy_new(source, target):
                    return False
            sync_folder(folder)
            point("storage.linked")
            Path(source).unlink(missing_ok=True)
            point("storage.moved")
            return True

    def below(self, folder: str) -> Iterator[str]:
        """See Medium."""
        with errors_explained(f"list {folder}"):
            for place, _, names in os.walk(folder):
                yield from (os.path.join(place, name) for name in names if not name.startswith((".", "_")))  # noqa: PTH118

    def everything(self, folder: str) -> Iterator[Blob]:
        """See Medium."""
        with errors_explained(f"list {folder}"):
            for place, _, names in os.walk(folder):
                found = (self.stat(os.path.join(place, name)) for name in names)  # noqa: PTH118
                yield from (blob for blob in found if blob is not None)

    def put(self, path: Path, url: str, *, new: bool = False, cold: bool = False) -> bool:  # noqa: ARG002 - see move
        """See Medium."""
        target = Path(url)
        with errors_explained(f"write {url}"):
            make_folders(target.parent)
            if new:
                return copy_new(str(path), url)
            part = target.with_name(f".{target.name}.{uuid4().hex}.part")
            try:
                shutil.copyfile(path, part)
                point("storage.part_written")
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        return True

    def fetch(self, url: str, target: Path) -> str:  # noqa: ARG002 - it lies on this disk
        """See Medium."""
        return url

    def forget(self, blob: Blob) -> None:
        """See Medium."""
        self.remove([blob.url])

    def remove(self, urls: Iterable[str]) -> None:
        """See Medium."""
        for url in urls:
            with errors_explained(f"remove {url}"):
                Path(url).unlink(missing_ok=True)

    def remove_below(self, folder: str) -> None:
        """See Medium."""
        shutil.rmtree(folder, ignore_errors=True)

    def remove_empty(self, folder: str, *, before: float) -> int:
        """See Medium. The innermost first; one that something is put into at this moment stays."""
        removed = 0
        with errors_explained(f"list {folder}"):
            for place, _, names in os.walk(folder, topdown=False):
                with suppress(OSError):
                    if not names and place != folder and Path(place).stat().st_mtime <= before:
                        Path(place).rmdir()
                        removed += 1
        return removed

    def make_folder(self, folder: str) -> None:
        """See Medium."""
        with errors_explained(f"write {folder}"):
            Path(folder).mkdir(parents=True)

    def close(self) -> None:
        """See Medium."""


def renamed(source: str, target: str) -> bool:
    """Give a file a name that nobody else gives, at once; False when it is gone."""
    with errors_explained(f"rename {source}"):
        try:
            Path(source).rename(target)
        except FileNotFoundError:
            return False
    point("storage.renamed")
    return True


def same_file(one: str, other: str) -> bool:
    """Whether two names are of one file."""
    try:
        return Path(one).samefile(other)
    except FileNotFoundError:
        return False


def copy_new(source: str, target: str) -> bool:
    """Copy to a name that must be free, for a source that no hard link can reach; False when the name is taken."""
    part = Path(f"{target}.{os.getpid()}.part")
    try:
        with Path(source).open("rb") as reader, part.open("wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        point("storage.part_written")
        return name_anew(part, target)
    finally:
        part.unlink(missing_ok=True)


def name_anew(part: Path, target: str) -> bool:
    """Give a finished file its name; False when that is taken."""
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links: there a look and a rename must do
        if Path(target).exists():
            return False
        part.replace(target)
    return True


def make_folders(folder: Path) -> None:
    """Make a folder and those above it that are missing, and have their names last through a power cut."""
    missing = list(itertools.takewhile(lambda each: not each.exists(), (folder, *folder.parents)))
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """Make a folder's entries last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_files(paths: Iterable[str], *, root: str) -> None:
    """Make files last through a power cut: their bytes, their names and the folders up to `root` that hold them."""
    files = [Path(path) for path in paths]
    top = Path(root)
    folders = {folder for file in files for folder in file.parents if folder == top or top in folder.parents}
    with errors_explained(f"sync {root}"), ThreadPoolExecutor(8) as pool:
        list(pool.map(sync_file, files))
        list(pool.map(sync_folder, folders))


def sync_file(file: Path) -> None:
    """Make a file's bytes last through a power cut."""
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def open_medium(_: S3Options) -> LocalStorage:
    """The medium of local paths."""
    return LocalStorage()
