"""Files where executors and drivers meet: on a disk that all of them see, or in a bucket."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from hitparade.errors import ConfigError
from hitparade.storage.local import errors_explained

if TYPE_CHECKING:
    import pyarrow.fs

PARTS = ".part"
S3_SCHEMES = ("s3", "s3a")


def is_remote(url: str) -> bool:
    """Whether a file lies in a bucket."""
    return "://" in url


def fetch(url: str, scratch: Path) -> str:
    """A path of a file on this machine, copied into `scratch` where it does not lie on a disk."""
    if not is_remote(url):
        return url
    system, path = open_system(url)
    target = scratch / f"{uuid4().hex}-{path.rsplit('/', 1)[-1]}"
    with errors_explained(f"fetch {url}"), system.open_input_stream(path) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return str(target)


def fetch_all(urls: Iterable[str], scratch: Path) -> tuple[str, ...]:
    """Several files; see fetch."""
    return tuple(fetch(url, scratch) for url in urls)


def put(path: Path, url: str) -> str:
    """Copy a file to a place, in the place of any other: on a disk whole or not at all.

    In a bucket a copy that fails may leave a part of the file, which is named by nobody: names come from tasks that
    ended, and a task that is repeated writes over it.
    """
    if is_remote(url):
        system, target = open_system(url)
        with errors_explained(f"write {url}"), path.open("rb") as file, system.open_output_stream(target) as stream:
            shutil.copyfileobj(file, stream, 1 << 20)
        return url
    place = Path(url)
    part = place.with_name(f".{place.name}.{uuid4().hex}{PARTS}")
    with errors_explained(f"write {url}"):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copyfile(path, part)
            os.replace(part, place)  # noqa: PTH105 - atomic, and over what a task before this one left
        finally:
            part.unlink(missing_ok=True)
    return url


def put_below(root: Path, folder: str, *, name: str | None = None) -> tuple[str, ...]:
    """Copy the Parquet files below a folder to below another; with a name they are called by it and numbered."""
    placed = []
    for number, path in enumerate(sorted(root.rglob("*.parquet"))):
        within = path.relative_to(root)
        named = within if name is None else within.with_name(f"{name}-{number}.parquet")
        placed.append(put(path, f"{folder}/{named.as_posix()}"))
    return tuple(placed)


def remove(urls: Sequence[str]) -> None:
    """Remove files that nobody needs; one that is gone already is fine."""
    for url in urls:
        if is_remote(url):
            system, path = open_system(url)
            with errors_explained(f"remove {url}"):
                system.delete_file(path)
        else:
            Path(url).unlink(missing_ok=True)


def parquet_below(folder: str) -> tuple[str, ...]:
    """Every Parquet file below a folder, but for hidden ones."""
    if not is_remote(folder):
        found = (path for path in Path(folder).rglob("*.parquet") if not path.name.startswith((".", "_")))
        return tuple(sorted(str(path) for path in found))
    import pyarrow.fs as fs

    system, path = open_system(folder)
    scheme = folder.split("://", 1)[0]
    with errors_explained(f"list {folder}"):
        infos = system.get_file_info(fs.FileSelector(path, recursive=True, allow_not_found=True))
    return tuple(sorted(f"{scheme}://{info.path}" for info in infos if info.path.endswith(".parquet")))


def open_system(url: str) -> tuple[pyarrow.fs.FileSystem, str]:
    """The file system of a URL, and the path in it. Credentials and endpoint come from the usual AWS chain."""
    import pyarrow.fs as fs

    scheme, _, path = url.partition("://")
    if scheme not in S3_SCHEMES:
        raise ConfigError(f"{url}: no storage for '{scheme}://'", hint="use a path that all executors see, or s3://")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    with errors_explained(f"open {url}"):
        return fs.S3FileSystem(endpoint_override=endpoint), path
