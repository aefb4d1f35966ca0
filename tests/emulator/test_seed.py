"""What the five documents name is there after `--seed`, as they name it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from hitparade.config import read_settings
from tests.acceptance.test_contracts import VERSION_1
from tests.emulator.emulated import Emulated, emulator

BUCKETS = {
    "music-streaming-etl",
    "music-streaming-services",
    "music-streaming-intermediate",
    "music-streaming-glacier-archive",
    "music-streaming-data-dynamo",
    "music-stream-glue",
    "music-streaming-etl-data",
    "music-etl-processed-data",
}
OBJECTS = {
    "music-streaming-etl": ["data/streams/manifest.json", "data/streams/streams1.csv", "data/quarantine/"],
    "music-streaming-services": ["streams/streams1.csv", "songs/songs.csv", "users/users.csv"],
    "music-stream-glue": [
        "spotify_data/songs/sample_songs.csv",
        "spotify_data/user_streams/sample_streams.csv",
        "spotify_data/users/sample_users.csv",
        "spotify_data/output/song_kpis/",
    ],
    "music-streaming-etl-data": [
        "metadata/songs/songs.csv",
        "metadata/users/users.csv",
        "streams/streams1.csv",
        "streams/streams2.csv",
    ],
    "music-etl-processed-data": ["validated-data/", "transformed-data/"],
}
SCRIPTS = {
    "streaming_transformation.py": [
        "music-streaming-etl/aws-glue-scripts/streaming_transformation.py",
        "music-streaming-services/glue_scripts/streaming_transformation.py",
    ],
    "glue-etl-script.py": ["music-streaming-data-dynamo/glue_scripts/glue-etl-script.py"],
    "dynamodb-loader-script.py": ["music-streaming-data-dynamo/glue_scripts/dynamodb-loader-script.py"],
    "calculate_metrics_etl.py": ["music-stream-glue/scripts/calculate_metrics_etl.py"],
    "insert_metrics_dynamo.py": ["music-stream-glue/scripts/insert_metrics_dynamo.py"],
}
TABLES = {
    "music_kpis_table": ["date", "genre"],
    "music_streaming_avg_listening_time": ["genre", "listen_date"],
    "music_streaming_genre_listen_count": ["genre", "listen_date"],
    "music_streaming_top_genres": ["listen_date"],
    "music_streaming_top_songs": ["genre", "listen_date"],
    "music_streaming_total_listening_time": ["genre", "listen_date"],
    "music_streaming_unique_listeners": ["genre", "listen_date"],
    "track_level_reports": ["track_id", "report_date"],
}
SECRET = {"REDSHIFT_DB", "REDSHIFT_USER", "REDSHIFT_PASSWORD", "REDSHIFT_HOST", "REDSHIFT_PORT", "REDSHIFT_IAM_ROLE"}


@pytest.fixture(scope="module")
def seeded() -> Iterator[Emulated]:
    """An emulator with all of it."""
    with emulator("--seed") as aws:
        yield aws


def keys(aws: Emulated, bucket: str) -> dict[str, Any]:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {
        entry["Key"]: (entry["ETag"], entry["LastModified"]) for page in pages for entry in page.get("Contents", [])
    }


def read(aws: Emulated, bucket: str, key: str) -> bytes:
    return bytes(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def test_every_bucket_and_place_is_there(seeded: Emulated) -> None:
    assert {bucket["Name"] for bucket in seeded.client("s3").list_buckets()["Buckets"]} == BUCKETS
    for bucket, wanted in OBJECTS.items():
        assert set(wanted) <= set(keys(seeded, bucket))


def test_the_manifest_is_the_documented_one_and_the_sample_keeps_to_it(seeded: Emulated) -> None:
    assert json.loads(read(seeded, "music-streaming-etl", "data/streams/manifest.json")) == VERSION_1
    header, *rows = read(seeded, "music-streaming-etl", "data/streams/streams1.csv").decode().splitlines()
    assert header == "user_id,track_id,listen_time"
    assert 0 < len(rows) <= 11346


def test_the_sample_is_one_catalogue_and_listens_to_it(seeded: Emulated) -> None:
    header, *songs = read(seeded, "music-stream-glue", "spotify_data/songs/sample_songs.csv").decode().splitlines()
    streams = (
        read(seeded, "music-stream-glue", "spotify_data/user_streams/sample_streams.csv").decode().splitlines()[1:]
    )

    assert header.startswith("track_id,artists,album_name,track_name")
    assert {line.split(",")[1] for line in streams} & {line.split(",")[0] for line in songs}


def test_the_queue_of_events_hears_of_the_sample_and_of_every_file_that_is_dropped(seeded: Emulated) -> None:
    sqs = seeded.client("sqs")
    queue = sqs.get_queue_url(QueueName="music-streaming-etl-events")["QueueUrl"]

    def heard() -> list[str]:
        """The keys of the events that are there, which are taken out of the queue."""
        found = []
        while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found += [record["s3"]["object"]["key"] for record in json.loads(message["Body"]).get("Records", ())]
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return found

    assert {f"data/streams/streams{number}.csv" for number in (1, 2, 3)} <= set(heard())
    for key in ("archive/streams4.csv", "data/streams/streams4.csv"):
        seeded.client("s3").put_object(Bucket="music-streaming-etl", Key=key, Body=b"")
    assert heard() == ["data/streams/streams4.csv"]


def test_every_table_is_there_with_its_keys(seeded: Emulated) -> None:
    dynamodb = seeded.client("dynamodb")
    found = {
        name: [key["AttributeName"] for key in dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]]
        for name in TABLES
    }

    assert found == TABLES


def test_the_documented_jobs_have_their_documented_settings(seeded: Emulated) -> None:
    glue = seeded.client("glue")
    spark = glue.get_job(JobName="calculate_metrics_etl")["Job"]
    shell = glue.get_job(JobName="insert_metrics_dynamo")["Job"]

    assert (spark["Command"]["Name"], spark["NumberOfWorkers"], spark["Timeout"]) == ("glueetl", 2, 15)
    assert (shell["Command"]["Name"], shell["MaxCapacity"], shell["Timeout"]) == ("pythonshell", 0.0625, 20)
    assert glue.get_database(Name="music_streams")["Database"]["Name"] == "music_streams"


def test_every_jobs_script_is_where_the_job_looks_for_it(seeded: Emulated) -> None:
    locations = {job["Command"]["ScriptLocation"] for job in seeded.client("glue").get_jobs()["Jobs"]}

    assert locations == {f"s3://{place}" for places in SCRIPTS.values() for place in places}
    for name, places in SCRIPTS.items():
        script = files("hitparade").joinpath("glue", name)
        for bucket, _, key in (place.partition("/") for place in places):
            if script.is_file():
                assert read(seeded, bucket, key) == script.read_bytes()
            else:
                assert key not in keys(seeded, bucket)


def test_the_jobs_settings_are_there_and_keep_their_systems_apart(
    seeded: Emulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = seeded.client("glue").get_jobs()["Jobs"]
    configs = {config for job in jobs if (config := job["DefaultArguments"].get("--config"))}
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in seeded.environment.items():
        monkeypatch.setenv(name, value)

    settings = [read_settings(config) for config in sorted(configs)]

    assert [found.lake.namespace for found in settings] == [
        "dag_glue_workflow",
        "music_streams",
        "music_streaming_etl",
        "music_streaming_pipeline",
    ]
    sinks = [sink for found in settings for sink in found.sinks if sink.startswith("dynamodb:")]
    tables = [table for sink in sinks for table in sink.removeprefix("dynamodb:").split(",")]
    assert len(tables) == len(set(tables)) == 8


def test_the_secret_has_the_documented_shape_and_the_roles_their_names(seeded: Emulated) -> None:
    secret = json.loads(seeded.client("secretsmanager").get_secret_value(SecretId="music-etl-secrets")["SecretString"])
    roles = {role["RoleName"]: role["Arn"] for role in seeded.client("iam").list_roles()["Roles"]}

    assert set(secret) == SECRET
    assert {"GlueJobRole", "MWAAExecutionRole", "RedshiftS3AccessRole"} <= set(roles)
    assert secret["REDSHIFT_IAM_ROLE"] == roles["RedshiftS3AccessRole"]


def test_seeding_again_changes_nothing_and_brings_nothing_back(tmp_path: Path) -> None:
    def seen(aws: Emulated) -> object:
        secret = aws.client("secretsmanager").get_secret_value(SecretId="music-etl-secrets")
        jobs = aws.client("glue").get_jobs()["Jobs"]
        objects = {bucket: keys(aws, bucket) for bucket in BUCKETS}
        scripts = {place.split("/", 1)[1] for places in SCRIPTS.values() for place in places}
        for found in objects.values():
            for key in scripts & set(found):
                found[key] = found[key][0]  # written anew, as it was
        return objects, secret["VersionId"], jobs, aws.client("dynamodb").list_tables()["TableNames"]

    with emulator("--seed", "--data", str(tmp_path)) as aws:
        aws.client("s3").delete_object(Bucket="music-streaming-services", Key="streams/streams1.csv")
        aws.client("glue").update_job(
            JobName="insert_metrics_dynamo", JobUpdate={"Role": "mine", "Command": {"Name": "pythonshell"}}
        )
        before = seen(aws)

    with emulator("--seed", "--data", str(tmp_path)) as aws:
        assert seen(aws) == before


def test_the_list_of_what_to_seed_names_only_what_it_knows() -> None:
    wanted = yaml.safe_load(files("hitparade.emulator").joinpath("seed.yaml").read_text())

    assert set(wanted) == {"buckets", "events", "scripts", "jobs", "databases", "roles", "secrets", "warehouse"}
    assert {kind for objects in wanted["buckets"].values() for source in objects.values() for kind in source} == {
        "json",
        "sample",
        "number",
        "folder",
        "text",
    }
    assert set(wanted["scripts"]) <= set(wanted["buckets"])
