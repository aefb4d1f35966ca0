"""Maintenance beside running pipelines, each in a process of its own: nothing is lost, doubled or refused."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from pyiceberg.table import Table

from hitparade import pipeline
from hitparade.config import read_settings
from hitparade.lake import Lake, open_lake
from hitparade.lake.upkeep import Exchange, exchange
from hitparade.maintain import Maintained
from hitparade.workspace import open_workspace
from tests.lake.tables import MONDAY, load_ids, staged_listens
from tests.maintain.past import maintained_by, make_past, meaning, rows
from tests.shop import HEADERS, Shop
from tests.together import at_once

ROUNDS, FILES = 5, 3


def at_work(root: Path, who: str) -> list[str]:
    """Deliver and load, or maintain, again and again; how each round of maintenance went."""
    settings = read_settings(root / "hitparade.toml")
    said = []
    for number in range(ROUNDS):
        if who == "maintain":
            said.append(str(maintained_by(settings, after=timedelta())))
            continue
        for each in range(FILES):
            name = f"{who}-{number}-{each}.csv"
            lines = [HEADERS["streams"], *rows(number * FILES + each, 1 + each % 2), ""]
            part = root / "data" / "streams" / f".{name}.part"
            part.write_text("\n".join(lines))
            part.rename(part.with_name(name))
        with open_workspace(settings, command="run") as ws:
            pipeline.run(ws)
    return said


def test_beside_a_running_pipeline_nothing_is_lost_or_doubled(shop: Shop, tmp_path: Path) -> None:
    other = Shop(tmp_path / "other")
    for each in (shop, other):
        make_past(each, files=4)

    at_once(at_work, (shop.root, "pipeline"), (shop.root, "maintain"))

    at_work(other.root, "pipeline")
    ours, theirs = meaning(shop), meaning(other)
    assert ours["kpis"] == theirs["kpis"]
    for table, loads in ours["rows"].items():
        assert Counter(loads.values()) == Counter(theirs["rows"][table].values()), table


def one_of_two(root: Path) -> Maintained:
    """Maintain."""
    return maintained_by(read_settings(root / "hitparade.toml"), after=timedelta())


def test_two_at_once_put_no_file_together_twice(shop: Shop) -> None:
    make_past(shop, files=8)
    before = meaning(shop)

    both = at_once(one_of_two, (shop.root,), (shop.root,))

    assert meaning(shop) == before
    with shop.open() as ws:
        files = Counter(file.day for file in ws.lake.files("listens"))
    assert set(files.values()) == {1}
    assert sum(each.into for each in both) >= len(files)


def test_files_are_exchanged_only_where_a_table_has_them_all(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path / "lake"), "hitparade")
    first, second, third = (staged_listens(lake, MONDAY, [number])[0] for number in (1, 2, 3))
    for path in (first, second, third):
        lake.append("listens", [path], run=1)
    together = staged_listens(lake, MONDAY, [1, 2])
    again = staged_listens(lake, MONDAY, [2, 3])

    done = exchange(lake, "listens", [Exchange((first, second), tuple(together))])
    late = exchange(lake, "listens", [Exchange((second, third), tuple(again))])

    assert ([each.added for each in done], late) == ([tuple(together)], ())
    assert load_ids(lake) == [1, 2, 3]
    lake.close()


def test_an_append_that_comes_between_is_kept(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path / "lake"), "hitparade")
    other = open_lake(str(tmp_path / "lake"), "hitparade")
    paths = [staged_listens(lake, MONDAY, [number])[0] for number in (1, 2)]
    lake.append("listens", paths, run=1)
    together = staged_listens(lake, MONDAY, [1, 2])
    interrupting = Interrupted(lake, other)

    done = exchange(interrupting, "listens", [Exchange(tuple(paths), tuple(together))])

    assert len(done) == 1
    assert interrupting.looks == 2
    assert load_ids(lake) == [1, 2, 3]
    lake.close()
    other.close()


class Interrupted(Lake):
    """A lake to which another process appends just after it was looked at for the first time."""

    def __init__(self, lake: Lake, other: Lake) -> None:
        super().__init__(lake.catalog, lake.location, lake.namespace, lake.storage)
        self.other = other
        self.looks = 0

    def table(self, name: str) -> Table | None:
        """See Lake."""
        found = super().table(name)
        self.looks += 1
        if self.looks == 1:
            self.other.append(name, staged_listens(self.other, MONDAY, [3]), run=1)
        return found
