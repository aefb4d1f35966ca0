"""music_streaming_pipeline, run by Airflow: its job is started by its own operator and executes on the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.airflow.airflows import Airflow
from tests.airflow.system import STREAMS, WITHOUT_SPARK, OnEmulator
from tests.emulator.emulated import Emulated

DAG = "music_streaming_pipeline"
INTERMEDIATE, ARCHIVE = "music-streaming-intermediate", "music-streaming-glacier-archive"
SCRIPT, JOB = "glue_scripts/streaming_transformation.py", "music_streaming_kpis"
MEASURES = ("listen_count", "unique_listeners", "listening_ms")
THROUGH = {
    "start_dag_task": "success",
    "sense_streaming_data": "success",
    "extract_and_combine_streams_task": "success",
    "validate_csv_files_task": "success",
    "end_dag_if_validation_fails_task": "skipped",
    "move_files_to_intermediate_bucket_task": "success",
    "trigger_glue_job": "success",
    "delete_files_from_intermediate_bucket_task": "success",
    "archive_streams_data_task": "success",
    "end_dag_task": "success",
}
NOTHING_NEW = {
    **dict.fromkeys(THROUGH, "skipped"),
    "start_dag_task": "success",
    "sense_streaming_data": "success",
    "end_dag_task": "success",
}
INVALID = {
    **THROUGH,
    "end_dag_if_validation_fails_task": "success",
    "move_files_to_intermediate_bucket_task": "skipped",
    "trigger_glue_job": "skipped",
    "archive_streams_data_task": "skipped",
    "end_dag_task": "skipped",
}
JOB_FAILED = {
    **THROUGH,
    "trigger_glue_job": "failed",
    "archive_streams_data_task": "upstream_failed",
    "end_dag_task": "upstream_failed",
}
COPY_FAILED = {
    **dict.fromkeys(THROUGH, "upstream_failed"),
    "start_dag_task": "success",
    "sense_streaming_data": "success",
    "extract_and_combine_streams_task": "failed",
}
# What the job's script does at its end: tells what the intermediate bucket holds, and drops a file that comes too late
# for this run.
AFTER = """
import boto3
s3 = boto3.client("s3")
for entry in s3.list_objects_v2(Bucket="music-streaming-intermediate").get("Contents", []):
    print("intermediate:", "/".join(entry["Key"].split("/")[-2:]))
s3.put_object(Bucket="music-streaming-services", Key="streams/late.csv", Body={body!r})
"""


@pytest.fixture
def seeded(aws: Emulated) -> OnEmulator:
    """The system with its sample."""
    return OnEmulator(aws, "music-streaming-services")


@pytest.fixture
def system(seeded: OnEmulator) -> OnEmulator:
    """The system without any file that waits, and without Spark."""
    seeded.clear("streams/")
    seeded.put(SCRIPT, WITHOUT_SPARK)
    return seeded


def table(system: OnEmulator) -> dict[tuple[str, str], tuple[int, ...]]:
    """The measures of music_kpis_table, by genre and day."""
    items: list[Mapping[str, Any]] = system.items("music_kpis_table")
    return {(item["genre"], item["date"]): tuple(int(item[name]) for name in MEASURES) for item in items}


def shown(system: OnEmulator) -> dict[tuple[str, str], tuple[int, ...]]:
    """The same, as show says."""
    rows = system.show("genre_daily")
    return {(row["genre"], row["listen_date"]): tuple(row[name] for name in MEASURES) for row in rows}


def assert_no_copy_is_left(system: OnEmulator) -> None:
    assert system.keys("", INTERMEDIATE) == []
    assert system.keys("temp/") == []


def test_streams_are_copied_computed_and_archived_in_glacier(airflow: Airflow, seeded: OnEmulator) -> None:
    assert len(seeded.keys("streams/")) == 3

    ended = airflow.run(DAG, seeded.aws)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert len(shown(seeded)) > 10
    assert table(seeded) == shown(seeded)
    assert seeded.keys("streams/") == []
    archived = seeded.aws.client("s3").list_objects_v2(Bucket=ARCHIVE, Prefix="streams/")["Contents"]
    assert sorted(entry["Key"].split("-", 1)[1] for entry in archived) == [
        "streams1.csv",
        "streams2.csv",
        "streams3.csv",
    ]
    assert {entry["StorageClass"] for entry in archived} == {"GLACIER"}
    assert seeded.keys("songs/") == ["songs.csv"]
    assert_no_copy_is_left(seeded)


def test_without_streams_the_run_ends_at_end_dag_task(airflow: Airflow, system: OnEmulator) -> None:
    before = len(system.runs(JOB))

    ended = airflow.run(DAG, system.aws)

    assert (ended.state, ended.tasks) == ("success", NOTHING_NEW)
    assert len(system.runs(JOB)) == before


def test_a_copy_that_fails_fails_the_run_and_no_other_copy_is_left(airflow: Airflow, system: OnEmulator) -> None:
    """What lies in Glacier cannot be copied before it is restored."""
    s3 = system.aws.client("s3")
    s3.put_object(Bucket=system.bucket, Key="streams/cold.csv", Body=b"a,b\n", StorageClass="GLACIER")

    failed = airflow.run(DAG, system.aws)
    system.remove("streams/cold.csv")

    assert (failed.state, failed.tasks) == ("failed", COPY_FAILED)
    assert "cannot copy s3://music-streaming-services/streams/cold.csv" in failed.log
    assert_no_copy_is_left(system)


@pytest.mark.parametrize(
    ("key", "header"), [("streams/bad.csv", "user_id,listen_time"), ("songs/bad.csv", "track_id,artists")]
)
def test_a_missing_column_ends_the_run_and_no_file_is_touched(
    airflow: Airflow, system: OnEmulator, key: str, header: str
) -> None:
    before = len(system.runs(JOB))
    system.deliver("streams/good.csv", ["1,t1,2025-04-01 10:00:00"])
    system.deliver(key, ["1,2025-04-01 10:00:00"], header=header)

    ended = airflow.run(DAG, system.aws)
    left = set(system.keys(""))
    for name in (key, "streams/good.csv"):
        system.remove(name)

    assert (ended.state, ended.tasks) == ("success", INVALID)
    assert "bad.csv: header: missing column" in ended.log
    assert {key, "streams/good.csv"} <= left
    assert len(system.runs(JOB)) == before
    assert_no_copy_is_left(system)


def test_a_day_in_several_files_counts_once_and_a_late_file_stays_for_the_next_run(
    airflow: Airflow, system: OnEmulator
) -> None:
    system.deliver("streams/first.csv", ["1,t1,2025-05-01 10:00:00", "2,t1,2025-05-01 11:00:00"])
    script = system.get(SCRIPT).decode()
    rows = ["2,t1,2025-05-01 11:00:00", "1,t1,2025-05-01 20:00:00", "3,,2025-05-01 21:00:00"]
    system.put(SCRIPT, script + AFTER.format(body="\n".join([STREAMS, *rows, ""])))

    first = airflow.run(DAG, system.aws)
    system.put(SCRIPT, script)

    assert (first.state, first.tasks) == ("success", THROUGH), first.log[-4000:]
    said = system.aws.lines(system.runs(JOB)[0], "output")
    assert sorted(line.removeprefix("intermediate: ") for line in said if line.startswith("intermediate:")) == [
        "songs/songs.csv",
        "streams/first.csv",
        "users/users.csv",
    ]
    assert system.keys("streams/") == ["late.csv"]
    assert table(system)["(unknown)", "2025-05-01"] == (2, 2, 0)

    second = airflow.run(DAG, system.aws)

    assert (second.state, second.tasks) == ("success", THROUGH), second.log[-4000:]
    assert system.keys("streams/") == []
    assert table(system)["(unknown)", "2025-05-01"] == (3, 2, 0)  # one row was a repeat, one had no track
    assert table(system) == shown(system)


def test_a_job_that_fails_fails_the_run_though_its_copies_are_removed(airflow: Airflow, system: OnEmulator) -> None:
    script, before = system.get(SCRIPT), table(system)
    system.put(SCRIPT, "raise ValueError('no streams today')\n")
    system.deliver("streams/waits.csv", ["1,t1,2025-06-01 10:00:00"])

    failed = airflow.run(DAG, system.aws)
    system.put(SCRIPT, script)
    left = system.keys("streams/")
    system.remove("streams/waits.csv")

    assert (failed.state, failed.tasks) == ("failed", JOB_FAILED)
    assert "no streams today" in failed.log
    assert left == ["waits.csv"]
    assert table(system) == before
    assert_no_copy_is_left(system)
