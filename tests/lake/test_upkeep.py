"""What a lake leaves on the disk: little, however many commits there were, and on the disk before it is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import CommitTableResponse

from hitparade.lake import Lake
from tests.lake.tables import MONDAY, kpi, staged_listens, staged_plays

PLAYS = kpi()
COMMITS = 60


def append(lake: Lake, number: int) -> None:
    lake.append("listens", staged_listens(lake, MONDAY + timedelta(days=number % 3), [number]), run=1)


def replace_one_day(lake: Lake, number: int) -> None:
    lake.replace(lake.base(PLAYS, [MONDAY]), staged_plays(lake, PLAYS, MONDAY, {"pop": number}), [MONDAY], run=1)


def replace_a_new_day(lake: Lake, number: int) -> None:
    day = MONDAY + timedelta(days=number)
    lake.replace(lake.base(PLAYS, [day]), staged_plays(lake, PLAYS, day, {"pop": number}), [day], run=1)


@pytest.mark.parametrize(
    ("name", "commit", "files"),
    [("listens", append, COMMITS), ("kpi_plays", replace_one_day, 1), ("kpi_plays", replace_a_new_day, COMMITS)],
    ids=["appends", "replacements of one day", "replacements of new days"],
)
def test_a_tables_metadata_stays_small(lake: Lake, name: str, commit: Callable[[Lake, int], None], files: int) -> None:
    for number in range(COMMITS):
        commit(lake, number)

    table = lake.table(name)
    assert table is not None
    head = table.current_snapshot()
    assert head is not None
    metadata = list((Path(lake.location) / name / "metadata").glob("*.metadata.json"))
    assert len(lake.files(name)) == files
    assert len(head.manifests(table.io)) <= 9
    assert len(table.snapshots()) <= 21
    assert len(metadata) <= 6
    assert max(path.stat().st_size for path in metadata) < 60_000


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were synced and the commits that named files, in their order."""
    seen: list[str] = []
    fsync, commit_table = os.fsync, SqlCatalog.commit_table

    def noted_sync(handle: int) -> None:
        fsync(handle)
        seen.append(str(Path(f"/proc/self/fd/{handle}").readlink()))

    def noted_commit(self: SqlCatalog, *arguments: Any, **named: Any) -> CommitTableResponse:
        seen.append("commit begins")
        response = commit_table(self, *arguments, **named)
        seen.append(f"commit of {response.metadata_location}")
        return response

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(SqlCatalog, "commit_table", noted_commit)
    return seen


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="the system does not tell a handle's path")
@pytest.mark.parametrize("kind", ["append", "replace"])
def test_files_and_their_folders_are_on_the_disk_before_a_commit_names_them(
    lake: Lake, events: list[str], kind: str
) -> None:
    seen = events
    if kind == "append":
        (data,) = staged_listens(lake, MONDAY, [1])
        lake.append("listens", [data], run=1)
    else:
        base = lake.base(PLAYS, [MONDAY])
        (data,) = staged_plays(lake, PLAYS, MONDAY, {"pop": 1})
        seen.clear()
        lake.replace(base, [data], [MONDAY], run=1)

    begins = seen.index("commit begins")
    committed = next(each for each in seen if each.startswith("commit of ")).removeprefix("commit of ")
    before, during = seen[:begins], seen[: seen.index(f"commit of {committed}")]
    root = Path(lake.location)
    folders = [folder for folder in Path(data).parents if folder == root or root in folder.parents]
    assert set(before) >= {data, *map(str, folders)}
    assert before.index(data) < before.index(str(Path(data).parent))
    manifests = {str(path) for path in Path(committed).parent.glob("*.avro")}
    assert manifests
    assert set(before) >= manifests
    assert during.index(committed) < len(during) - 1 - during[::-1].index(str(Path(committed).parent))
