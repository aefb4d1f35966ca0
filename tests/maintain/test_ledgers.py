"""What a ledger lets go of, in every database: what nothing refers to, and no sooner than it is safe."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from hitparade.errors import Fenced
from hitparade.ledger import open_ledger
from hitparade.ledger.dynamodb.ledger import DynamoLedger
from hitparade.ledger.sql import SqlLedger
from hitparade.ledger.upkeep import FREE_PAGES
from tests.dynamodb import dynamodb_moto, new_table, reach  # noqa: F401 - a fixture
from tests.ledger.records import MONDAY, NOW, begun, computation, delivery, publication, record
from tests.s3 import Server

HOUR = timedelta(hours=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """One in SQLite."""
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    assert isinstance(ledger, SqlLedger)
    ledger.prepare({})
    with closing(ledger):
        yield ledger


def runs_in(folder: Path) -> list[int]:
    """The runs that are in the database."""
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        return [run for (run,) in database.execute("SELECT run FROM runs ORDER BY run")]


def test_runs_that_nothing_refers_to_are_forgotten_but_for_the_latest(ledger: SqlLedger, tmp_path: Path) -> None:
    idle = begun(ledger)
    loading = begun(ledger)
    record(ledger, loading, delivery())
    computing = begun(ledger)
    ledger.record_computations(computing, [computation("k", MONDAY, run=computing)])
    publishing = begun(ledger)
    ledger.record_publications(publishing, [publication("s", "t", MONDAY, run=publishing)])
    young = begun(ledger)
    ledger.beat(young, now=NOW + 2 * HOUR)
    latest = begun(ledger)

    assert ledger.forget_runs(before=NOW + HOUR, dry=True) == 1
    assert idle in runs_in(tmp_path)
    assert ledger.forget_runs(before=NOW + HOUR, dry=False) == 1

    assert runs_in(tmp_path) == [loading, computing, publishing, young, latest]
    assert begun(ledger) == latest + 1


def test_a_forgotten_run_is_fenced_as_before(ledger: SqlLedger) -> None:
    early, _ = begun(ledger), begun(ledger)
    ledger.forget_runs(before=NOW + HOUR, dry=False)

    with pytest.raises(Fenced):
        record(ledger, early, delivery())


def test_a_database_with_much_that_is_free_shrinks(ledger: SqlLedger, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE filler (bytes BLOB)")
        database.executemany("INSERT INTO filler VALUES (?)", [(bytes(4000),)] * (2 * FREE_PAGES))
        database.execute("DROP TABLE filler")
    ledger.forget_runs(before=NOW, dry=True)
    big = path.stat().st_size

    ledger.forget_runs(before=NOW, dry=False)

    assert path.stat().st_size < big / 4


def test_dynamodb_forgets_by_which_token_runs_that_are_fenced_knew_their_commits(
    dynamodb_moto: Server,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reach(dynamodb_moto, monkeypatch)
    ledger = DynamoLedger(new_table())
    with closing(ledger):
        ledger.prepare({})
        for number in range(5):
            record(ledger, begun(ledger), delivery(f"{number}.csv", content=str(number)))
        latest = begun(ledger)
        record(ledger, latest, delivery("last.csv", content="last"))
        before = ledger.deliveries()

        assert (ledger.forget_runs(before=NOW, dry=True), ledger.forget_runs(before=NOW, dry=False)) == (5, 5)

        left = list(ledger.table.query("commits"))
        assert [item["run"] for item in left] == [latest]
        assert ledger.deliveries() == before
        record(ledger, begun(ledger), delivery("more.csv", content="more"))
        assert ledger.forget_runs(before=NOW, dry=False) == 1
