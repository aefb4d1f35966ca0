"""Several processes at one lake: it is made once, and nothing that was appended is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.typedef import Identifier

from hitparade.errors import Conflict
from hitparade.lake import Lake, open_lake
from hitparade.lake.tables import DATA_TABLES
from tests.lake.tables import MONDAY, kpi, load_ids, plays, staged_listens, staged_plays
from tests.together import at_once

PROCESSES, EACH = 4, 5
PLAYS = kpi()


def opened_first(folder: Path, process: int) -> list[str]:
    """Open a lake that may not be there yet, use it, and list its tables."""
    lake = open_lake(str(folder), "hitparade")
    lake.append("listens", staged_listens(lake, MONDAY, [process], attempt=f"process-{process}"), run=1)
    lake.kpi_table(PLAYS)
    tables = sorted(name for _, name in lake.catalog.list_tables(lake.namespace))
    lake.close()
    return tables


def test_processes_that_open_a_new_lake_at_once_make_one(tmp_path: Path) -> None:
    tables = at_once(opened_first, *((tmp_path / "lake", number) for number in range(PROCESSES)))

    assert {*DATA_TABLES, "kpi_plays"} == {name for each in tables for name in each}
    lake = open_lake(str(tmp_path / "lake"), "hitparade")
    assert load_ids(lake) == list(range(PROCESSES))
    lake.close()


class TooEarly(SqlCatalog):
    """A catalog that looks for the namespace just before another process makes it."""

    def namespace_exists(self, namespace: str | Identifier) -> bool:  # noqa: ARG002 - the interface's word
        return False


def test_a_process_that_looks_just_before_another_makes_the_lake_finds_it_made(lake: Lake) -> None:
    catalog = TooEarly(lake.catalog.name, **lake.catalog.properties)
    early = Lake(catalog, lake.location, lake.namespace, lake.storage)

    early.prepare()

    assert early.files("listens") == ()
    early.close()


def appended(folder: Path, process: int) -> None:
    """Append again and again."""
    lake = open_lake(str(folder), "hitparade")
    for number in range(EACH):
        load_id = process * EACH + number
        day = MONDAY + timedelta(days=number)
        lake.append("listens", staged_listens(lake, day, [load_id], attempt=f"load-{load_id}"), run=process)
    lake.close()


def test_processes_that_append_at_once_lose_nothing(lake: Lake) -> None:
    at_once(appended, *((lake.location, number) for number in range(PROCESSES)))

    assert load_ids(lake) == list(range(PROCESSES * EACH))


def counted_up(folder: Path, process: int) -> int:
    """Add one to a KPI's number again and again, deciding anew whenever the table moved; how often it had."""
    lake = open_lake(str(folder), "hitparade")
    conflicts = 0
    for number in range(EACH):
        while True:
            base = lake.base(PLAYS, [MONDAY])
            before = plays(lake)  # what was read after the base was taken
            count = before.get((MONDAY, "pop"), 0) + 1
            files = staged_plays(lake, PLAYS, MONDAY, {"pop": count}, attempt=f"{process}-{number}-{conflicts}")
            try:
                lake.replace(base, files, [MONDAY], run=1)
            except Conflict:
                conflicts += 1
            else:
                break
    lake.close()
    return conflicts


def test_processes_that_replace_what_they_read_lose_no_update(lake: Lake) -> None:
    lake.kpi_table(PLAYS)

    at_once(counted_up, *((lake.location, number) for number in range(3)))

    assert plays(lake) == {(MONDAY, "pop"): 3 * EACH}
