"""What is made anew from the archive is what there is; whatever is not is named, and nothing else is."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hitparade import faults, pipeline
from hitparade.cli.app import run
from hitparade.contracts.reference import EXAMPLE
from hitparade.emulator.catalog import refuse_stale_updates
from hitparade.errors import ConfigError
from hitparade.landing.claim import claim
from hitparade.landing.discover import waiting
from hitparade.model import Delivery
from hitparade.rebuild import Rebuilt, rebuild
from hitparade.rebuild.replay import rounds
from tests.cloud import CloudShop
from tests.damage import replaced, told_otherwise
from tests.dynamodb import reach
from tests.s3 import Server, moto_server
from tests.shop import Shop

DAY = date(2024, 6, 25)
SONG = "{},Artist,Album,{},50,{},pop"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A workspace on a disk, with a sink of files."""
    return Shop(tmp_path / "shop", settings='sinks = ["files:exports"]')


@pytest.fixture(scope="module")
def moto() -> Iterator[Server]:
    """S3, Glue and DynamoDB."""
    refuse_stale_updates()
    with moto_server() as server:
        yield server


def simple(shop: Shop) -> None:
    """Two days, a repeat, a catalogue."""
    shop.deliver("songs", "songs.csv", [SONG.format("a", "Song", 200000), SONG.format("b", "Tune", 100000)])
    shop.deliver("streams", "one.csv", ["1,a,2024-06-25 10:00:00", "2,b,2024-06-25 11:00:00"])
    shop.deliver("streams", "two.csv", ["1,a,2024-06-25 10:00:00", "1,a,2024-06-24 10:00:00"])
    shop.run()


def rebuilt(shop: Shop, keep: Path | None = None) -> Rebuilt:
    """A rebuild, in a process of its own."""
    with shop.open("rebuild") as ws:
        return rebuild(ws, keep=keep)


def told(found: Rebuilt) -> set[tuple[str, str, str]]:
    """Where something differs, of what, and in which row."""
    assert found.count == len(found.differences)
    return {(each.place, each.subject, each.key) for each in found.differences}


def with_value(column: str, value: object) -> Callable[[pa.Table], pa.Table]:
    """Rows of which the first has another value."""

    def change(rows: pa.Table) -> pa.Table:
        values = [value, *rows[column].to_pylist()[1:]]
        place = rows.schema.get_field_index(column)
        return rows.set_column(place, rows.schema.field(place), pa.array(values, rows.schema.field(place).type))

    return change


def test_a_long_history_is_the_same_when_it_is_made_anew(shop: Shop) -> None:
    """Contracts that change, names that are used again, repeats, corrections, bytes that lie under another number."""
    first = [SONG.format("a", "Song", 200000)]
    shop.deliver("songs", "songs.csv", first)
    shop.manifest("streams", EXAMPLE.replace('"quarantine"', '"reject_rows"'))
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 10:00:00", "2,b,nothing"])
    shop.run()
    shop.deliver("songs", "other.csv", [SONG.format("a", "Other", 300000)])
    shop.deliver("streams", "streams1.csv", ["3,a,2024-06-25 12:00:00"])
    shop.run()
    shop.deliver("songs", "again.csv", first)
    shop.manifest(
        "streams", EXAMPLE.replace('"1.0"', '"2.0"').replace('"extension"', '"on_redelivery": "supersede", "extension"')
    )
    for rows in (["4,a,2024-06-24 12:00:00"], ["5,b,2024-06-23 12:00:00", "5,b,2024-06-23 12:00:00"]):
        shop.deliver("streams", "streams2.csv", rows)
        shop.run()
    shop.deliver("songs", "last.csv", [SONG.format("a", "Last", 400000)])
    shop.deliver("streams", "streams3.csv", ["6,b,no time"])
    shop.run()
    shop.deliver("streams", "streams4.csv", ["7,b,2024-06-23 15:00:00"])
    for _ in range(2):  # the same bytes again, before archive has taken the first: they lie under the later number
        with shop.open() as ws:
            pipeline.load(ws)
        shop.deliver("streams", "streams4.csv", ["7,b,2024-06-23 15:00:00"])
    shop.run()
    with shop.open() as ws:
        statuses = [each.status for each in ws.ledger.deliveries()]
    assert {"loaded", "superseded", "quarantined", "duplicate"} == set(statuses)

    found = rebuilt(shop)

    assert told(found) == set()
    assert found.notes == []
    assert found.files == statuses.count("loaded")
    assert found.kpi_days == found.served > 14


def test_files_are_loaded_together_while_they_have_one_contract_and_names_of_their_own() -> None:
    came = [("a", "x"), ("b", "x"), ("c", "y"), ("a", "y"), ("a", "y"), ("d", "y"), ("e", "y")]
    listed = [delivered(seq, name, contract) for seq, (name, contract) in enumerate(came, start=1)]

    assert [[each.seq for each in some] for some in rounds(listed, files=9, size=99)] == [[1, 2], [3, 4], [5, 6, 7]]
    assert [len(some) for some in rounds(listed, files=2, size=99)] == [2, 2, 2, 1]
    assert [len(some) for some in rounds(listed, files=9, size=25)] == [2, 2, 2, 1]


def delivered(seq: int, name: str, contract: str) -> Delivery:
    """A delivery of ten bytes."""
    return Delivery(
        *(seq, seq, "streams", f"data/streams/{name}", 10, "etag", "sha256", contract, "loaded", 1, 1, 0, None),
        loaded_at=datetime(2024, 6, 25, tzinfo=UTC),
        run=1,
    )


def test_files_that_are_not_archived_yet_are_taken_from_landing(shop: Shop) -> None:
    shop.deliver("streams", "one.csv", ["1,a,2024-06-25 10:00:00"])
    with shop.open() as ws:
        pipeline.load(ws)
        pipeline.compute(ws)

    found = rebuilt(shop)

    assert told(found) == set()
    assert found.files == 1
    assert (shop.landing("streams") / "one.csv").exists()
    assert found.notes == ["files:exports is 9 KPI days behind, which were not compared"]


def test_what_is_out_of_date_is_not_compared_and_said_so(shop: Shop) -> None:
    simple(shop)
    shop.deliver("streams", "three.csv", ["9,a,2024-06-25 12:00:00"])
    with shop.open() as ws:
        pipeline.load(ws)

    found = rebuilt(shop)

    assert told(found) == set()
    assert [note.split(",")[0] for note in found.notes] == ["9 KPI days were out of date"]


def test_bytes_of_the_archive_that_changed_or_are_gone_are_named(shop: Shop) -> None:
    simple(shop)
    one, two = sorted((shop.root / "archive" / "streams").iterdir())
    one.write_bytes(one.read_bytes().replace(b"1,a", b"7,a"))
    two.unlink()

    found = rebuilt(shop)

    assert {("archive", str(one), "sha256"), ("archive", str(two), "sha256")} <= told(found)
    assert [each.stored is None for each in found.differences if each.place == "archive"] == [False, True]
    assert ("lake", "hourly of 2024-06-24", "listen_hour 10") in told(found)


def test_counts_of_the_ledger_that_are_wrong_are_named(shop: Shop) -> None:
    simple(shop)
    told_otherwise(shop, "UPDATE deliveries SET rows_loaded = 1, rows_rejected = 1 WHERE uri LIKE '%one.csv'")

    (seq,) = (each.seq for each in shop.deliveries().values() if each.name == "one.csv")
    subject = f"delivery {seq} (data/streams/one.csv)"
    assert told(rebuilt(shop)) == {("ledger", subject, "rows_loaded"), ("ledger", subject, "rows_rejected")}


def test_a_file_that_its_contract_would_not_take_is_named(shop: Shop) -> None:
    simple(shop)
    told_otherwise(shop, "UPDATE contracts SET text = replace(text, '\"fields_required\":true', '\"max_rows\":1')")

    found = rebuilt(shop)

    assert {each.key for each in found.differences if each.place == "ledger"} >= {"status"}


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (with_value("listening_ms", 1), "genre pop: listening_ms"),
        (lambda rows: rows.slice(1), "genre pop"),
    ],
)
def test_rows_of_the_lake_that_differ_are_named(shop: Shop, change: Callable[[pa.Table], pa.Table], key: str) -> None:
    simple(shop)
    replaced(shop, "genre_daily", DAY, change)

    found = rebuilt(shop)

    assert ("lake", f"genre_daily of {DAY}", key) in told(found)
    assert {each.subject for each in found.differences} <= {f"genre_daily of {DAY}", "genre_totals"}


def test_a_day_that_the_ledger_forgot_is_named(shop: Shop) -> None:
    simple(shop)
    told_otherwise(shop, "DELETE FROM computations WHERE listen_date = '2024-06-24'")
    told_otherwise(shop, "DELETE FROM touched_days WHERE listen_date = '2024-06-24'")
    replaced(shop, "hourly", DAY, lambda rows: rows)
    with shop.open() as ws:
        ws.turn.begin()
        (hourly,) = (each for each in ws.daily_kpis if each.name == "hourly")
        day = date(2024, 6, 24)
        ws.lake.replace(ws.lake.base(hourly, [day]), [], {day}, run=ws.turn.number)

    assert ("lake", "hourly of 2024-06-24", "listen_hour 10") in told(rebuilt(shop))


def test_rows_that_only_all_time_kpis_read_are_compared(shop: Shop) -> None:
    simple(shop)
    (path,) = (shop.root / "lake" / "songs").rglob("*.parquet")
    rows = pq.ParquetFile(path).read()
    pq.write_table(with_value("popularity", 7)(rows), path)

    assert {each.subject for each in rebuilt(shop).differences} == {"genre_totals"}


def test_what_a_sink_serves_is_compared(shop: Shop) -> None:
    simple(shop)
    path = shop.root / "exports" / "hourly" / f"{DAY}.parquet"
    pq.write_table(with_value("listen_count", 9)(pq.ParquetFile(path).read()), path)
    path.with_name("2024-06-24.parquet").unlink()

    assert told(rebuilt(shop)) == {
        ("files:exports", f"hourly of {DAY}", "listen_hour 10: listen_count"),
        ("files:exports", "hourly of 2024-06-24", "listen_hour 10"),
    }


def test_what_is_computed_anew_meanwhile_is_not_called_a_difference(shop: Shop) -> None:
    simple(shop)
    ran: list[str] = []

    def another(name: str) -> None:
        if name == "compute.recorded" and not ran:
            ran.append(name)
            with faults.watched(lambda _: None):
                shop.deliver("streams", "three.csv", ["9,a,2024-06-25 12:00:00", "9,a,2024-06-20 12:00:00"])
                shop.run()

    with faults.watched(another):
        found = rebuilt(shop)

    assert ran
    assert told(found) == set()
    assert [note.split(",")[0] for note in found.notes] == ["18 KPI days were computed anew meanwhile"]


def test_a_kept_lake_can_be_looked_at(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simple(shop)
    assert run(["rebuild", "--config", str(shop.root / "hitparade.toml"), "--keep", str(tmp_path / "kept")]) == 0
    assert "everything is the same" in capsys.readouterr().out

    for config in (shop.root, tmp_path / "kept"):
        assert run(["show", "genre_daily", "--format", "csv", "--config", str(config / "hitparade.toml")]) == 0
    ours, theirs = capsys.readouterr().out.split("listen_date")[1:]
    assert ours == theirs
    with pytest.raises(ConfigError, match="is not empty"):
        rebuilt(shop, tmp_path / "kept")


def test_differences_are_told_and_the_exit_code_says_so(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    simple(shop)
    replaced(shop, "genre_daily", DAY, with_value("listening_ms", 1))
    config = str(shop.root / "hitparade.toml")

    assert run(["rebuild", "--config", config]) == 1
    out = capsys.readouterr().out
    assert f"lake: genre_daily of {DAY}: genre pop: listening_ms: there is 1, and should be 300000" in out
    assert run(["rebuild", "--config", config, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["count"] == len(found["differences"]) == 1


@pytest.mark.parametrize("point", ["load.recorded", "compute.replaced"])
def test_one_that_is_cut_off_leaves_nothing_behind(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    simple(shop)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    before = sorted(path for path in shop.root.rglob("*") if "ledger" not in path.name)

    def interrupt(name: str) -> None:
        if name == point:
            raise KeyboardInterrupt

    with faults.watched(interrupt), pytest.raises(KeyboardInterrupt):
        rebuilt(shop)

    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(path for path in shop.root.rglob("*") if "ledger" not in path.name) == before


def test_objects_in_deep_archive_are_listed_first(
    moto: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reach(moto, monkeypatch)
    sink = f"dynamodb:music_streaming_hourly?prefix=t{uuid4().hex[:8]}_"
    shop = CloudShop(tmp_path / "cloud", moto.make_bucket(f"cold-{uuid4().hex[:12]}"), sinks=(sink,))
    config = shop.root / "hitparade.toml"
    config.write_text(config.read_text() + '\n[s3]\narchive_class = "GLACIER"\n')
    shop.deliver("streams", "it's one.csv", ["1,a,2024-06-25 10:00:00"])
    shop.run()
    bucket, key = shop.bucket.removeprefix("s3://"), "archive/streams/00000001-it's one.csv"

    assert run(["rebuild", "--config", str(config)]) == 3
    out = capsys.readouterr().out
    assert f"aws s3api restore-object --bucket {bucket} --key 'archive/streams/00000001-it'\"'\"'s one.csv'" in out

    with closing(boto3.client("s3")) as client:
        client.restore_object(Bucket=bucket, Key=key, RestoreRequest={"Days": 7})
    found = rebuilt(shop)
    assert told(found) == set()
    assert found.files == 1
    assert found.served == 2
    with closing(boto3.resource("dynamodb").meta.client) as client:
        name = f"{sink.partition('prefix=')[2]}music_streaming_hourly"
        client.update_item(
            TableName=name,
            Key={"listen_date": "2024-06-25", "listen_hour": 10},
            UpdateExpression="SET listen_count = :n",
            ExpressionAttributeValues={":n": 7},
        )
    assert (sink, f"hourly of {DAY}", "listen_hour 10: listen_count") in told(rebuilt(shop))


def test_a_file_that_archive_was_killed_with_in_hand_is_found(shop: Shop) -> None:
    shop.deliver("streams", "claimed.csv", ["1,a,2024-06-25 10:00:00"])
    with shop.open() as ws:
        pipeline.load(ws)
        pipeline.compute(ws)
        pipeline.publish(ws)
        (blob,) = waiting(ws.storage, str(shop.landing("streams")))
        assert claim(ws.storage, blob) is not None

    assert told(rebuilt(shop)) == set()
