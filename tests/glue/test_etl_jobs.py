"""The jobs that load, compute and publish, on moto's S3, Glue catalog and DynamoDB, by a Spark of their own."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hitparade.emulator import catalog
from tests.glue.bucket import OFFLINE, Bucket, environment_of
from tests.glue.song_kpis import told
from tests.s3 import Server
from tests.sinks.dynamodb_items import items

SCRIPTS = ["streaming_transformation.py", "glue-etl-script.py", "dynamodb-loader-script.py", "calculate_metrics_etl.py"]
numbers = itertools.count()
KPIS = "dynamodb:music_kpis_table?prefix=glue_"
SONGS = "dynamodb:music_streaming_top_songs?prefix=glue_"


@pytest.fixture(scope="module")
def loaded(aws: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A workspace that streaming_transformation has worked on."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    catalog.refuse_stale_updates()
    aws.make_bucket("music-loaded")
    bucket = Bucket(aws, "music-loaded", "data")
    bucket.settings(KPIS)
    bucket.deliver(tmp_path_factory.mktemp("sample"))
    done = bucket.job("streaming_transformation.py")
    if done.returncode and any(mark in done.stderr for mark in OFFLINE):
        pytest.skip("Maven's packages cannot be had here")
    assert done.returncode == 0, done.stderr[-4000:]
    with environment_of(aws):
        yield bucket


@pytest.fixture
def waiting(aws: Server, tmp_path: Path) -> Bucket:
    """A workspace that nobody has worked on."""
    name = f"music-waiting-{next(numbers)}"
    aws.make_bucket(name)
    bucket = Bucket(aws, name, "spotify_data")
    bucket.settings(KPIS)
    bucket.deliver(tmp_path)
    return bucket


def objects(bucket: Bucket) -> list[str]:
    return bucket.server.keys(bucket.name)


def test_what_it_publishes_is_what_show_shows(loaded: Bucket) -> None:
    shown = {(row["listen_date"], row["genre"]): row for row in loaded.show("genre_daily")}
    found = {(item["date"], item["genre"]): item for item in items("glue_music_kpis_table")}

    assert len({day for day, _ in shown}) == 2
    assert found.keys() == shown.keys()
    for key, row in shown.items():
        for name in ("listen_count", "unique_listeners", "listening_ms"):
            assert found[key][name] == row[name]


def test_a_second_run_changes_nothing(loaded: Bucket) -> None:
    before, published = objects(loaded), items("glue_music_kpis_table")

    done = loaded.job("streaming_transformation.py")

    assert done.returncode == 0, done.stderr
    event = json.loads(done.stdout.splitlines()[-1])
    assert (event["event"], event["files"], event["computed"], event["published"]) == ("job.done", 0, 0, 0)
    assert objects(loaded) == before
    assert items("glue_music_kpis_table") == published


def test_the_loader_publishes_the_rest_and_then_finds_nothing(loaded: Bucket) -> None:
    loaded.settings(KPIS, SONGS)
    shown = loaded.job("dynamodb-loader-script.py", "--preview")
    assert f"{KPIS}: 0 KPI days would be written" in shown.stdout, shown.stderr
    assert f"{SONGS}: 2 KPI days would be written" in shown.stdout
    assert "top_songs_daily of 2025-03-09" in shown.stdout

    first, second = (loaded.job("dynamodb-loader-script.py") for _ in range(2))

    done = [json.loads(each.stdout.splitlines()[-1]) for each in (first, second)]
    assert [(event["event"], event["published"]) for event in done] == [("job.done", 2), ("job.done", 0)]
    found = {
        (item["listen_date"], item["genre"]): len(item["songs"]) for item in items("glue_music_streaming_top_songs")
    }
    for row in loaded.show("top_songs_daily"):
        assert found[row["listen_date"], row["genre"]] >= row["position"]


@pytest.mark.parametrize("script", ["glue-etl-script.py", "calculate_metrics_etl.py"])
def test_a_preview_shows_what_waits_and_writes_nothing(waiting: Bucket, script: str) -> None:
    before = objects(waiting)

    done = waiting.job(script, "--preview", "true")

    assert done.returncode == 0, done.stderr
    assert "preview: 4 files wait" in done.stdout
    assert f"{KPIS}: 6 KPI days would be written" in done.stdout
    assert "genre_daily of 2025-03-10" in done.stdout
    assert objects(waiting) == before


@pytest.mark.parametrize("script", SCRIPTS)
def test_settings_that_are_not_there_fail_the_job_in_one_line(aws: Server, script: str) -> None:
    aws.make_bucket("music-empty")

    done = Bucket(aws, "music-empty", "data").job(script)

    assert told(done) == (
        "hitparade.errors.ConfigError: s3://music-empty/data/hitparade.toml: no such object;"
        " next: name the workspace's settings with --config"
    )


def test_wrong_settings_and_arguments_are_one_line_too(waiting: Bucket) -> None:
    said = told(waiting.job("glue-etl-script.py", "--preview", "maybe"))
    assert said.startswith("hitparade.errors.ConfigError: arguments of glue-etl-script.py: argument --preview: invalid")
    assert said.endswith("next: it takes --config s3://bucket/folder/hitparade.toml and --preview")

    waiting.settings(KPIS, more='[engine]\nname = "abacus"\nmemory = "much"')
    said = told(waiting.job("glue-etl-script.py"))
    assert "engine.memory: String should match" in said
    assert said.endswith("next: docs/configuration.md lists every key")


def test_a_dataset_that_its_contract_stops_fails_the_job_when_the_others_are_through(waiting: Bucket) -> None:
    field = {"type": "int", "required": True}
    schema = {"extension": ".csv", "fields": {"user_id": field}, "validation": {"on_error": "fail"}}
    manifest = {"name": "manifest.json", "version": "2.0", "directory": "data/users/", "schema": schema}
    waiting.put("data/users/manifest.json", json.dumps(manifest).encode())
    waiting.put("data/users/users.csv", b"user_id\nnobody\n")

    done = waiting.job("streaming_transformation.py", "--preview")

    assert told(done).startswith("hitparade.errors.ContractBreach: ")
    assert "genre_daily of 2025-03-10" in done.stdout
