"""music_streaming_etl, run by Airflow: it waits for files, and its job executes on the emulator."""

from __future__ import annotations

import gzip
import importlib.util
import json
import subprocess
import sys
import threading

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.airflow.airflows import DAGS, DEFER, Airflow, environment_of
from tests.airflow.genre_tables import assert_tables_say_what_show_says
from tests.airflow.system import STREAMS, WITHOUT_SPARK, OnEmulator
from tests.emulator.emulated import Emulated
from tests.together import until

DAG = "music_streaming_etl"
PREFIX = "music_streaming_etl_"
LANDING, QUARANTINE = "data/streams/", "data/quarantine/"
SCRIPT, JOB = "aws-glue-scripts/streaming_transformation.py", "streaming_transformation"
NO_DELIVERIES = [
    f"{LANDING}below/streams1.csv",
    *(f"{LANDING}{name}" for name in (".streams1.csv", "streams1.csv.part", "streams1.csv.tmp")),
]
THROUGH = {
    "s3_key_sensor": "success",
    "validate_streaming_files_task": "success",
    "prepare_files_for_job_run_task": "success",
    "run_glue_job_task": "success",
    "archive_and_cleanup_task": "success",
    "cleanup_on_failure_task": "skipped",
}
INVALID = {
    "s3_key_sensor": "success",
    "validate_streaming_files_task": "failed",
    "prepare_files_for_job_run_task": "upstream_failed",
    "run_glue_job_task": "upstream_failed",
    "archive_and_cleanup_task": "upstream_failed",
    "cleanup_on_failure_task": "success",
}
JOB_FAILED = {**THROUGH, "run_glue_job_task": "failed", "archive_and_cleanup_task": "upstream_failed"}
CANNOT_LOOK = """
import sys
from airflow.dag_processing.dagbag import DagBag
task = DagBag(sys.argv[1]).dags["music_streaming_etl"].get_task("s3_key_sensor")
try:
    task.resume_execution("execute_complete", {"event": {"status": "error", "message": "no rights"}}, {})
except Exception as error:
    print()
    print(type(error).__name__)
"""
# A file that comes when the job ends, which is after the streams were read and before they are archived.
LATE = """
import boto3
boto3.client("s3").put_object(Bucket="music-streaming-etl", Key="data/streams/streams92.csv", Body={body!r})
"""


@pytest.fixture
def seeded(aws: Emulated) -> OnEmulator:
    """The system with its sample."""
    return OnEmulator(aws, "music-streaming-etl")


@pytest.fixture
def system(seeded: OnEmulator) -> OnEmulator:
    """The system without any file that waits, and without Spark."""
    seeded.clear(LANDING)
    seeded.put(SCRIPT, WITHOUT_SPARK)
    return seeded


def deliveries(system: OnEmulator) -> list[str]:
    """The stream files that lie in the landing folder."""
    return sorted(name for name in system.keys(LANDING) if name != "manifest.json")


def listens(system: OnEmulator, day: str) -> dict[str, int]:
    """Listens by genre on a day, as the table has them."""
    return {
        item["genre"]: int(item["listen_count"])
        for item in system.items(f"{PREFIX}music_streaming_genre_listen_count")
        if item["listen_date"] == day
    }


def test_files_are_awaited_validated_computed_and_archived(airflow: Airflow, seeded: OnEmulator) -> None:
    assert deliveries(seeded) == ["streams1.csv", "streams2.csv", "streams3.csv"]

    ended = airflow.run(DAG, seeded.aws)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert_tables_say_what_show_says(seeded, PREFIX)
    assert deliveries(seeded) == []
    assert sorted(name.split("-", 1)[1] for name in seeded.keys("archive/streams/")) == [
        "streams1.csv",
        "streams2.csv",
        "streams3.csv",
    ]


def test_without_a_file_the_run_waits_and_starts_no_job(airflow: Airflow, system: OnEmulator) -> None:
    before = len(system.runs(JOB))
    for key in NO_DELIVERIES:
        system.put(key, "no delivery")

    ended = airflow.run(DAG, system.aws)
    for key in NO_DELIVERIES:
        system.remove(key)

    assert (ended.state, ended.tasks) == ("success", dict.fromkeys(THROUGH, "skipped"))
    assert len(system.runs(JOB)) == before


@pytest.mark.skipif(importlib.util.find_spec("aiobotocore") is None, reason="aiobotocore is not installed")
def test_a_deferred_task_sleeps_on_for_what_is_no_delivery_and_is_woken_by_a_file_of_any_name(
    airflow: Airflow, system: OnEmulator
) -> None:
    logged = airflow.log.stat().st_size

    def looks() -> int:
        """How often it was looked since the task was deferred."""
        return airflow.log.read_text()[logged:].partition("running trigger in line")[2].count("Looking for files")

    def deliver() -> None:
        """What is no delivery, as soon as the trigger looks; then a file, when it has looked at that."""
        assert until(lambda: looks() > 0, seconds=120)
        for key in NO_DELIVERIES:
            system.put(key, "no delivery")
        seen = looks()
        assert until(lambda: looks() > seen + 1, seconds=120)
        for key in NO_DELIVERIES:
            system.remove(key)
        system.put(f"{LANDING}plays.tsv.gz", gzip.compress(b"what the manifest refuses"))

    delivery = threading.Thread(target=deliver)
    delivery.start()
    ended = airflow.run_in({**system.aws.environment, DEFER: "1"}, DAG)
    delivery.join()
    refused = [name.split("-", 1)[1] for name in system.keys(QUARANTINE)]
    system.clear(QUARANTINE)

    assert (ended.state, ended.tasks) == ("failed", INVALID), ended.log[-4000:]
    assert "plays.tsv.gz: extension" in ended.log
    assert sorted(refused) == ["plays.tsv.gz", "plays.tsv.gz.report.json"]
    assert ended.log.partition("validate_streaming_files_task")[0].count("running trigger in line") == 1


def test_a_triggerer_that_cannot_look_fails_the_task(airflow: Airflow) -> None:
    """Airflow would skip it, and one run after the other would end well."""
    done = subprocess.run(
        [sys.executable, "-c", CANNOT_LOOK, str(DAGS)],
        capture_output=True,
        text=True,
        env=environment_of(airflow.log.parent),
        timeout=120,
        check=False,
    )

    assert done.stdout.splitlines()[-1:] == ["StorageError"], done.stdout[-4000:] + done.stderr[-4000:]


def test_refused_files_go_to_the_manifests_quarantine_and_the_others_stay(airflow: Airflow, system: OnEmulator) -> None:
    before = len(system.runs(JOB))
    system.deliver(f"{LANDING}streams80.csv", ["1,t1,2025-04-01 10:00:00"])
    system.deliver(f"{LANDING}streams81.csv", ["1,2025-04-01 10:00:00"], header="user_id,listen_time")
    system.deliver(f"{LANDING}misnamed.tsv", ["1,t1,2025-04-01 10:00:00"])

    ended = airflow.run(DAG, system.aws)
    left = deliveries(system)
    system.remove(f"{LANDING}streams80.csv")

    assert (ended.state, ended.tasks) == ("failed", INVALID)
    assert "streams81.csv: header: missing column track_id" in ended.log
    assert "misnamed.tsv: extension" in ended.log
    assert left == ["streams80.csv"]
    assert sorted(name.split("-", 1)[1] for name in system.keys(QUARANTINE)) == [
        "misnamed.tsv",
        "misnamed.tsv.report.json",
        "streams81.csv",
        "streams81.csv.report.json",
    ]
    assert len(system.runs(JOB)) == before


def test_a_missing_manifest_fails_validation_and_nothing_is_quarantined(airflow: Airflow, system: OnEmulator) -> None:
    manifest = system.get(f"{LANDING}manifest.json")
    assert json.loads(manifest)["version"] == "1.0"
    system.remove(f"{LANDING}manifest.json")
    system.deliver(f"{LANDING}streams85.csv", ["1;t1;2025-04-01 10:00:00"], header="user_id;track_id;listen_time")

    ended = airflow.run(DAG, system.aws)
    left = deliveries(system)
    system.put(f"{LANDING}manifest.json", manifest)
    system.remove(f"{LANDING}streams85.csv")

    assert (ended.state, ended.tasks) == ("failed", INVALID)
    assert "no manifest.json beside the files" in ended.log
    assert left == ["streams85.csv"]


def test_a_day_in_several_files_counts_once_a_late_file_waits_and_a_file_with_bad_rows_is_quarantined(
    airflow: Airflow, system: OnEmulator
) -> None:
    system.deliver(f"{LANDING}streams90.csv", ["1,t1,2025-05-01 10:00:00", "2,t1,2025-05-01 11:00:00"])
    system.deliver(f"{LANDING}streams91.csv", ["5,t1,2025-05-01 10:00:00", "5,t1,noon"])
    script = system.get(SCRIPT).decode()
    late = "\n".join([STREAMS, "2,t1,2025-05-01 11:00:00", "1,t1,2025-05-01 20:00:00", ""])
    system.put(SCRIPT, script + LATE.format(body=late))

    first = airflow.run(DAG, system.aws)
    system.put(SCRIPT, script)

    assert (first.state, first.tasks) == ("success", THROUGH), first.log[-4000:]
    assert deliveries(system) == ["streams92.csv"]
    assert listens(system, "2025-05-01") == {"(unknown)": 2}
    assert "streams91.csv" in {name.split("-", 1)[1] for name in system.keys(QUARANTINE)}

    second = airflow.run(DAG, system.aws)

    assert (second.state, second.tasks) == ("success", THROUGH), second.log[-4000:]
    assert deliveries(system) == []
    assert listens(system, "2025-05-01") == {"(unknown)": 3}  # one row was a repeat
    assert_tables_say_what_show_says(system, PREFIX)


def test_a_job_that_fails_fails_the_run_and_quarantines_nothing(airflow: Airflow, system: OnEmulator) -> None:
    script, before = system.get(SCRIPT), system.keys(QUARANTINE)
    system.put(SCRIPT, "raise ValueError('no streams today')\n")
    system.deliver(f"{LANDING}streams95.csv", ["1,t1,2025-06-01 10:00:00"])

    failed = airflow.run(DAG, system.aws)
    system.put(SCRIPT, script)
    left = deliveries(system)
    system.remove(f"{LANDING}streams95.csv")

    assert (failed.state, failed.tasks) == ("failed", JOB_FAILED)
    assert "no streams today" in failed.log
    assert left == ["streams95.csv"]
    assert system.keys(QUARANTINE) == before
