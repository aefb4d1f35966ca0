"""What the files sink holds of a KPI's day: its CSV and its Parquet, which must tell the same."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hitparade.model import ColumnType, Kpi

READERS: Mapping[ColumnType, Callable[[str], Any]] = {
    "string": str,
    "int": int,
    "long": int,
    "double": float,
    "date": date.fromisoformat,
}


def read_day(folder: Path, kpi: Kpi, day: date) -> list[Mapping[str, Any]]:
    """The rows of both files, in their order."""
    path = folder / kpi.name / f"{day}.parquet"
    rows: list[Mapping[str, Any]] = pq.ParquetFile(path).read().to_pylist()
    with path.with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        texts = list(csv.DictReader(file))
    kinds = {column.name: READERS[column.type] for column in kpi.columns}
    assert [{name: kinds[name](text) if text else None for name, text in each.items()} for each in texts] == rows
    return rows
