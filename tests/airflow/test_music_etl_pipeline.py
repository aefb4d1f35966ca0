"""music_etl_pipeline, run by Airflow: its tasks do the work, on the emulator and what stands in there for Redshift."""

from __future__ import annotations

import csv
import io
import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pyarrow.parquet as pq
import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.airflow.airflows import Airflow, Ended, environment_of
from tests.airflow.system import OnEmulator
from tests.emulator.emulated import Emulated, emulator
from tests.emulator.warehouses import driver, redshift_connector, run
from tests.postgres import with_programs
from tests.together import until

DAG = "music_etl_pipeline"
OPTIONS = ("--warehouse", "--warehouse-port", "0")
BUCKET, PROCESSED, SECRET = "music-streaming-etl-data", "music-etl-processed-data", "music-etl-secrets"
WAREHOUSE = f"redshift:?kpis=compute&sslmode=disable&staging=s3://{PROCESSED}/staging"
TASKS = ("extract_and_validate", "transform_data", "load_to_redshift", "compute_kpis")
THROUGH = dict.fromkeys(TASKS, "success")
USERS = "user_id,user_name,user_age,user_country,created_at"
TABLES = ("raw_users", "raw_songs", "transformed_users", "transformed_songs", "transformed_streams")
PUBLICATIONS = (
    "SELECT part, listen_date, run, rows, published_at FROM hitparade_publications ORDER BY part, listen_date"
)


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    """An emulator with a warehouse, and what the document needs."""
    with_programs()
    with emulator("--seed", *OPTIONS) as aws:
        aws.client("s3").delete_object(Bucket=BUCKET, Key="hitparade.toml")  # the DAG brings its own
        yield aws


@pytest.fixture
def seeded(emulated: Emulated) -> OnEmulator:
    """The system with its sample, where the credentials of the warehouse are known to Secrets Manager alone."""
    known = {name: value for name, value in emulated.environment.items() if not name.startswith("REDSHIFT_")}
    return OnEmulator(replace(emulated, environment=known), BUCKET)


@pytest.fixture
def system(seeded: OnEmulator) -> OnEmulator:
    """The system without any stream file that waits."""
    seeded.clear("streams/")
    return seeded


@pytest.fixture
def db(emulated: Emulated) -> Iterator[Any]:
    """A connection to the warehouse."""
    with redshift_connector.connect(**driver(emulated.environment)) as connection:
        connection.autocommit = True
        yield connection


def ran(airflow: Airflow, system: OnEmulator) -> Ended:
    """A run of the DAG, which the warehouse without TLS is good enough for."""
    return airflow.run(DAG, system.aws, music_etl_pipeline_warehouse=WAREHOUSE)


def processed(system: OnEmulator) -> OnEmulator:
    """The bucket of what was made."""
    return OnEmulator(system.aws, PROCESSED)


def rows_of(system: OnEmulator, name: str) -> list[dict[str, Any]]:
    """The rows of a Parquet file in the processed bucket."""
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(processed(system).get(name))).to_pylist()
    return rows


def csv_of(system: OnEmulator, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file in the processed bucket."""
    return list(csv.DictReader(io.StringIO(processed(system).get(name).decode())))


def loaded_names(system: OnEmulator) -> list[str]:
    """The stream files that are said to be processed."""
    return processed(system).get("metadata/processed_stream_files.txt").decode().splitlines()


def plays(system: OnEmulator) -> set[tuple[Any, ...]]:
    """Every listen in the transformed files, once: user, track, time and hour."""
    names = [name for name in processed(system).keys("transformed-data/") if not name.startswith("transformed_")]
    return {
        (row["user_id"], row["track_id"], row["listen_time"], row["hour"])
        for name in names
        for row in rows_of(system, f"transformed-data/{name}")
    }


@contextmanager
def secret_with(system: OnEmulator, **changed: str) -> Iterator[None]:
    """The secret with other values, until the end of the block."""
    secrets = system.aws.client("secretsmanager")
    before = secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    secrets.put_secret_value(SecretId=SECRET, SecretString=json.dumps({**json.loads(before), **changed}))
    try:
        yield
    finally:
        secrets.put_secret_value(SecretId=SECRET, SecretString=before)


def ended_at(task: str) -> dict[str, str]:
    """The tasks' states when one failed."""
    place = TASKS.index(task)
    return {**THROUGH, task: "failed", **dict.fromkeys(TASKS[place + 1 :], "upstream_failed")}


def everything(system: OnEmulator) -> list[tuple[str, str, str]]:
    """Each object of the processed bucket, the lake's too: its name, etag and time."""
    pages = system.aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=PROCESSED)
    return [
        (entry["Key"], entry["ETag"], entry["LastModified"].isoformat()) for page in pages for entry in page["Contents"]
    ]


def written_at(system: OnEmulator, bucket: str, prefix: str) -> datetime:
    """When the only object below a prefix was written."""
    [found] = system.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    at: datetime = found["LastModified"]
    return at


def listens(db: Any, day: str) -> dict[str, int]:
    """Listens by genre on a day, as the warehouse has them."""
    there = run(db, "SELECT table_name FROM information_schema.tables WHERE table_name = 'kpi_genre_daily'")
    query = "SELECT genre, listen_count FROM kpi_genre_daily WHERE listen_date = %s"
    return dict(run(db, query, day)) if there else {}


def assert_the_warehouse_says_what_show_says(system: OnEmulator, db: Any) -> None:
    """Its KPIs are the lake's, its views and the CSV files are what follows from the transformed files."""
    shown = {(row["listen_date"], row["genre"]): row["listen_count"] for row in system.show("genre_daily")}
    told = run(db, "SELECT listen_date, genre, listen_count FROM kpi_genre_daily WHERE listen_count > 0")
    assert {(str(day), genre): count for day, genre, count in told} == shown
    hours = [
        (
            row["listen_hour"],
            row["unique_listeners"],
            row["listen_count"],
            row["unique_tracks"],
            f"{row['track_diversity_index']:.3f}",
        )
        for row in system.show("hour_of_day")
    ]
    found = run(
        db,
        "SELECT hour, unique_listeners, total_plays, unique_tracks, track_diversity_index FROM hourly_kpis ORDER BY 1",
    )
    assert [(*row[:4], f"{row[4]:.3f}") for row in found] == hours
    assert [tuple(row.values()) for row in csv_of(system, "hourly_kpis.csv")] == [
        tuple(str(value) for value in row) for row in hours
    ]
    songs = {row["track_id"]: row for row in rows_of(system, "transformed-data/transformed_songs.parquet")}
    known = [(hour, songs[track]) for _, track, _, hour in plays(system) if track in songs]
    genres = Counter(song["track_genre"] for _, song in known)
    assert dict(run(db, "SELECT track_genre, total_plays FROM genre_kpis")) == genres
    assert {row["track_genre"]: int(row["total_plays"]) for row in csv_of(system, "genre_kpis.csv")} == genres
    artists = Counter((hour, song["artists"]) for hour, song in known)
    top = run(db, "SELECT hour, artists, play_count FROM top_artist_per_hour")
    assert {(hour, count) for hour, _, count in top} == {
        (hour, max(count for (other, _), count in artists.items() if other == hour)) for hour, _ in artists
    }
    assert all(artists[hour, artist] == count for hour, artist, count in top)


def test_without_any_delivery_there_is_nothing_to_do(airflow: Airflow) -> None:
    with_programs()
    with emulator(*OPTIONS) as aws:  # no secret here: the credentials are in the environment, as .env has them
        system = OnEmulator(aws, BUCKET)
        aws.make_bucket(BUCKET)
        aws.make_bucket(PROCESSED)

        ended = ran(airflow, system)

        assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
        assert system.keys("") == ["hitparade.toml"]
        assert not [name for name in processed(system).keys("") if name.endswith(".csv")]
        assert loaded_names(system) == []


def test_files_become_parquet_tables_and_kpis(airflow: Airflow, seeded: OnEmulator, db: Any) -> None:
    assert len(seeded.keys("streams/")) == 3

    ended = ran(airflow, seeded)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert loaded_names(seeded) == ["streams1.csv", "streams2.csv", "streams3.csv"]
    assert sorted(processed(seeded).keys("validated-data/")) == [
        *("songs.parquet", "streams1.parquet", "streams2.parquet", "streams3.parquet", "users.parquet"),
    ]
    assert sorted(processed(seeded).keys("transformed-data/")) == [
        *(f"streams{number}_transformed.parquet" for number in (1, 2, 3)),
        *("transformed_songs.parquet", "transformed_users.parquet"),
    ]
    counts = {table: run(db, f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES}
    assert counts == {
        "raw_users": len(rows_of(seeded, "validated-data/users.parquet")),
        "raw_songs": len(rows_of(seeded, "validated-data/songs.parquet")),
        "transformed_users": len(rows_of(seeded, "transformed-data/transformed_users.parquet")),
        "transformed_songs": len(rows_of(seeded, "transformed-data/transformed_songs.parquet")),
        "transformed_streams": len(plays(seeded)),
    }
    assert_the_warehouse_says_what_show_says(seeded, db)
    assert seeded.keys("streams/") == []
    assert [name.split("-", 1)[1] for name in sorted(processed(seeded).keys("archive/streams/"))] == [
        "streams1.csv",
        "streams2.csv",
        "streams3.csv",
    ]
    assert seeded.keys("metadata/songs/") == ["songs.csv"]


def test_a_second_run_with_nothing_new_writes_nothing(airflow: Airflow, system: OnEmulator, db: Any) -> None:
    ran(airflow, system)
    objects, published = everything(system), run(db, PUBLICATIONS)

    ended = ran(airflow, system)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert everything(system) == objects
    assert run(db, PUBLICATIONS) == published


def test_bad_rows_and_files_are_left_out_and_the_good_ones_count(airflow: Airflow, system: OnEmulator, db: Any) -> None:
    good = [f"{user},t1,2025-04-01 10:00:00" for user in range(1, 5)]
    system.deliver("streams/mixed.csv", [*good, "x,t1,2025-04-01 11:00:00", "5,,2025-04-01 12:00:00"])
    system.deliver("streams/bad.csv", ["1,2025-04-01 10:00:00"], header="user_id,listen_time")

    ended = ran(airflow, system)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert "required of track_id: 1 row, first in row 6; type of user_id: 1 row, first in row 5" in ended.log
    assert listens(db, "2025-04-01") == {"(unknown)": 4}
    assert loaded_names(system)[-1] == "mixed.csv"
    assert len(rows_of(system, "validated-data/mixed.parquet")) == 4
    assert system.keys("streams/") == []
    quarantined = sorted(name.split("-", 1)[1] for name in processed(system).keys("quarantine/"))
    assert quarantined == ["bad.csv", "bad.csv.report.json"]
    assert [name for name in processed(system).keys("archive/streams/") if name.endswith("mixed.csv")]
    assert_the_warehouse_says_what_show_says(system, db)


def test_a_day_in_several_files_counts_once_and_a_late_file_stays_for_the_next_run(
    airflow: Airflow, system: OnEmulator, db: Any
) -> None:
    system.deliver("streams/first.csv", ["1,t1,2025-05-01 10:00:00", "2,t1,2025-05-01 11:00:00"])
    s3 = system.aws.client("s3")

    def deliver_late() -> None:
        """As soon as the first file was read."""
        prefix = "transformed-data/first_transformed.parquet"
        assert until(lambda: s3.list_objects_v2(Bucket=PROCESSED, Prefix=prefix)["KeyCount"] == 1, seconds=300)
        rows = ["2,t1,2025-05-01 11:00:00", "1,t1,2025-05-01 20:00:00", "3,,2025-05-01 21:00:00"]
        system.deliver("streams/late.csv", rows)

    late = threading.Thread(target=deliver_late)
    late.start()
    first = ran(airflow, system)
    late.join()

    assert (first.state, first.tasks) == ("success", THROUGH), first.log[-4000:]
    assert system.keys("streams/") == ["late.csv"]
    archived = next(name for name in processed(system).keys("archive/streams/") if name.endswith("first.csv"))
    assert written_at(system, BUCKET, "streams/late") <= written_at(system, PROCESSED, f"archive/streams/{archived}")
    assert listens(db, "2025-05-01") == {"(unknown)": 2}

    second = ran(airflow, system)

    assert (second.state, second.tasks) == ("success", THROUGH), second.log[-4000:]
    assert system.keys("streams/") == []
    assert listens(db, "2025-05-01") == {"(unknown)": 3}  # one row was a repeat, one had no track
    assert_the_warehouse_says_what_show_says(system, db)


def test_while_the_warehouse_is_away_nothing_is_lost(airflow: Airflow, system: OnEmulator, db: Any) -> None:
    system.deliver("streams/waits.csv", ["1,t1,2025-06-01 10:00:00"])
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with secret_with(system, REDSHIFT_PORT=str(closed.getsockname()[1])):
            failed = ran(airflow, system)

    assert (failed.state, failed.tasks) == ("failed", ended_at("load_to_redshift"))
    assert failed.tries["load_to_redshift"] == 2
    assert "StorageError: redshift:" in failed.log
    assert system.keys("streams/") == ["waits.csv"]
    assert len(rows_of(system, "transformed-data/waits_transformed.parquet")) == 1
    assert listens(db, "2025-06-01") == {}

    ended = ran(airflow, system)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert listens(db, "2025-06-01") == {"(unknown)": 1}
    assert system.keys("streams/") == []
    assert_the_warehouse_says_what_show_says(system, db)


def test_a_secret_that_lacks_the_host_fails_the_task_at_once(airflow: Airflow, system: OnEmulator) -> None:
    with secret_with(system, REDSHIFT_HOST=""):
        failed = ran(airflow, system)

    assert (failed.state, failed.tasks) == ("failed", ended_at("load_to_redshift"))
    assert failed.tries["load_to_redshift"] == 1
    assert f"the secret {SECRET} lacks REDSHIFT_HOST" in failed.log


def test_a_broken_manifest_fails_the_task_at_once_when_the_other_datasets_are_done(
    airflow: Airflow, system: OnEmulator
) -> None:
    system.put("streams/manifest.json", "{}")
    system.deliver("streams/waits.csv", ["1,t1,2025-06-15 10:00:00"])
    system.deliver("metadata/users/more.csv", ["987654,Ann,30,Ghana,2025-01-01"], header=USERS)

    failed = ran(airflow, system)
    left = system.keys("streams/")
    system.remove("streams/manifest.json")
    system.remove("streams/waits.csv")

    assert (failed.state, failed.tasks) == ("failed", ended_at("extract_and_validate"))
    assert failed.tries["extract_and_validate"] == 1
    assert f"AirflowFailException: s3://{BUCKET}/streams/manifest.json" in failed.log
    assert left == ["manifest.json", "waits.csv"]
    assert "Ann" in {row["user_name"] for row in rows_of(system, "validated-data/users.parquet")}


def test_a_task_alone_does_what_is_missing(airflow: Airflow, system: OnEmulator, db: Any) -> None:
    system.deliver("streams/alone.csv", ["1,t1,2025-07-01 10:00:00"])

    tried(airflow, system, "extract_and_validate")
    assert loaded_names(system)[-1] == "alone.csv"
    assert (system.keys("streams/"), listens(db, "2025-07-01")) == (["alone.csv"], {})

    tried(airflow, system, "compute_kpis")
    assert (system.keys("streams/"), listens(db, "2025-07-01")) == ([], {"(unknown)": 1})
    heard = sum(int(row["total_plays"]) for row in csv_of(system, "hourly_kpis.csv"))
    assert [[heard]] == run(db, "SELECT COUNT(*) FROM transformed_streams")


def tried(airflow: Airflow, system: OnEmulator, task: str) -> None:
    """A task run alone, as Airflow's command does it."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "tasks", "test", DAG, task],
        capture_output=True,
        text=True,
        env={
            **environment_of(airflow.log.parent),
            **system.aws.environment,
            "AIRFLOW_VAR_MUSIC_ETL_PIPELINE_WAREHOUSE": WAREHOUSE,
        },
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
