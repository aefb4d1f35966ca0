"""Maintenance makes a lake small, and nobody who reads it can tell."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from hitparade.errors import Fenced, LakeError
from hitparade.lake import open_lake
from hitparade.lake.upkeep import SNAPSHOTS_LEFT, tables
from tests.lake.tables import MONDAY, kpi, plays, staged_plays
from tests.maintain.past import (
    GRACE,
    files_below,
    killed,
    loads,
    maintained,
    make_past,
    meaning,
    recorded,
    run_once,
)
from tests.shop import Shop

PLAYS = kpi()


def test_a_lake_becomes_small_and_means_what_it_meant(shop: Shop) -> None:
    make_past(shop)
    before, were = meaning(shop), files_below(shop)

    first = maintained(shop)
    second = maintained(shop, after=2 * GRACE)

    assert meaning(shop) == before
    assert (first.merged > 10, first.snapshots > 10, second.merged, second.snapshots) == (True, True, 0, 0)
    assert second.files == first.waiting > 30
    with shop.open() as ws:
        of_a_day = Counter(file.day for file in ws.lake.files("listens"))
        snapshots = {name: len(found.snapshots()) for name in tables(ws.lake) if (found := ws.lake.table(name))}
    assert set(of_a_day.values()) == {1}
    assert set(snapshots.values()) <= {0, 1}
    assert len(files_below(shop)) < min(20 * len(snapshots), len(were))


def test_the_last_snapshots_stay_while_they_are_young(shop: Shop) -> None:
    make_past(shop, files=5)

    maintained(shop, after=timedelta())

    with shop.open() as ws:
        listens = ws.lake.table("listens")
        assert listens is not None
        assert len(listens.snapshots()) == SNAPSHOTS_LEFT


def test_what_goes_on_afterwards_goes_on_rightly(shop: Shop, tmp_path: Path) -> None:
    other = Shop(tmp_path / "other")
    for each in (shop, other):
        make_past(each, files=6)
    maintained(shop)
    maintained(shop, after=2 * GRACE)
    for each in (shop, other):
        each.deliver("streams", "1.csv", ["7,t3,2024-06-02 10:00:00"])
        each.deliver("streams", "new.csv", ["7,t3,2024-06-03 10:00:00"])
        each.run()

    assert shop.everything() == other.everything()


def test_a_dry_run_changes_nothing_and_says_what_a_real_one_does(shop: Shop) -> None:
    make_past(shop, files=4)
    maintained(shop)
    shop.deliver("streams", "2.csv", rows_again())
    shop.run()
    before, listed = files_below(shop), planned_files(shop)

    said = maintained(shop, after=2 * GRACE, dry=True)

    assert before <= files_below(shop)
    assert planned_files(shop) == listed
    done = maintained(shop, after=2 * GRACE)
    assert (said.rows, said.merged, said.into, said.files) == (done.rows, done.merged, done.into, done.files)
    assert said.files > 0
    assert said.rows == {"listens": 5}


def rows_again() -> list[str]:
    """Another correction."""
    return ["1,t1,2024-06-01 11:00:00"]


def test_rows_of_corrected_files_leave_after_the_time_of_grace(shop: Shop) -> None:
    make_past(shop)
    gone = recorded(shop, "superseded")
    assert gone <= set(loads(shop, "listens"))

    maintained(shop, after=timedelta())
    assert gone <= set(loads(shop, "listens"))  # a reader may have asked the ledger just before

    outcome = maintained(shop)

    assert outcome.rows == {"listens": 5, "rejects": 2}
    assert set(loads(shop, "listens")) == streams_loaded(shop)
    assert not gone & set(loads(shop, "rejects"))


def streams_loaded(shop: Shop) -> set[int]:
    """load_ids of streams in effect."""
    with shop.open() as ws:
        return set(ws.ledger.load_ids("streams"))


def test_rows_of_a_killed_load_leave_when_a_later_run_has_begun(shop: Shop) -> None:
    make_past(shop, files=4)
    shop.deliver("streams", "late.csv", ["1,t1,2024-06-01 12:00:00"])
    assert killed(shop, run_once, "load.appended")
    known = recorded(shop, "loaded", "superseded")
    orphans = set(loads(shop, "listens")) - known
    assert len(orphans) == 1

    maintained(shop)
    assert orphans <= set(loads(shop, "listens"))  # its run is the latest: for all that is known it may still record it

    shop.run()
    before = meaning(shop)
    outcome = maintained(shop)

    assert not orphans & set(loads(shop, "listens"))
    assert outcome.rows["listens"] == 1
    assert meaning(shop) == before


def test_files_of_a_killed_load_are_swept_and_fresh_ones_are_not(shop: Shop) -> None:
    make_past(shop, files=2)
    shop.deliver("streams", "late.csv", ["1,t1,2024-06-01 12:00:00"])
    before = files_below(shop, "lake/listens/data")
    assert killed(shop, run_once, "load.staged")
    orphans = files_below(shop, "lake/listens/data") - before
    assert orphans

    fresh = maintained(shop, after=timedelta())
    assert (fresh.files, fresh.waiting) == (0, 0)
    maintained(shop)
    assert orphans <= files_below(shop, "lake/listens/data")  # out of use for no time yet, as far as anyone knows
    maintained(shop, after=2 * GRACE)

    assert not orphans & files_below(shop, "lake/listens/data")


def test_a_file_out_of_use_stays_for_who_has_planned_with_it(shop: Shop) -> None:
    make_past(shop, files=5)
    planned = planned_files(shop)

    old = maintained(shop, after=10 * GRACE)  # the files are old, but went out of use just now

    replaced = planned - planned_files(shop)
    assert old.merged
    assert len(replaced) > 2
    assert all(path.exists() for path in replaced)
    maintained(shop, after=11 * GRACE)
    assert not any(path.exists() for path in replaced)


def planned_files(shop: Shop) -> set[Path]:
    """The files of listens."""
    with shop.open() as ws:
        return {Path(file.path) for file in ws.lake.files("listens")}


def test_folders_and_notes_do_not_pile_up(shop: Shop) -> None:
    make_past(shop, files=3)
    for age in range(1, 4):
        maintained(shop, after=age * GRACE)

    folders = [path for path in (shop.root / "lake").rglob("*") if path.is_dir() and not any(path.iterdir())]
    assert folders == []
    assert (shop.root / "lake" / "unreferenced.json").read_text() == "{}"


def test_nothing_is_removed_where_names_are_not_what_they_seem(shop: Shop) -> None:
    make_past(shop, files=2)
    before = files_below(shop)
    moved = shop.root / "moved"
    (shop.root / "lake").rename(moved)
    (shop.root / "lake").symlink_to(moved)
    config = shop.root / "hitparade.toml"
    config.write_text(config.read_text().replace('location = "lake"', 'location = "moved"'))

    with pytest.raises(LakeError, match="lies in"):
        maintained(shop, after=2 * GRACE)

    assert {path.name for path in before} <= {path.name for path in files_below(shop, "moved")}


def test_a_missing_file_is_told_and_nothing_is_removed(shop: Shop) -> None:
    make_past(shop, files=5)
    maintained(shop)
    with shop.open() as ws:
        Path(ws.lake.files("kpi_hourly")[0].path).unlink()
    before = files_below(shop)

    with pytest.raises(LakeError, match="kpi_hourly names 1 files that are not there"):
        maintained(shop, after=2 * GRACE)

    assert before <= files_below(shop)


# -- tables of KPIs


def many_files(shop: Shop, *, run: int) -> None:
    """A KPI's day in more files than it needs."""
    with shop.open() as ws:
        base = ws.lake.base(PLAYS, [MONDAY])
        paths = [path for each in range(6) for path in staged_plays(ws.lake, PLAYS, MONDAY, {f"genre {each}": each})]
        ws.lake.replace(base, paths, [MONDAY], run=run)


def test_a_stale_run_cannot_write_through_a_maintained_table(shop: Shop) -> None:
    many_files(shop, run=7)
    with shop.open() as ws:
        before = plays(ws.lake)

    outcome = maintained(shop)

    lake = open_lake(str(shop.root / "lake"), "hitparade")
    try:
        assert (outcome.merged, len(lake.files("kpi_plays"))) == (6, 1)
        assert plays(lake) == before
        with pytest.raises(Fenced):
            lake.replace(lake.base(PLAYS, [MONDAY]), staged_plays(lake, PLAYS, MONDAY, {"pop": 1}), [MONDAY], run=6)
        lake.replace(lake.base(PLAYS, [MONDAY]), staged_plays(lake, PLAYS, MONDAY, {"pop": 2}), [MONDAY], run=7)
        assert plays(lake) == {(MONDAY, "pop"): 2}
    finally:
        lake.close()


def test_tables_of_kpis_are_left_alone_while_a_pipeline_is_at_work(shop: Shop) -> None:
    many_files(shop, run=1)
    with shop.open() as ws:
        ws.turn.begin()
        outcome = maintained(shop, after=timedelta())

        assert (outcome.busy, outcome.merged) == (["kpi_plays"], 0)
        assert len(ws.lake.files("kpi_plays")) == 6
    assert maintained(shop).merged == 6
