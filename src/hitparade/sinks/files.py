"""The files sink: CSV and Parquet for each KPI and day, replaced whole.

    <folder>/<kpi>/<day>.csv, <day>.parquet

The Parquet file carries the run that wrote it in its metadata and is written last, so it speaks for both. A lock
on the KPI's folder keeps writers apart between the look at the run and the replacement.
"""

from __future__ import annotations

import fcntl
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.errors import Fenced
from hitparade.model import Kpi
from hitparade.progress import Advance
from hitparade.sinks.base import unseen
from hitparade.storage.local import LocalStorage, errors_explained

if TYPE_CHECKING:
    import pyarrow as pa

RUN = b"hitparade.run"


class FilesSink:
    """See Sink. What a day's file leaves out is gone with the old file, so rows of zeros are not written."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.storage = LocalStorage()

    def table(self, kpi: Kpi) -> str:
        """See Sink."""
        return kpi.name

    def write(self, kpi: Kpi, day: date, rows: pa.Table, *, run: int, advance: Advance = unseen) -> int:
        """See Sink. Charts are served to their `served` positions."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.csv
        import pyarrow.parquet

        served = rows.filter(pc.field("listen_count") > 0)
        if kpi.served is not None:
            served = served.filter(pc.field("position") <= kpi.served)
        served = served.sort_by([(name, "ascending") for name in kpi.grain])
        stamped = served.replace_schema_metadata({RUN: str(run).encode()})
        text, parquet = io.BytesIO(), pa.BufferOutputStream()
        pyarrow.csv.write_csv(served, text)
        pyarrow.parquet.write_table(stamped, parquet, compression="zstd")
        with self._locked(kpi):
            held = self.holds(kpi, day)
            if held is not None and held > run:
                raise Fenced(f"{self._path(kpi, day)} was written by run {held}, which is later than {run}")
            self.storage.write(str(self._path(kpi, day).with_suffix(".csv")), text.getvalue())
            self.storage.write(str(self._path(kpi, day)), parquet.getvalue().to_pybytes())
        advance(rows.num_rows)
        return int(served.num_rows)

    def holds(self, kpi: Kpi, day: date) -> int | None:
        """See Sink."""
        import pyarrow.parquet

        path = self._path(kpi, day)
        if not path.exists():
            return None
        metadata = pyarrow.parquet.read_schema(path).metadata or {}
        return int(metadata.get(RUN, 0))

    def close(self) -> None:
        """See Sink."""

    def _path(self, kpi: Kpi, day: date) -> Path:
        return self.folder / kpi.name / f"{day}.parquet"

    @contextmanager
    def _locked(self, kpi: Kpi) -> Iterator[None]:
        folder = self.folder / kpi.name
        with errors_explained(f"write {folder}"):
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / ".lock").open("w")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def open_sink(url: str, *, place: Callable[[str], str]) -> FilesSink:
    """The files sink of `files:<folder>`."""
    return FilesSink(url, Path(place(url.partition(":")[2].removeprefix("//") or "exports")))
