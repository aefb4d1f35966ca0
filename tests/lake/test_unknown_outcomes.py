"""A commit whose answer is an error may have happened all the same; then it is taken for what it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import CommitTableResponse

from hitparade.errors import StorageError
from hitparade.lake import Lake, open_lake
from tests.lake.tables import MONDAY, TUESDAY, kpi, load_ids, plays, staged_listens, staged_plays

PLAYS = kpi()


class LostAnswer(Exception):
    """The line went dead."""


class Unreliable(SqlCatalog):
    """A catalog whose next answers are lost: `before` the commit happens, or `after`."""

    lose: list[str]

    def commit_table(self, *arguments: Any, **named: Any) -> CommitTableResponse:
        moment = self.lose.pop(0) if self.lose else ""
        if moment == "before":
            raise LostAnswer
        response = super().commit_table(*arguments, **named)
        if moment == "after":
            raise LostAnswer
        return response


@pytest.fixture
def unreliable(lake: Lake) -> Iterator[Lake]:
    catalog = Unreliable(lake.catalog.name, **lake.catalog.properties)
    catalog.lose = []
    yield Lake(catalog, lake.location, lake.namespace, lake.storage)
    catalog.close()


def lose(lake: Lake, *moments: str) -> None:
    assert isinstance(lake.catalog, Unreliable)
    lake.catalog.lose = list(moments)


def test_an_append_that_happened_is_recognised(unreliable: Lake, lake: Lake) -> None:
    lose(unreliable, "after")
    unreliable.append("listens", staged_listens(unreliable, MONDAY, [1]), run=1)
    unreliable.append("listens", staged_listens(unreliable, MONDAY, [2]), run=1)

    assert load_ids(lake) == [1, 2]


def test_an_append_that_did_not_happen_is_said(unreliable: Lake, lake: Lake) -> None:
    lose(unreliable, "before")
    with pytest.raises(StorageError, match="listens"):
        unreliable.append("listens", staged_listens(unreliable, MONDAY, [1]), run=1)

    assert load_ids(lake) == []
    unreliable.append("listens", staged_listens(unreliable, MONDAY, [2]), run=1)
    assert load_ids(lake) == [2]


def test_a_replacement_that_happened_is_recognised_and_others_go_on_from_it(unreliable: Lake, lake: Lake) -> None:
    base = unreliable.base(PLAYS, [MONDAY, TUESDAY])
    base = unreliable.replace(base, staged_plays(unreliable, PLAYS, MONDAY, {"pop": 1}), [MONDAY], run=1)
    base = unreliable.base(PLAYS, [MONDAY, TUESDAY])
    lose(unreliable, "after")
    base = unreliable.replace(base, staged_plays(unreliable, PLAYS, MONDAY, {"pop": 2}), [MONDAY], run=1)
    unreliable.replace(base, staged_plays(unreliable, PLAYS, TUESDAY, {"pop": 3}), [TUESDAY], run=1)

    assert plays(lake) == {(MONDAY, "pop"): 2, (TUESDAY, "pop"): 3}


def test_a_replacement_that_did_not_happen_is_said(unreliable: Lake, lake: Lake) -> None:
    base = unreliable.base(PLAYS, [MONDAY])
    lose(unreliable, "before")

    with pytest.raises(StorageError, match="kpi_plays"):
        unreliable.replace(base, staged_plays(unreliable, PLAYS, MONDAY, {"pop": 1}), [MONDAY], run=1)

    assert plays(lake) == {}


def test_a_lost_answer_while_old_snapshots_are_let_go_harms_nothing(unreliable: Lake, lake: Lake) -> None:
    """The rows are committed by then."""
    for number in range(20):
        unreliable.append("listens", staged_listens(unreliable, MONDAY, [number]), run=1)
    for moment in ("before", "after"):
        lose(unreliable, "", moment)
        unreliable.append("listens", staged_listens(unreliable, MONDAY, [100]), run=1)
    unreliable.append("listens", staged_listens(unreliable, MONDAY, [101]), run=1)

    assert load_ids(lake) == [*range(20), 100, 100, 101]


def test_a_catalog_that_cannot_be_read_is_a_storage_error(lake: Lake, tmp_path: Path) -> None:
    """Such as one on a disk that went away."""
    broken = open_lake(lake.location, lake.namespace)
    (Path(lake.location) / "catalog.db").rename(tmp_path / "elsewhere")
    for end in ("-wal", "-shm"):
        (Path(lake.location) / f"catalog.db{end}").unlink(missing_ok=True)
    (Path(lake.location) / "catalog.db").mkdir()
    broken.catalog.engine.dispose()  # type: ignore[attr-defined]  # it is SQL

    with pytest.raises(StorageError, match="catalog"):
        broken.files("listens")
    broken.close()
