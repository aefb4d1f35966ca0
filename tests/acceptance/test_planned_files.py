"""A file for one day of a long history: only that day's files are planned, and handed to the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from hitparade import pipeline
from hitparade.workspace import Workspace
from tests.shop import Shop

DAYS = 365
FIRST = date(2024, 1, 1)
LATE_DAY = FIRST + timedelta(200)


@dataclass(slots=True)
class Seen:
    """What went by: plans of listens, and the files that the engine was told to read."""

    planned: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    kpis_read: list[str] = field(default_factory=list)


def watched(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Note what the steps plan and hand on; everything is done all the same."""
    seen = Seen()
    plan, compute = ws.lake.files, type(ws.engine).compute_days

    def noting_plans(name: str, *rest: Any) -> Any:
        files = plan(name, *rest)
        seen.planned.extend(file.path for file in files if name == "listens")
        return files

    def noting_reads(engine: Any, kpis: Any, days: Any, listens: Any, **rest: Any) -> Any:
        seen.read.extend(listens.files["listens"])
        seen.kpis_read.extend(path for paths in rest["previous"].values() for path in paths)
        return compute(engine, kpis, days, listens, **rest)

    monkeypatch.setattr(ws.lake, "files", noting_plans)
    monkeypatch.setattr(type(ws.engine), "compute_days", noting_reads)
    return seen


def add_a_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """One file onto a history of a year, run with everything noted."""
    songs = [f"t{number},A,B,Song {number},5,1000,pop" for number in range(3)]
    shop.deliver("songs", "songs.csv", songs)
    days = [FIRST + timedelta(number) for number in range(DAYS)]
    shop.deliver("streams", "year.csv", [f"{user},t{user},{day} 10:00:00" for day in days for user in range(3)])
    shop.run()
    shop.deliver("streams", "late.csv", [f"7,t1,{LATE_DAY} 11:00:00"])
    with shop.open("run") as ws:
        seen = watched(ws, monkeypatch)
        outcome = pipeline.run(ws)
    assert outcome.computed.days == {LATE_DAY}
    return seen


def is_of_the_day(path: str) -> bool:
    """Whether a file holds rows of that day, by its columns' bounds and not by its name."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    days = pc.unique(pq.ParquetFile(path).read(["listen_date"])["listen_date"])
    return bool(days.to_pylist() == [LATE_DAY])


def test_only_the_days_own_files_are_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = add_a_file(shop, monkeypatch)

    assert len(seen.planned) == len(set(seen.read)) == 2  # that of the year, and the late one
    assert set(seen.planned) == set(seen.read)
    assert len(seen.kpis_read) == len(shop_kpis(shop))
    assert all(is_of_the_day(path) for path in (*seen.read, *seen.kpis_read))


def shop_kpis(shop: Shop) -> list[str]:
    """The stored KPIs that had rows."""
    with shop.open() as ws:
        return [kpi.name for kpi in ws.daily_kpis if ws.lake.files(f"kpi_{kpi.name}", [LATE_DAY])]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)
