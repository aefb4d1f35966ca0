"""The lake's tables: made when missing, widened with their KPI, refused where they are not this lake's."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hitparade.errors import Conflict, KpiError, LakeError, StorageError
from hitparade.lake import Lake, commits, open_lake
from hitparade.lake.tables import DATA_TABLES, kpi_table
from hitparade.model import ColumnType
from tests.lake.tables import MONDAY, TUESDAY, kpi, load_ids, plays, staged_listens, staged_plays


def test_a_new_lake_has_every_data_table_and_no_rows(lake: Lake) -> None:
    assert {name: lake.files(name) for name in DATA_TABLES} == dict.fromkeys(DATA_TABLES, ())
    assert lake.files("kpi_plays") == ()


def test_a_lake_is_found_again_with_all_it_holds(lake: Lake) -> None:
    lake.append("listens", staged_listens(lake, MONDAY, [1]), run=1)

    again = open_lake(lake.location, lake.namespace)

    assert load_ids(again) == [1]
    again.close()


def test_namespaces_of_one_folder_know_nothing_of_one_another(lake: Lake) -> None:
    lake.append("listens", staged_listens(lake, MONDAY, [1]), run=1)

    second = open_lake(lake.location, "second")

    assert load_ids(second) == []
    second.append("listens", staged_listens(second, MONDAY, [2]), run=1)
    assert (load_ids(lake), load_ids(second)) == ([1], [2])
    second.close()


def test_a_kpi_that_is_given_a_column_gets_it_in_the_lake(lake: Lake, other: Lake) -> None:
    narrow, wide = kpi(), kpi(unique_listeners="long", share="double")
    lake.replace(lake.base(narrow, [MONDAY]), staged_plays(lake, narrow, MONDAY, {"pop": 1}), [MONDAY], run=1)

    lake.replace(lake.base(wide, [TUESDAY]), staged_plays(lake, wide, TUESDAY, {"pop": 2}), [TUESDAY], run=1)

    table = other.table("kpi_plays")
    assert table is not None
    assert [field.name for field in table.schema().fields] == list(wide.column_names)
    assert plays(other) == {(MONDAY, "pop"): 1, (TUESDAY, "pop"): 2}
    rows = table.scan(selected_fields=("listen_date", "share")).to_arrow().to_pylist()
    assert sorted((row["listen_date"], row["share"]) for row in rows) == [(MONDAY, None), (TUESDAY, 7.0)]


def test_a_kpi_that_loses_a_column_keeps_it_in_the_lake_unread(lake: Lake) -> None:
    narrow, wide = kpi(), kpi(share="double")
    lake.kpi_table(wide)

    lake.replace(lake.base(narrow, [MONDAY]), staged_plays(lake, narrow, MONDAY, {"pop": 1}), [MONDAY], run=1)

    assert plays(lake) == {(MONDAY, "pop"): 1}


@pytest.mark.parametrize(("before", "after"), [("long", "double"), ("int", "long"), ("string", "long")])
def test_a_column_keeps_its_type(lake: Lake, before: ColumnType, after: ColumnType) -> None:
    lake.kpi_table(kpi(more=before))

    with pytest.raises(KpiError, match=r"plays\.sql: column more is") as refusal:
        lake.kpi_table(kpi(more=after))

    assert refusal.value.hint


def test_two_that_widen_a_table_at_once_do_not_undo_one_another(lake: Lake, other: Lake) -> None:
    late = lake.kpi_table(kpi())
    other.kpi_table(kpi(theirs="long"))

    with pytest.raises(Conflict, match="kpi_plays"):
        commits.widen(late, kpi_table(kpi(mine="long")).schema)

    table = lake.kpi_table(kpi(theirs="long", mine="long"))
    assert [field.name for field in table.schema().fields][-2:] == ["theirs", "mine"]


def test_a_lake_whose_folder_was_moved_says_so(lake: Lake, tmp_path: Path) -> None:
    lake.append("listens", staged_listens(lake, MONDAY, [1]), run=1)
    lake.close()
    Path(lake.location).rename(tmp_path / "moved")

    with pytest.raises(LakeError, match="listens") as refusal:
        read_listens(tmp_path / "moved")

    assert "moved" in str(refusal.value.hint)


def read_listens(folder: Path) -> list[int]:
    lake = open_lake(str(folder), "hitparade")
    try:
        return load_ids(lake)
    finally:
        lake.close()


def test_a_lake_below_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(StorageError, match="file"):
        open_lake(str(tmp_path / "file" / "lake"), "hitparade")


def test_a_catalog_that_is_no_database_is_no_lake(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").write_bytes(b"no database, whatever its name says\n" * 100)

    with pytest.raises(LakeError, match=r"catalog\.db") as refusal:
        open_lake(str(tmp_path), "hitparade")

    assert refusal.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is denied to root")
def test_a_folder_without_rights_is_a_storage_error(tmp_path: Path) -> None:
    folder = tmp_path / "denied"
    folder.mkdir(mode=0o500)

    with pytest.raises(StorageError, match="denied"):
        open_lake(str(folder), "hitparade")


def test_a_lake_named_by_a_relative_path_is_the_same_from_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lake = open_lake("lake", "hitparade")
    lake.append("listens", staged_listens(lake, MONDAY, [1]), run=1)
    monkeypatch.chdir("/")

    (file,) = lake.files("listens")

    assert Path(file.path).is_absolute()
    assert pq.ParquetFile(file.path).metadata.num_rows == 1
    lake.close()
