"""The files sink: CSV and Parquet for each KPI and day, replaced whole.

    <folder>/<kpi>/<day>.csv, <day>.parquet

`files:<folder>?kpis=a,b&formats=parquet&vanished=zeros` says which KPIs and formats there are, and that keys which
vanished stay as rows of zeros, for those who take days up by key; they are left out otherwise, since what a day's file
leaves out is gone with the old file.

The last file of a day carries the run that wrote it and is written last, so it speaks for all. On a disk a lock on the
KPI's folder keeps writers apart between the look at the run and the replacement; in a bucket each object carries its
run, and is replaced on condition that it is still the one that was looked at.
"""

from __future__ import annotations

import fcntl
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import parse_qsl

from hitparade.errors import ConfigError, Fenced
from hitparade.faults import point
from hitparade.model import Kpi
from hitparade.progress import Advance
from hitparade.sinks.base import as_served, heard, unseen
from hitparade.sinks.files_reading import FilesReader
from hitparade.storage import Storage, is_remote
from hitparade.storage.base import Medium
from hitparade.storage.local import LocalStorage, errors_explained, make_folders

if TYPE_CHECKING:
    import pyarrow as pa

    from hitparade.storage.s3 import S3Storage

RUN = b"hitparade.run"
FORMATS = ("csv", "parquet")


@dataclass(frozen=True, slots=True)
class Choice:
    """What the sink keeps: of which KPIs (None: all), in which formats, and whether with rows of zeros."""

    kpis: frozenset[str] | None = None
    formats: tuple[str, ...] = FORMATS
    zeros: bool = False


class Folder(Protocol):
    """A place for a day's files."""

    @property
    def place(self) -> str:
        """Its path or URL."""
        ...

    @property
    def storage(self) -> Medium:
        """Its medium."""
        ...

    def replace(self, name: str, files: Mapping[str, bytes], *, run: int) -> None:
        """Put files of these endings under a name, the last of them last; Fenced when a later run's are there."""
        ...

    def run_of(self, name: str, ending: str) -> int | None:
        """The run that wrote a file, None where there is none."""
        ...


class FilesSink:
    """See Sink."""

    def __init__(self, url: str, folder: Folder, choice: Choice = Choice()) -> None:
        self.url = url
        self.folder = folder
        self.choice = choice

    def table(self, kpi: Kpi) -> str | None:
        """See Sink."""
        chosen = self.choice.kpis
        return kpi.name if chosen is None or kpi.name in chosen else None

    def write(self, kpi: Kpi, day: date, rows: pa.Table, *, run: int, advance: Advance = unseen) -> int:
        """See Sink. Charts are served to their `served` positions."""
        wanted = as_served(kpi, rows if self.choice.zeros else heard(rows))
        wanted = wanted.sort_by([(name, "ascending") for name in kpi.grain])
        files = {ending: WRITERS[ending](wanted, run) for ending in self.choice.formats}
        self.folder.replace(f"{kpi.name}/{day}", files, run=run)
        advance(rows.num_rows)
        return int(heard(wanted).num_rows)

    def holds(self, kpi: Kpi, day: date) -> int | None:
        """See Sink."""
        return self.folder.run_of(f"{kpi.name}/{day}", self.choice.formats[-1])

    def counted(self, kpi: Kpi) -> Mapping[date, int]:
        """See Sink. One column of each file is read."""
        return FilesReader(self.url, self.folder.place, self.folder.storage, self.choice.formats[-1]).counted(kpi)

    def close(self) -> None:
        """See Sink."""


def as_csv(rows: pa.Table, run: int) -> bytes:  # noqa: ARG001 - it has no place for it
    """Rows as CSV."""
    import pyarrow.csv

    text = io.BytesIO()
    pyarrow.csv.write_csv(rows, text)
    return text.getvalue()


def as_parquet(rows: pa.Table, run: int) -> bytes:
    """Rows as Parquet that carries its run."""
    import pyarrow as pa
    import pyarrow.parquet

    target = pa.BufferOutputStream()
    stamped = rows.replace_schema_metadata({RUN: str(run).encode()})
    pyarrow.parquet.write_table(stamped, target, compression="zstd")
    return bytes(target.getvalue().to_pybytes())


WRITERS: Mapping[str, Callable[[pa.Table, int], bytes]] = {"csv": as_csv, "parquet": as_parquet}


class DiskFolder:
    """See Folder. The run of a file without a place for it stands in a file beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = str(path)
        self.storage: Medium = LocalStorage()

    def replace(self, name: str, files: Mapping[str, bytes], *, run: int) -> None:
        """See Folder."""
        with self._locked((self.path / name).parent):
            held = self.run_of(name, list(files)[-1])
            if held is not None and held > run:
                raise Fenced(f"{self.path / name} was written by run {held}, which is later than {run}")
            for ending, data in files.items():
                self.storage.write(f"{self.path / name}.{ending}", data)
                point("files.file_written")
                if ending == list(files)[-1] != "parquet":
                    self.storage.write(str(self._note(name, ending)), str(run).encode())

    def run_of(self, name: str, ending: str) -> int | None:
        """See Folder."""
        import pyarrow.parquet

        path = Path(f"{self.path / name}.{ending}")
        if not path.exists():
            return None
        if ending != "parquet":
            note = self._note(name, ending)
            return int(note.read_text()) if note.exists() else 0
        metadata = pyarrow.parquet.read_schema(path).metadata or {}
        return int(metadata.get(RUN, 0))

    def _note(self, name: str, ending: str) -> Path:
        path = self.path / name
        return path.with_name(f".{path.name}.{ending}.run")

    @contextmanager
    def _locked(self, folder: Path) -> Iterator[None]:
        with errors_explained(f"write {folder}"):
            make_folders(folder)
            lock = (folder / ".lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class BucketFolder:
    """See Folder. A writer that comes between two objects of another is told by the run that each carries."""

    def __init__(self, url: str, bucket: S3Storage) -> None:
        self.place = url
        self.bucket = bucket
        self.storage: Medium = bucket

    def replace(self, name: str, files: Mapping[str, bytes], *, run: int) -> None:
        """See Folder."""
        for ending, data in files.items():
            url = f"{self.place}/{name}.{ending}"
            later = self.bucket.write_stamped(url, data, stamp=run, end=b"\n" if ending == "csv" else b"")
            point("files.file_written")
            if later is not None:
                raise Fenced(f"{url} was written by run {later}, which is later than {run}")

    def run_of(self, name: str, ending: str) -> int | None:
        """See Folder."""
        return self.bucket.stamp(f"{self.place}/{name}.{ending}")


def open_sink(url: str, *, place: Callable[[str], str], storage: Storage) -> FilesSink:
    """The files sink of `files:<folder>`, with what is chosen of it."""
    folder, choice = folder_and_choice(url, place)
    if not is_remote(folder):
        return FilesSink(url, DiskFolder(Path(folder)), choice)
    return FilesSink(url, BucketFolder(folder, cast("S3Storage", storage.medium(folder))), choice)


def open_reader(url: str, *, place: Callable[[str], str]) -> FilesReader:
    """The reader of what the sink of such a URL has written."""
    folder, choice = folder_and_choice(url, place)
    return FilesReader(url, folder, Storage().medium(folder), choice.formats[-1])


def folder_and_choice(url: str, place: Callable[[str], str]) -> tuple[str, Choice]:
    """The place that a URL names, and what it chooses."""
    location, _, query = url.partition(":")[2].partition("?")
    folder = place(("" if is_remote(location) else location.removeprefix("//")) or location or "exports")
    return folder, chosen(url, dict(parse_qsl(query, keep_blank_values=True)))


def chosen(url: str, options: Mapping[str, str]) -> Choice:
    """The choice that a URL makes; ConfigError for one that there is not."""
    known = {"kpis", "formats", "vanished"}
    formats = tuple(options.get("formats", ",".join(FORMATS)).split(","))
    vanished = options.get("vanished", "left-out")
    if set(options) - known or set(formats) - set(FORMATS) or vanished not in ("zeros", "left-out"):
        raise ConfigError(
            f"sinks: '{url}' asks for what there is not",
            hint=f"there is ?kpis=<names>, ?formats={','.join(FORMATS)} and ?vanished=zeros or left-out",
        )
    kpis = frozenset(options["kpis"].split(",")) if "kpis" in options else None
    return Choice(kpis, tuple(each for each in FORMATS if each in formats), zeros=vanished == "zeros")
