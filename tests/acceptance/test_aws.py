"""The whole pipeline on AWS: landing, archive, quarantine and lake in S3, and DynamoDB as ledger and sink."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hitparade.charts import charts_of
from hitparade.contracts.reference import EXAMPLE
from hitparade.emulator.catalog import refuse_stale_updates
from hitparade.errors import ConfigError
from hitparade.storage import Storage
from tests.cloud import CloudShop
from tests.dynalite import dynalite
from tests.s3 import Server, moto_server, seaweedfs
from tests.shop import LAB, Shop, rows_of
from tests.together import until

STORED_IN_TABLES = ("genre_daily", "top_songs_daily", "top_genres_daily", "hourly", "top_artist_hourly")
# Tracks and users, some fifty thousand items of a day, are compared in tests/sinks/test_dynamodb_lab.py.
LAB_SINK = "dynamodb:music_kpis_table,music_streaming_hourly,music_streaming_top_genres,music_streaming_top_songs"
SECRET = "planted+secret/of=nobody"  # noqa: S105 - of nobody
DAY = "2024-06-25"


@pytest.fixture(scope="module")
def aws() -> Iterator[Server]:
    """S3, Glue and DynamoDB of moto, in the environment."""
    refuse_stale_updates()
    with moto_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


@contextmanager
def servers_with_limits(folder: Path) -> Iterator[Server]:
    """S3 of SeaweedFS and DynamoDB of dynalite, in the environment."""
    with seaweedfs(folder) as s3, dynalite() as dynamodb, pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL")
        patch.setenv("AWS_ENDPOINT_URL_S3", s3.endpoint)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint)
        yield s3


@pytest.fixture
def shop(aws: Server, tmp_path: Path, request: pytest.FixtureRequest) -> CloudShop:
    """An empty workspace in a bucket of its own."""
    name = f"shop-{abs(hash(request.node.name)) % 10**12}"
    return CloudShop(tmp_path / "cloud", aws.make_bucket(name), sinks=(f"dynamodb:?prefix={name}_",))


def deliver_lab(shop: Shop) -> None:
    shop.drop("songs", "songs.csv", (LAB / "songs_partial.csv").read_bytes())
    shop.drop("users", "users.csv", (LAB / "users.csv").read_bytes())
    for number in (1, 2, 3):
        shop.drop("streams", f"streams{number}.csv", (LAB / f"streams{number}.csv").read_bytes())


def served(shop: Shop, kpi: str, sink: str) -> list[dict[str, object]]:
    with shop.open() as ws, charts_of(ws, sink) as charts:
        return rows_of(charts, kpi, DAY)


@pytest.mark.skipif(not LAB.is_dir(), reason="the lab data is not beside this checkout")
@pytest.mark.parametrize("where", ["moto", "SeaweedFS and dynalite"])
def test_the_lab_data_gives_in_s3_and_dynamodb_what_it_gives_on_a_disk(
    where: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    disk = Shop(tmp_path / "disk")
    deliver_lab(disk)
    disk.run()
    if where == "moto":
        server: Server = request.getfixturevalue("aws")
        assert_same(CloudShop(tmp_path / "cloud", server.make_bucket("lab"), sinks=(LAB_SINK,)), disk)
        return
    with servers_with_limits(tmp_path / "weed") as server:
        bucket = server.make_bucket("lab")
        catalog, ledger = "sqlite:///catalog.db", "sqlite:///ledger.db"
        sinks = (LAB_SINK, f"files:{bucket}/exports")
        assert_same(CloudShop(tmp_path / "cloud", bucket, sinks=sinks, catalog=catalog, ledger=ledger), disk)


def assert_same(cloud: CloudShop, disk: Shop) -> None:
    """The same KPIs in the lake and in DynamoDB, and every file where it belongs, after one run and after another."""
    deliver_lab(cloud)
    first = cloud.run()

    assert (first.loaded.count("loaded"), first.archived.archived) == (5, 5)
    assert cloud.everything() == disk.everything()
    for kpi in STORED_IN_TABLES:
        assert served(cloud, kpi, LAB_SINK) == disk.show(kpi, day=DAY)
    assert cloud.names("data") == []
    archived = cloud.names("archive")
    assert [name.rsplit("-", 1)[1] for name in archived] == [
        *("songs.csv", "streams1.csv", "streams2.csv", "streams3.csv", "users.csv")
    ]
    assert cloud.read(archived[1]) == (LAB / "streams1.csv").read_bytes()
    again = cloud.run()
    assert (again.loaded.deliveries, again.computed.kpi_days, again.published.kpi_days) == ([], 0, 0)


def test_a_day_in_several_files_late_and_repeated(shop: CloudShop, tmp_path: Path) -> None:
    disk = Shop(tmp_path / "disk")
    batches = [
        {"one.csv": ["1,a,2024-06-25 10:00:00", "2,a,2024-06-25 11:00:00"]},
        {"two.csv": ["1,a,2024-06-25 10:00:00", "3,b,2024-06-24 23:59:59"], "three.csv": ["9,b,2024-06-25 00:00:00"]},
        {"one.csv": ["4,b,2024-06-25 12:00:00"]},
    ]
    for one in (disk, shop):
        one.deliver("songs", "songs.csv", ["a,Artist,Album,Song,50,200000,pop", "b,Other,Album,Tune,50,100000,rock"])
        for batch in batches:
            for name, rows in batch.items():
                one.deliver("streams", name, rows)
            one.run()
        one.deliver("songs", "songs.csv", ["a,Artist,Album,Song,50,300000,jazz"])
        one.run()

    assert shop.everything() == disk.everything()
    sink = f"dynamodb:?prefix={shop.bucket.removeprefix('s3://')}_"
    for kpi in STORED_IN_TABLES:
        assert served(shop, kpi, sink) == disk.show(kpi, day=DAY)


def test_the_same_bytes_delivered_again_are_counted_as_a_duplicate(shop: CloudShop) -> None:
    shop.deliver("streams", "one.csv", ["1,a,2024-06-25 10:00:00"])
    shop.run()
    time.sleep(1.1)  # what S3 tells of time has seconds
    shop.deliver("streams", "one.csv", ["1,a,2024-06-25 10:00:00"])
    outcome = shop.run()

    assert (outcome.loaded.count("duplicate"), outcome.archived.archived) == (1, 1)
    assert shop.names("archive/streams") == ["archive/streams/00000001-one.csv", "archive/streams/00000002-one.csv"]


def test_a_refused_file_goes_to_its_contracts_quarantine_in_the_bucket_with_its_report(shop: CloudShop) -> None:
    shop.manifest("streams", EXAMPLE)
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 10:00:00", "x,a,2024-06-25 10:00:00"])
    shop.deliver("streams", "streams2.csv", ["2,a,2024-06-25 10:00:00"])

    outcome = shop.run()

    assert (outcome.archived.archived, outcome.archived.quarantined) == (1, 1)
    held = shop.names("data/quarantine")
    assert [name.rsplit("-", 1)[1] for name in held] == ["streams1.csv", "streams1.csv.report.json"]
    assert json.loads(shop.read(held[1]))["problems"]
    assert shop.names("data/streams") == ["data/streams/manifest.json"]


def test_what_is_put_under_a_name_while_a_run_is_at_work_is_not_lost(shop: CloudShop) -> None:
    """The archive takes the object that was loaded, or none."""
    shop.deliver("streams", "one.csv", ["1,a,2024-06-25 10:00:00"])
    from hitparade import pipeline

    with shop.open() as ws:
        pipeline.load(ws)
    shop.deliver("streams", "one.csv", ["2,a,2024-06-25 10:00:00"])
    with shop.open() as ws:
        pipeline.archive(ws)
    assert shop.names("data/streams") == ["data/streams/one.csv"]

    shop.run()
    assert shop.names("data/streams") == []
    assert [row["listen_count"] for row in shop.show("hourly")] == [2]


def command(shop: CloudShop, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "hitparade", *arguments, "--config", str(shop.root / "hitparade.toml")]


def test_processes_at_once_and_a_killed_one_lose_and_double_nothing(shop: CloudShop) -> None:
    for number in range(12):
        rows = [f"{number},a,2024-06-{day:02} 10:00:00" for day in range(1, 9)]
        shop.deliver("streams", f"{number}.csv", [*rows, "99,a,2024-06-01 10:00:00"])
    first = subprocess.Popen(command(shop, "run"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert until(lambda: bool(shop.names("lake/listens/data")), seconds=60)
    first.send_signal(signal.SIGKILL)
    first.communicate()

    both = [subprocess.Popen(command(shop, "run"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(2)]
    outputs = [each.communicate(timeout=240)[0].decode() for each in both]

    # Where both begin at the same instant the earlier run is fenced, and says to run again.
    assert sorted(each.returncode for each in both) in ([0, 0], [0, 3]), outputs
    assert not [text for each, text in zip(both, outputs, strict=True) if each.returncode and "run again" not in text]
    shop.run()
    assert shop.names("data") == []
    assert len(shop.names("archive/streams")) == 12
    by_day = {str(row["listen_date"]): row["listen_count"] for row in shop.show("hourly")}
    assert by_day == {f"2024-06-{day:02}": 13 if day == 1 else 12 for day in range(1, 9)}


def test_no_secret_is_ever_told(shop: CloudShop, aws: Server, tmp_path: Path) -> None:
    """In no log, message or traceback, whatever goes wrong, however much is logged."""
    shop.deliver("streams", "one.csv", ["1,a,2024-06-25 10:00:00", "x,y,z"])
    good = {**os.environ, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": f"token-{SECRET}"}
    worlds = {
        "all is well": good,
        "nobody answers": {**good, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"},
        "a database with a password": {
            **good,
            "HITPARADE_LEDGER__URL": f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/x",
        },
        "a catalog with a password": {
            **good,
            "HITPARADE_LAKE__CATALOG": f"postgresql+psycopg://me:{SECRET}@127.0.0.1:1/x",
        },
        "another account's bucket": {**good, "HITPARADE_LAKE__LOCATION": "s3://no-such-bucket-of-ours/lake"},
    }
    told = {}
    for name, environment in worlds.items():
        for arguments in (("doctor",), ("run", "--verbose"), ("status", "--json")):
            done = subprocess.run(
                command(shop, *arguments), env=environment, capture_output=True, text=True, timeout=120
            )
            assert done.returncode in (0, 1, 2, 3), done.stderr
            told[name, arguments] = done.stdout + done.stderr
    assert not {place for place, text in told.items() if SECRET in text or SECRET.split("+")[0] in text}
    assert "error:" in told["nobody answers", ("run", "--verbose")]


def test_settings_may_lie_in_the_bucket_too(shop: CloudShop, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from hitparade.cli.app import run as hitparade

    shop.drop("streams", "one.csv", b"user_id,track_id,listen_time\n1,a,2024-06-25 10:00:00\n")
    text = 'archive = "away"\n[lake]\nlocation = "lake"\nnamespace = "from_bucket"\n'
    with open_storage() as storage:
        storage.write(f"{shop.bucket}/hitparade.toml", text.encode())

    assert hitparade(["run", "--config", f"{shop.bucket}/hitparade.toml"]) == 0
    capfd.readouterr()
    assert hitparade(["show", "hourly", "--json", "--config", f"{shop.bucket}/hitparade.toml"]) == 0

    assert [row["listen_count"] for row in json.loads(capfd.readouterr().out)] == [1]
    assert shop.names("away") == ["away/streams/00000001-one.csv"]


@contextmanager
def open_storage() -> Iterator[Storage]:
    storage = Storage()
    yield storage
    storage.close()


def test_settings_that_are_not_in_the_bucket_are_said(aws: Server) -> None:
    from hitparade.config import read_settings

    bucket = aws.make_bucket("without-settings")
    with pytest.raises(ConfigError, match=r"without-settings/hitparade\.toml"):
        read_settings(f"{bucket}/hitparade.toml")


def test_a_relative_sqlite_file_of_settings_in_a_bucket_is_a_mistake(aws: Server) -> None:
    from hitparade.config import read_settings

    bucket = aws.make_bucket("with-sqlite")
    with open_storage() as storage:
        storage.write(f"{bucket}/hitparade.toml", b'[ledger]\nurl = "sqlite:///ledger.db"\n')
    with pytest.raises(ConfigError, match="SQLite needs a disk"):
        read_settings(f"{bucket}/hitparade.toml").ledger_url()


def test_doctor_says_which_bucket_is_not_there(shop: CloudShop, capfd: pytest.CaptureFixture[str]) -> None:
    from hitparade.cli.app import run as hitparade

    config = shop.root / "hitparade.toml"
    config.write_text(config.read_text().replace(f"{shop.bucket}/data/songs", "s3://no-such-bucket-of-ours/songs"))

    assert hitparade(["doctor", "--config", str(config)]) == 2
    assert "no-such-bucket-of-ours" in capfd.readouterr().out
