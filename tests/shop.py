"""A workspace for tests, worked with as its users do: files are dropped, steps are run, KPIs are read.

Everything is real: files, ledger, Iceberg, the engines. Each call opens the workspace anew, like a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from copy import copy
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hitparade import pipeline
from hitparade.charts import Charts
from hitparade.config import EngineName, read_settings
from hitparade.model import Computation, Dataset, Delivery
from hitparade.pipeline import Outcome
from hitparade.scaffold import make_workspace
from hitparade.workspace import Workspace, open_workspace

HEADERS: dict[Dataset, str] = {
    "streams": "user_id,track_id,listen_time",
    "songs": "track_id,artists,album_name,track_name,popularity,duration_ms,track_genre",
    "users": "user_id,user_name,user_age,user_country,created_at",
}
LAB = Path(__file__).parents[2] / "shared" / "data" / "lab"


class Shop:
    """One workspace. Without an `engine` it is that of the settings which works on it."""

    def __init__(
        self, root: Path, *, settings: str = "", engine: EngineName | None = None, day_rows: int | None = None
    ) -> None:
        self.root = root
        self.engine = engine
        make_workspace(root)
        config = root / "hitparade.toml"
        text = config.read_text().replace("[landing] ", "[landing]\nsettle_seconds = 0 #")
        if day_rows is not None:
            text = text.replace("[engine]\n", f"[engine]\nday_rows = {day_rows}\n")
        config.write_text(settings + "\n" + text)

    def open(self, command: str = "test") -> AbstractContextManager[Workspace]:
        """The workspace, opened."""
        return open_workspace(read_settings(self.root / "hitparade.toml", engine=self.engine), command=command)

    def by(self, engine: EngineName) -> Shop:
        """The same workspace, worked on by an engine of this name."""
        other = copy(self)
        other.engine = engine
        return other

    # -- deliveries

    def landing(self, dataset: Dataset) -> Path:
        """Where files of a dataset are delivered."""
        return self.root / "data" / dataset

    def deliver(self, dataset: Dataset, name: str, rows: Iterable[str]) -> Path:
        """Drop a file of rows under the dataset's usual header."""
        return self.drop(dataset, name, "\n".join([HEADERS[dataset], *rows, ""]).encode())

    def drop(self, dataset: Dataset, name: str, content: bytes) -> Path:
        """Drop a file of bytes, as a whole."""
        path = self.landing(dataset) / name
        part = path.with_name(f".{name}.part")
        part.write_bytes(content)
        part.replace(path)
        return path

    def manifest(self, dataset: Dataset, content: dict[str, Any] | str) -> None:
        """Put a contract beside the files."""
        text = content if isinstance(content, str) else json.dumps(content)
        (self.landing(dataset) / "manifest.json").write_text(text)

    # -- work

    def run(self) -> Outcome:
        """All four steps."""
        with self.open("run") as ws:
            return pipeline.run(ws)

    # -- what came of it

    def show(self, kpi: str, *, day: str | None = None, genre: str | None = None) -> list[dict[str, Any]]:
        """A KPI's rows."""
        with self.open() as ws:
            return rows_of(Charts.of(ws), kpi, day, genre)

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Every KPI's rows."""
        with self.open() as ws:
            charts = Charts.of(ws)
            return {kpi.name: rows_of(charts, kpi.name) for kpi in charts.kpis}

    def deliveries(self) -> dict[str, Delivery]:
        """The newest delivery of each file name."""
        with self.open() as ws:
            return {each.name: each for each in reversed(ws.ledger.deliveries())}

    def computations(self, kpi: str = "hourly") -> dict[date, Computation]:
        """The last computation of each day."""
        with self.open() as ws:
            return {each.listen_date: each for each in ws.ledger.computations(kpi=kpi)}

    def rejects(self) -> list[dict[str, Any]]:
        """The lake's `rejects`, every row."""
        with self.open() as ws:
            files = [file.path for file in ws.lake.files("rejects")]
            found = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
            return sorted(found, key=lambda row: (row["load_id"], row["row"], row["rule"], row["column"] or ""))


def rows_of(charts: Charts, kpi: str, day: str | None = None, genre: str | None = None) -> list[dict[str, Any]]:
    """A KPI's rows as dicts."""
    table = charts.read(kpi, date=date.fromisoformat(day) if day else None, genre=genre)
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def lines(path: Path) -> Sequence[str]:
    """The rows of a CSV file of one line each, without its header."""
    return path.read_text().splitlines()[1:]
