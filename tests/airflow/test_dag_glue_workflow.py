"""dag_glue_workflow, run by Airflow: its jobs are started by its own operators and execute on the emulator."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.airflow.airflows import Airflow
from tests.airflow.system import WITHOUT_SPARK, OnEmulator
from tests.emulator.emulated import Emulated

DAG = "dag_glue_workflow"
Counts = tuple[int, int]
TABLE = "track_level_reports"
LANDING, ARCHIVE = "spotify_data/user_streams/", "spotify_data/archive/streams/"
SPARK_SCRIPT, SHELL_SCRIPT = "scripts/calculate_metrics_etl.py", "scripts/insert_metrics_dynamo.py"
THROUGH = {
    "check_files": "success",
    "skip_execution": "skipped",
    "trigger_glue_spark_job": "success",
    "wait_for_spark_completion": "success",
    "trigger_glue_python_shell_job": "success",
    "archive_files": "success",
}
SKIPPED = {
    "check_files": "success",
    "skip_execution": "success",
    "trigger_glue_spark_job": "skipped",
    "wait_for_spark_completion": "skipped",
    "trigger_glue_python_shell_job": "skipped",
    "archive_files": "skipped",
}
# A file that comes when the loader starts, which is after the streams were read and before they are archived.
LATE = """\
import boto3
boto3.client("s3").put_object(Bucket="music-stream-glue", Key="{key}", Body={body!r})
"""


@pytest.fixture
def seeded(aws: Emulated) -> OnEmulator:
    """The system with its sample."""
    return OnEmulator(aws, "music-stream-glue", "spotify_data")


@pytest.fixture
def system(seeded: OnEmulator) -> OnEmulator:
    """The system without any file that waits, and without Spark."""
    seeded.clear(LANDING)
    seeded.put(SPARK_SCRIPT, WITHOUT_SPARK)
    return seeded


def reports(system: OnEmulator) -> dict[tuple[str, str], Counts]:
    """Listens and listeners of track_level_reports, by track and day."""
    return {
        (item["track_id"], item["report_date"]): (item["listen_count"], item["unique_listeners"])
        for item in system.items(TABLE)
    }


def shown(system: OnEmulator) -> dict[tuple[str, str], Counts]:
    """The same, as show says."""
    return {
        (row["track_id"], row["listen_date"]): (row["listen_count"], row["unique_listeners"])
        for row in system.show("track_daily")
    }


def of_day(found: Mapping[tuple[str, str], Counts], day: str) -> dict[str, Counts]:
    """What is said of a day's tracks."""
    return {track: value for (track, at), value in found.items() if at == day}


def test_files_are_computed_loaded_and_archived(airflow: Airflow, seeded: OnEmulator) -> None:
    assert seeded.keys(LANDING) == ["sample_streams.csv"]

    ended = airflow.run(DAG, seeded.aws)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert len(shown(seeded)) > 100
    assert reports(seeded) == shown(seeded)
    assert seeded.keys(LANDING) == []
    assert [name.split("-", 1)[1] for name in seeded.keys(ARCHIVE)] == ["sample_streams.csv"]
    assert seeded.keys("spotify_data/songs/") == ["sample_songs.csv"]
    assert {name.split("/")[0] for name in seeded.keys("spotify_data/output/song_kpis/")} >= {
        "top_genres_daily",
        "top_songs_daily",
        "track_daily",
    }


def test_nothing_new_skips_execution_and_starts_no_job(airflow: Airflow, system: OnEmulator) -> None:
    before = len(system.runs("calculate_metrics_etl"))

    ended = airflow.run(DAG, system.aws)

    assert (ended.state, ended.tasks) == ("success", SKIPPED)
    assert len(system.runs("calculate_metrics_etl")) == before


@pytest.mark.parametrize("missing", ["songs", "users", "user_streams"])
def test_a_missing_input_skips_execution(airflow: Airflow, aws: Emulated, missing: str) -> None:
    bucket = f"without-{missing.replace('_', '-')}"
    aws.make_bucket(bucket)
    other = OnEmulator(aws, bucket, "spotify_data")
    for folder in {"songs", "users", "user_streams"} - {missing}:
        other.put(f"spotify_data/{folder}/one.csv", "a,b\n")
    other.put(f"spotify_data/{missing}/.hidden", "no delivery")

    ended = airflow.run(DAG, aws, dag_glue_workflow_bucket=bucket)

    assert (ended.state, ended.tasks) == ("success", SKIPPED)


def test_bad_rows_and_files_are_left_out_and_the_good_ones_count(airflow: Airflow, system: OnEmulator) -> None:
    good = ["1,t1,2025-04-01 10:00:00", "2,t1,2025-04-01 11:00:00", "2,t2,2025-04-01 12:00:00"]
    system.deliver(f"{LANDING}partly.csv", [*good, "3,,2025-04-01 13:00:00", "4,t1,noon"])
    system.deliver(f"{LANDING}broken.csv", ["1,2025-04-01 10:00:00"], header="user_id,listen_time")

    ended = airflow.run(DAG, system.aws)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert of_day(reports(system), "2025-04-01") == {"t1": (2, 2), "t2": (1, 1)}
    assert reports(system) == shown(system)
    assert system.keys(LANDING) == []
    assert sorted(name.split("-", 1)[1] for name in system.keys("spotify_data/quarantine/")) == [
        "broken.csv",
        "broken.csv.report.json",
    ]


def test_a_day_in_several_files_counts_once_and_a_late_file_stays_for_the_next_run(
    airflow: Airflow, system: OnEmulator
) -> None:
    system.deliver(f"{LANDING}first.csv", ["1,t1,2025-05-01 10:00:00", "2,t1,2025-05-01 11:00:00"])
    loader = system.get(SHELL_SCRIPT).decode()
    late = (
        b"user_id,track_id,listen_time\n2,t1,2025-05-01 11:00:00\n1,t1,2025-05-01 20:00:00\n3,t1,2025-05-01 21:00:00\n"
    )
    key = f"{LANDING}late.csv"
    marked = loader.replace("import boto3\n", LATE.format(key=key, body=late), 1)
    assert marked != loader
    system.put(SHELL_SCRIPT, marked)

    first = airflow.run(DAG, system.aws)
    system.put(SHELL_SCRIPT, loader)

    assert (first.state, first.tasks) == ("success", THROUGH), first.log[-4000:]
    assert system.keys(LANDING) == ["late.csv"]
    assert of_day(reports(system), "2025-05-01") == {"t1": (2, 2)}

    second = airflow.run(DAG, system.aws)

    assert (second.state, second.tasks) == ("success", THROUGH), second.log[-4000:]
    assert system.keys(LANDING) == []
    assert of_day(reports(system), "2025-05-01") == {"t1": (4, 3)}
    assert reports(system) == shown(system)


def test_a_job_that_fails_fails_the_run_and_leaves_the_files_for_the_next(airflow: Airflow, system: OnEmulator) -> None:
    script, before = system.get(SPARK_SCRIPT), reports(system)
    system.put(SPARK_SCRIPT, "raise ValueError('no songs today')\n")
    system.deliver(f"{LANDING}waits.csv", ["1,t1,2025-06-01 10:00:00"])

    failed = airflow.run(DAG, system.aws)
    system.put(SPARK_SCRIPT, script)

    assert (failed.state, failed.tasks) == (
        "failed",
        {
            **THROUGH,
            "wait_for_spark_completion": "failed",
            "trigger_glue_python_shell_job": "upstream_failed",
            "archive_files": "upstream_failed",
        },
    )
    assert "no songs today" in failed.log
    assert system.keys(LANDING) == ["waits.csv"]
    assert reports(system) == before
    system.remove(f"{LANDING}waits.csv")


def test_jobs_that_are_not_there_are_made_with_their_documented_sizes(airflow: Airflow, system: OnEmulator) -> None:
    glue = system.aws.client("glue")
    scripts = {key: system.get(key) for key in (SPARK_SCRIPT, SHELL_SCRIPT)}
    for job in ("calculate_metrics_etl", "insert_metrics_dynamo"):
        glue.delete_job(JobName=job)
    for key in scripts:
        system.put(key, "print('a script')\n")
    system.deliver(f"{LANDING}unread.csv", ["1,t1,2025-06-01 10:00:00"])

    ended = airflow.run(DAG, system.aws)
    for key, script in scripts.items():
        system.put(key, script)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    spark = glue.get_job(JobName="calculate_metrics_etl")["Job"]
    shell = glue.get_job(JobName="insert_metrics_dynamo")["Job"]
    assert (spark["Command"]["Name"], spark["WorkerType"], spark["NumberOfWorkers"]) == ("glueetl", "G.1X", 2)
    assert (spark["Timeout"], spark["GlueVersion"]) == (15, "6.0")
    assert (shell["Command"]["Name"], shell["Command"]["PythonVersion"]) == ("pythonshell", "3.9")
    assert (shell["MaxCapacity"], shell["Timeout"]) == (0.0625, 20)
    assert system.keys(LANDING) == ["unread.csv"]  # no job has read it, so it is not archived
