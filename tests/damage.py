"""A workspace that is changed behind everybody's back, for tests of whether that is noticed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.shop import Shop


def told_otherwise(shop: Shop, statement: str) -> None:
    """Change the ledger behind everybody's back."""
    with closing(sqlite3.connect(shop.root / "lake" / "ledger.db")) as database:
        database.execute(statement)
        database.commit()


def replaced(shop: Shop, kpi: str, day: date, change: Callable[[pa.Table], pa.Table]) -> None:
    """Commit other rows of a KPI's day than those that were computed."""
    with shop.open() as ws:
        ws.turn.begin()
        (chosen,) = (each for each in ws.daily_kpis if each.name == kpi)
        base = ws.lake.base(chosen, [day])
        folder = Path(ws.lake.staging(f"kpi_{kpi}", "other")) / f"listen_date={day}"
        folder.mkdir()
        (path,) = base.paths([day])
        pq.write_table(change(pq.ParquetFile(path).read()), folder / "0.parquet")
        ws.lake.replace(base, [str(folder / "0.parquet")], {day}, run=ws.turn.number)
