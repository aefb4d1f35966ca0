"""dag_glue_workflow's two jobs one after the other, as Glue runs them: on the emulator, by start_job_run alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from boto3.dynamodb.types import TypeDeserializer

from hitparade.glue.insert_metrics_dynamo import MEASURES, PLACE
from tests.emulator.emulated import GOING, Emulated, emulator
from tests.glue.bucket import OFFLINE

BUCKET = "music-stream-glue"
CONFIG = f"s3://{BUCKET}/spotify_data/hitparade.toml"
RUN_SECONDS = 400.0  # a Spark is 30 seconds on two idle cores
KPIS = ("track_daily", "top_songs_daily", "top_genres_daily")


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulated]:
    """An emulator with what the documents need, and one round of both jobs with the arguments that they have."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    with emulator("--seed") as emulated:
        etl = run(emulated, "calculate_metrics_etl")
        if any(mark in "\n".join(emulated.lines(etl, "error")) for mark in OFFLINE):
            pytest.skip("Maven's packages cannot be had here")
        load = run(emulated, "insert_metrics_dynamo")
        assert [each["JobRunState"] for each in (etl, load)] == ["SUCCEEDED", "SUCCEEDED"], (etl, load)
        yield emulated


def run(aws: Emulated, job: str, **arguments: str) -> dict[str, Any]:
    """A job's run, once it is over."""
    glue = aws.client("glue")
    given = {f"--{name}": value for name, value in arguments.items()}
    run_id = glue.start_job_run(JobName=job, Arguments=given)["JobRunId"]
    deadline = time.monotonic() + RUN_SECONDS
    while (found := glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])["JobRunState"] in GOING:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return dict(found)


def show(aws: Emulated, kpi: str) -> list[Mapping[str, Any]]:
    """A KPI of the lake."""
    command = [sys.executable, "-m", "hitparade", "show", kpi, "--config", CONFIG, "--format", "json"]
    environment = {**os.environ, **aws.environment}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows: list[Mapping[str, Any]] = json.loads(done.stdout)
    return rows


def reports(aws: Emulated) -> dict[tuple[str, str], dict[str, Any]]:
    """track_level_reports, by key."""
    read = TypeDeserializer().deserialize
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName="track_level_reports")
    found = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
    return {(item["track_id"], item["report_date"]): item for item in found}


def test_the_table_says_what_show_shows(aws: Emulated) -> None:
    found, tracks = reports(aws), show(aws, "track_daily")
    assert len(tracks) > 100
    assert found.keys() == {(row["track_id"], row["listen_date"]) for row in tracks}
    for row in tracks:
        item = found[row["track_id"], row["listen_date"]]
        said = {name: item.get(name) for name in MEASURES}
        exact = {**said, "avg_listening_ms_per_user": as_double(said["avg_listening_ms_per_user"])}
        assert exact == {name: row[name] for name in MEASURES}
    places: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in show(aws, "top_songs_daily"):
        places.setdefault((row["track_id"], row["listen_date"]), []).append({name: row[name] for name in PLACE})
    assert {key: item["genre_positions"] for key, item in found.items() if item["genre_positions"]} == places
    assert len(places) > 10


def as_double(number: Any) -> float | None:
    """A number of DynamoDB as the lake has it."""
    return None if number is None else float(number)


def test_a_second_round_finds_nothing_to_do(aws: Emulated) -> None:
    before = reports(aws)

    states = [
        run(aws, "calculate_metrics_etl")["JobRunState"],
        run(aws, "insert_metrics_dynamo")["JobRunState"],
    ]

    assert states == ["SUCCEEDED", "SUCCEEDED"]
    assert reports(aws) == before


def test_song_kpis_has_each_kpi_and_day(aws: Emulated) -> None:
    listed = aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="spotify_data/output/song_kpis/")["Contents"]
    names = {entry["Key"].removeprefix("spotify_data/output/song_kpis/") for entry in listed}

    days = {row["listen_date"] for row in show(aws, "track_daily")}
    wanted = {f"{kpi}/{day}.parquet" for kpi in KPIS for day in days}
    assert {name for name in names if name.endswith(".parquet")} == wanted


def test_a_wrong_setting_fails_the_run_with_its_message(aws: Emulated) -> None:
    found = run(aws, "calculate_metrics_etl", config=f"s3://{BUCKET}/none.toml")

    assert found["JobRunState"] == "FAILED"
    assert found["ErrorMessage"] == (
        f"hitparade.errors.ConfigError: s3://{BUCKET}/none.toml: no such object;"
        " next: name the workspace's settings with --config"
    )
    found = run(aws, "insert_metrics_dynamo", table="none")
    assert found["ErrorMessage"].removeprefix("__main__.") == (
        "JobFailed: there is no DynamoDB table none; next: make it, docs/glue.md says how"
    )
