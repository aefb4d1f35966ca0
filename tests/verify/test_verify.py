"""Each invariant is named when it is broken, and none beside a pipeline at work."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from hitparade import faults, pipeline
from hitparade.cli.app import run
from hitparade.contracts.reference import EXAMPLE
from hitparade.verify import INVARIANTS, verify
from tests.damage import replaced, told_otherwise
from tests.shop import Shop

DAY = date(2024, 6, 25)
LONG = timedelta(days=1)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A workspace with some of everything: two days, two files that share one, a repeat, rejected rows, a catalogue."""
    shop = Shop(tmp_path, settings='sinks = ["files:exports"]')
    shop.manifest("streams", EXAMPLE.replace('"quarantine"', '"reject_rows"'))
    shop.deliver("songs", "songs.csv", ["a,Artist,Album,Song,50,200000,pop"])
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 10:00:00", "2,b,2024-06-25 11:00:00", "3,b,nothing"])
    shop.deliver("streams", "streams2.csv", ["1,a,2024-06-25 10:00:00", "1,a,2024-06-24 10:00:00"])
    shop.run()
    return shop


def broken(shop: Shop, patience: timedelta = LONG) -> dict[str, set[str]]:
    """What does not hold: invariants, and of what."""
    found: dict[str, set[str]] = {}
    with shop.open("verify") as ws:
        for each in verify(ws, patience=patience).broken:
            found.setdefault(each.invariant, set()).add(each.subject)
    return found


def one_of(shop: Shop, table: str) -> Path:
    """A Parquet file of a table, of the day."""
    with shop.open() as ws:
        return Path(next(file.path for file in ws.lake.files(table) if file.day in (DAY, None)))


def test_nothing_is_broken_and_everything_was_compared(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "--config", str(shop.root / "hitparade.toml"), "--format", "json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["broken"] == []
    assert set(found["compared"]) == set(INVARIANTS)
    assert [name for name, count in found["compared"].items() if not count] == ["behind"]


def test_what_is_broken_is_named_and_the_exit_code_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    told_otherwise(shop, "UPDATE deliveries SET rows_read = rows_read + 1 WHERE uri LIKE '%streams2%'")

    assert run(["verify", "--config", str(shop.root / "hitparade.toml")]) == 1
    out = capsys.readouterr().out
    assert "(data/streams/streams2.csv): 3 rows were read, 2 loaded, 0 rejected" in out
    assert run(["verify", "--config", str(shop.root / "hitparade.toml"), "--json"]) == 1
    (each,) = json.loads(capsys.readouterr().out)["broken"]
    assert each["invariant"] == "counted"


def test_a_file_of_the_lake_that_is_lost_or_cut_is_named(shop: Shop) -> None:
    lost, cut = one_of(shop, "listens"), one_of(shop, "kpi_genre_daily")
    lost.unlink()
    cut.write_bytes(cut.read_bytes()[:-1])

    found = broken(shop)

    assert found["files"] == {str(lost), str(cut)}
    assert "loaded" in found
    assert found["days"] == {str(DAY)}


def test_rows_that_came_twice_under_one_load_id_are_named(shop: Shop) -> None:
    with shop.open() as ws:
        ws.turn.begin()
        folder = Path(ws.lake.staging("listens", "twice"))
        (folder / "0.parquet").write_bytes(one_of(shop, "listens").read_bytes())
        ws.lake.append("listens", [str(folder / "0.parquet")], run=ws.turn.number)

    found = broken(shop)

    assert found.keys() == {"loaded", "days"}
    assert found["days"] == {str(DAY)}
    assert all("streams" in each for each in found["loaded"])


def test_days_that_the_ledger_counts_otherwise_are_named(shop: Shop) -> None:
    told_otherwise(shop, "UPDATE touched_days SET rows = rows + 1 WHERE listen_date = '2024-06-24' AND rows > 0")

    found = broken(shop)

    assert found.keys() == {"days", "repeats"}
    assert found["days"] == {"2024-06-24"}


def test_rejected_rows_that_are_lost_are_named(shop: Shop) -> None:
    one_of(shop, "rejects").unlink()

    found = broken(shop)

    assert found.keys() == {"files", "rejects"}
    assert [each.endswith("(data/streams/streams1.csv)") for each in found["rejects"]] == [True]


def test_rows_of_a_kpi_that_nobody_computed_are_named(shop: Shop) -> None:
    replaced(shop, "genre_daily", DAY, lambda rows: rows.slice(1))

    assert broken(shop) == {"stored": {f"genre_daily of {DAY}"}}


@pytest.mark.parametrize("kpi", ["hourly", "user_daily", "track_daily"])
def test_sums_that_are_not_the_days_listens_are_named(shop: Shop, kpi: str) -> None:
    def one_more(rows: pa.Table) -> pa.Table:
        place = rows.schema.get_field_index("listen_count")
        return rows.set_column(place, rows.schema.field(place), pc.add(rows["listen_count"], 1))

    replaced(shop, kpi, DAY, one_more)

    assert broken(shop) == {"totals": {f"{kpi} of {DAY}"}}


def test_repeats_that_do_not_add_up_are_named(shop: Shop) -> None:
    told_otherwise(shop, f"UPDATE computations SET repeats = 9 WHERE kpi = 'hourly' AND listen_date = '{DAY}'")

    assert broken(shop) == {"repeats": {f"hourly of {DAY}"}}


def test_a_sink_that_lost_a_day_is_named(shop: Shop) -> None:
    (shop.root / "exports" / "hourly" / f"{DAY}.parquet").unlink()

    assert broken(shop) == {"served": {f"hourly of {DAY} in files:exports"}}


def test_what_is_behind_for_long_is_named(shop: Shop) -> None:
    shop.deliver("streams", "streams3.csv", ["9,a,2024-06-25 12:00:00"])
    with shop.open() as ws:
        pipeline.load(ws)
        assert verify(ws, patience=timedelta(0)).broken == (), "somebody is at work"
    assert broken(shop, LONG) == {}
    assert broken(shop, timedelta(0)) == {"behind": {str(DAY)}}
    with shop.open() as ws:
        pipeline.compute(ws)
    assert broken(shop, LONG) == {}
    found = broken(shop, timedelta(0))
    assert found.keys() == {"behind"}
    assert f"hourly of {DAY} in files:exports" in found["behind"]


def test_nothing_looks_broken_at_any_point_of_a_run(shop: Shop) -> None:
    """Another process looks whenever durable state has just changed."""
    looked: set[str] = set()

    def look(name: str) -> None:
        # Whoever opens a ledger waits for its writer, and this one waits for who looks.
        if name in looked or name == "ledger.written":
            return
        looked.add(name)
        with faults.watched(lambda _: None):
            assert broken(shop, timedelta(0)) == {}, name

    shop.deliver("songs", "songs.csv", ["a,Artist,Album,Song,50,200000,rock", "b,B,Album,Late,1,100,pop"])
    shop.deliver("streams", "streams3.csv", ["9,a,2024-06-25 12:00:00", "9,a,2024-06-20 12:00:00"])
    with faults.watched(look):
        shop.run()

    assert {"load.appended", "load.recorded", "compute.replaced", "compute.recorded", "publish.day_written"} <= looked


def test_what_moved_while_it_was_looked_at_is_looked_at_again(shop: Shop) -> None:
    with shop.open() as ws:
        shop.deliver("streams", "streams3.csv", ["9,a,2024-06-25 12:00:00"])
        ran: list[int] = []

        def after_a_run(name: str, days: object = None) -> object:
            if not ran:
                ran.append(1)
                shop.run()
            return type(ws.lake).files(ws.lake, name, days)  # type: ignore[arg-type]

        ws.lake.files = after_a_run  # type: ignore[method-assign, assignment]
        assert verify(ws, patience=LONG).broken == ()
        assert ran
