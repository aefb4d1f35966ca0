"""Commits: appends meet any base, replacements only the one they were decided on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from hitparade.errors import Conflict, Fenced
from hitparade.lake import Lake
from tests.lake.tables import MONDAY, TUESDAY, WEDNESDAY, kpi, load_ids, plays, staged_listens, staged_plays

PLAYS = kpi()
pytestmark = pytest.mark.parametrize("lake", ["disk", "glue"], indirect=True)


def replaced(lake: Lake, *, run: int, day: date = MONDAY, pop: int = 0, rock: int = 0) -> None:
    """Compute a KPI's day anew and commit it."""
    counts = {genre: count for genre, count in {"pop": pop, "rock": rock}.items() if count}
    lake.replace(lake.base(PLAYS, [day]), staged_plays(lake, PLAYS, day, counts), [day], run=run)


def test_appended_rows_are_visible_to_others_by_day(lake: Lake, other: Lake) -> None:
    lake.append("listens", staged_listens(lake, MONDAY, [1, 2]), run=1)
    lake.append("listens", staged_listens(lake, TUESDAY, [3]), run=1)

    assert load_ids(other) == [1, 2, 3]
    assert load_ids(other, [TUESDAY]) == [3]
    assert load_ids(other, {MONDAY, TUESDAY}) == [1, 2, 3]
    assert load_ids(other, [WEDNESDAY]) == []
    assert load_ids(other, []) == []
    assert {(file.day, file.rows) for file in other.files("listens")} == {(MONDAY, 2), (TUESDAY, 1)}


def test_an_append_meets_a_table_that_others_have_changed(lake: Lake, other: Lake) -> None:
    mine, theirs = staged_listens(lake, MONDAY, [1]), staged_listens(other, MONDAY, [2])
    other.append("listens", theirs, run=2)
    lake.append("listens", mine, run=1)

    assert load_ids(lake) == [1, 2]


def test_nothing_to_append_is_no_commit(lake: Lake) -> None:
    lake.append("listens", [], run=1)

    table = lake.table("listens")
    assert table is not None
    assert table.snapshots() == []


def test_what_was_staged_and_never_named_by_a_commit_goes_when_the_lake_is_closed(lake: Lake, other: Lake) -> None:
    (staged,) = staged_listens(other, MONDAY, [1])
    other.append("listens", named := staged_listens(other, MONDAY, [2]), run=1)
    assert load_ids(lake) == [2]

    other.close()

    assert lake.storage.stat(staged) is None
    assert [lake.storage.stat(path) is not None for path in named] == [True]


def test_an_attempt_has_a_folder_of_its_own(lake: Lake) -> None:
    lake.staging("listens", "1")
    if "://" in lake.location:
        pytest.skip("a bucket has no folders")

    with pytest.raises(Exception, match="listens/data/1"):
        lake.staging("listens", "1")


def test_days_take_the_place_of_the_same_days_and_of_no_others(lake: Lake, other: Lake) -> None:
    replaced(lake, run=1, day=MONDAY, pop=1, rock=1)
    replaced(lake, run=1, day=TUESDAY, pop=2)
    replaced(lake, run=2, day=MONDAY, pop=9)

    assert plays(other) == {(MONDAY, "pop"): 9, (TUESDAY, "pop"): 2}
    assert plays(other, [MONDAY]) == {(MONDAY, "pop"): 9}


def test_a_day_without_files_takes_the_place_of_one_with_some(lake: Lake) -> None:
    replaced(lake, run=1, day=MONDAY, pop=1)
    replaced(lake, run=1, day=TUESDAY, pop=2)
    lake.replace(lake.base(PLAYS, [MONDAY]), [], [MONDAY], run=2)

    assert plays(lake) == {(TUESDAY, "pop"): 2}


def test_several_replacements_go_on_from_one_base(lake: Lake) -> None:
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        replaced(lake, run=1, day=day, rock=1)

    base = lake.base(PLAYS, [MONDAY, TUESDAY, WEDNESDAY])
    assert len(base.paths([MONDAY])) == 1
    for day in (MONDAY, WEDNESDAY):
        base = lake.replace(base, staged_plays(lake, PLAYS, day, {"new": 2}), [day], run=2)

    assert plays(lake) == {(MONDAY, "new"): 2, (TUESDAY, "rock"): 1, (WEDNESDAY, "new"): 2}
    assert (base.paths([MONDAY]), len(base.paths([TUESDAY]))) == ([], 1)


@pytest.mark.parametrize("first", [True, False], ids=["the table's first commit", "a later one"])
def test_a_base_that_moved_is_a_conflict_and_nothing_changes(lake: Lake, other: Lake, first: bool) -> None:
    if not first:
        replaced(lake, run=1, day=TUESDAY, pop=1)
    base = lake.base(PLAYS, [MONDAY])
    replaced(other, run=1, day=MONDAY, pop=2)
    before = plays(other)

    with pytest.raises(Conflict, match="kpi_plays"):
        lake.replace(base, staged_plays(lake, PLAYS, MONDAY, {"pop": 3}), [MONDAY], run=1)

    assert plays(other) == before
    replaced(lake, run=1, day=MONDAY, pop=3)
    assert plays(other) == {**before, (MONDAY, "pop"): 3}


def test_a_base_moves_with_any_day(lake: Lake, other: Lake) -> None:
    base = lake.base(PLAYS, [MONDAY])
    replaced(other, run=1, day=TUESDAY, pop=2)

    with pytest.raises(Conflict):
        lake.replace(base, staged_plays(lake, PLAYS, MONDAY, {"pop": 3}), [MONDAY], run=1)


def test_a_base_written_by_a_later_run_is_not_touched(lake: Lake, other: Lake) -> None:
    replaced(other, run=8, pop=8)

    with pytest.raises(Fenced, match="run 8"):
        replaced(lake, run=7, pop=7)

    assert plays(lake) == {(MONDAY, "pop"): 8}
    replaced(lake, run=8, pop=88)
    replaced(lake, run=9, pop=9)
    assert plays(lake) == {(MONDAY, "pop"): 9}


def test_a_run_that_decided_long_ago_comes_too_late(lake: Lake, other: Lake) -> None:
    base = lake.base(PLAYS, [MONDAY])
    files = staged_plays(lake, PLAYS, MONDAY, {"pop": 7})
    replaced(other, run=8, pop=8)

    with pytest.raises((Conflict, Fenced)):
        lake.replace(base, files, [MONDAY], run=7)

    assert plays(other) == {(MONDAY, "pop"): 8}


def test_the_stamp_of_a_run_outlives_expired_snapshots_and_new_columns(lake: Lake) -> None:
    for number in range(25):
        replaced(lake, run=8, pop=number)
    lake.kpi_table(kpi(more="long"))

    with pytest.raises(Fenced):
        replaced(lake, run=7, pop=7)


def test_a_plan_of_many_days(lake: Lake) -> None:
    """More than the 200 values that Iceberg compares with a manifest's bounds."""
    days = [MONDAY + timedelta(days=number) for number in range(300)]
    lake.append("listens", [path for day in days for path in staged_listens(lake, day, [day.toordinal()])], run=1)

    assert load_ids(lake, days[10:260]) == [day.toordinal() for day in days[10:260]]
