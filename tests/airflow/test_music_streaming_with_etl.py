"""music_streaming_with_etl, run by Airflow: its jobs are started by its own operators and execute on the emulator."""

from __future__ import annotations

import importlib.util
import re

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.airflow.airflows import DAGS, Airflow
from tests.airflow.genre_tables import assert_tables_say_what_show_says
from tests.airflow.system import STREAMS, WITHOUT_SPARK, OnEmulator
from tests.emulator.emulated import Emulated

DAG = "music_streaming_with_etl"
TASKS = ("validate_data", "check_schema", "run_etl_job", "load_dynamodb", "archive_files")
THROUGH = dict.fromkeys(TASKS, "success")
SCRIPT, LOADER = "glue_scripts/glue-etl-script.py", "glue_scripts/dynamodb-loader-script.py"
JOB = "music_streaming_etl_job"
# A file that comes when the loader starts, which is after the streams were read and before they are archived.
LATE = """\
import boto3
boto3.client("s3").put_object(Bucket="music-streaming-data-dynamo", Key="streams/late.csv", Body={body!r})
"""


@pytest.fixture
def seeded(aws: Emulated) -> OnEmulator:
    """The system with its sample."""
    return OnEmulator(aws, "music-streaming-data-dynamo")


@pytest.fixture
def system(seeded: OnEmulator) -> OnEmulator:
    """The system without any file that waits, and without Spark."""
    seeded.clear("streams/", "songs/", "users/")
    seeded.put(SCRIPT, WITHOUT_SPARK)
    return seeded


def ended_at(task: str, state: str, after: str) -> dict[str, str]:
    """The tasks' states when one ended so, and those after it are as it made them."""
    place = TASKS.index(task)
    return {**THROUGH, task: state, **dict.fromkeys(TASKS[place + 1 :], after)}


def listens(system: OnEmulator, day: str) -> dict[str, int]:
    """Listens by genre on a day, as the table has them."""
    return {
        item["genre"]: int(item["listen_count"])
        for item in system.items("music_streaming_genre_listen_count")
        if item["listen_date"] == day
    }


def test_files_are_computed_loaded_and_archived(airflow: Airflow, seeded: OnEmulator) -> None:
    assert len(seeded.keys("streams/")) == 3

    ended = airflow.run(DAG, seeded.aws)

    assert (ended.state, ended.tasks) == ("success", THROUGH), ended.log[-4000:]
    assert_tables_say_what_show_says(seeded)
    assert seeded.keys("streams/") == []
    assert sorted(name.split("-", 1)[1] for name in seeded.keys("archive/streams/")) == [
        "streams1.csv",
        "streams2.csv",
        "streams3.csv",
    ]
    assert seeded.keys("songs/") == ["songs.csv"]


def test_without_anything_new_the_rest_is_skipped(airflow: Airflow, system: OnEmulator) -> None:
    before = len(system.runs(JOB))

    ended = airflow.run(DAG, system.aws)

    assert (ended.state, ended.tasks) == ("success", ended_at("validate_data", "skipped", "skipped"))
    assert len(system.runs(JOB)) == before


@pytest.mark.parametrize(
    ("task", "content", "said"),
    [
        ("validate_data", "", "streams/bad.csv: empty_file: the file is empty"),
        ("check_schema", "user_id,listen_time\n1,2025-04-01\n", "streams/bad.csv: header: missing column track_id"),
    ],
)
def test_a_file_that_is_not_what_its_contract_says_fails_the_run_before_any_job(
    airflow: Airflow, system: OnEmulator, task: str, content: str, said: str
) -> None:
    before = len(system.runs(JOB))
    system.put("streams/bad.csv", content)

    ended = airflow.run(DAG, system.aws)
    left = system.keys("streams/")
    system.remove("streams/bad.csv")

    assert (ended.state, ended.tasks) == ("failed", ended_at(task, "failed", "upstream_failed"))
    assert said in ended.log
    assert left == ["bad.csv"]
    assert len(system.runs(JOB)) == before


def test_a_day_in_several_files_counts_once_and_a_late_file_stays_for_the_next_run(
    airflow: Airflow, system: OnEmulator
) -> None:
    system.deliver("streams/first.csv", ["1,t1,2025-05-01 10:00:00", "2,t1,2025-05-01 11:00:00"])
    loader = system.get(LOADER).decode()
    rows = ["2,t1,2025-05-01 11:00:00", "1,t1,2025-05-01 20:00:00", "3,,2025-05-01 21:00:00"]
    system.put(LOADER, LATE.format(body="\n".join([STREAMS, *rows, ""])) + loader)

    first = airflow.run(DAG, system.aws)
    system.put(LOADER, loader)

    assert (first.state, first.tasks) == ("success", THROUGH), first.log[-4000:]
    assert system.keys("streams/") == ["late.csv"]
    assert listens(system, "2025-05-01") == {"(unknown)": 2}

    second = airflow.run(DAG, system.aws)

    assert (second.state, second.tasks) == ("success", THROUGH), second.log[-4000:]
    assert system.keys("streams/") == []
    assert listens(system, "2025-05-01") == {"(unknown)": 3}  # one row was a repeat, one had no track
    assert_tables_say_what_show_says(system)


def test_a_job_that_fails_fails_the_run_and_leaves_the_files(airflow: Airflow, system: OnEmulator) -> None:
    system.put("mine/glue-etl-script.py", "raise ValueError('no songs today')\n")
    system.deliver("streams/waits.csv", ["1,t1,2025-06-01 10:00:00"])

    failed = airflow.run(
        DAG, system.aws, glue_job_name="mine", glue_script_location="s3://music-streaming-data-dynamo/mine/"
    )
    left = system.keys("streams/")
    system.remove("streams/waits.csv")

    assert (failed.state, failed.tasks) == ("failed", ended_at("run_etl_job", "failed", "upstream_failed"))
    assert "no songs today" in failed.log
    assert left == ["waits.csv"]
    assert len(system.runs("mine")) == 2  # the task was tried again


@pytest.mark.skipif(importlib.util.find_spec("aiobotocore") is None, reason="aiobotocore is not installed")
def test_the_documented_rights_of_airflow_are_those_that_its_tasks_use(airflow: Airflow, system: OnEmulator) -> None:
    page = (DAGS.parent / "docs" / "glue.md").read_text()
    [row] = re.findall(r"^\| Airflow \|.*$", page, re.MULTILINE)
    documented = set(re.findall(r"`((?:glue|iam):\w+)`", row))
    system.put("poor/glue-etl-script.py", "raise ValueError('no songs today')\n")
    system.deliver("streams/waits.csv", ["1,t1,2025-06-01 10:00:00"])

    # The job is not there, so it is made; it fails, so the task is tried again.
    failed = airflow.run(
        DAG, system.aws, glue_job_name="poor", glue_script_location="s3://music-streaming-data-dynamo/poor/"
    )
    system.remove("streams/waits.csv")

    assert failed.tries["run_etl_job"] == 2
    used = {name for name in failed.called if re.match(r"glue:\w*Job|iam:", name)}
    assert documented == {*used, "iam:PassRole"}  # which is no request: it is looked at when a job is made
