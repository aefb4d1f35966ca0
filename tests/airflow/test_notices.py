"""Notices of tasks that fail and runs that are late: to an SNS topic, by mail, or to nobody."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")
if importlib.util.find_spec("airflow") is None:
    pytest.skip("Airflow is not installed: pip install 'hitparade[airflow]'", allow_module_level=True)

from tests.airflow.airflows import DAGS, Airflow, environment_of
from tests.airflow.mail import mail_server
from tests.airflow.topic import Topic, make_topic
from tests.emulator.emulated import emulator

DAG = "dag_glue_workflow"
BAD = {"AIRFLOW_VAR_DAG_GLUE_WORKFLOW_BUCKET": "{{ no }} place <b>"}
LATE = """
import asyncio
from hitparade.airflow.notices import notify_late
run = {"dag_id": "music_streaming_pipeline", "dag_run_id": "scheduled__1", "state": "running"}
asyncio.run(notify_late(hours=6, context={"dag_run": run, "deadline": {}}))
"""
DEADLINES = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
print()
print(json.dumps({
    dag.dag_id: [(each.interval.total_seconds(), each.callback.path) for each in dag.deadline or ()]
    for dag in DagBag(sys.argv[1]).dags.values()
}))
"""


@pytest.fixture(scope="module")
def topic() -> Iterator[Topic]:
    """On an emulator with nothing else in it."""
    with emulator() as aws:
        yield make_topic(aws, "failures")


def printed(code: str, environment: Mapping[str, str], *given: str) -> str:
    """What a process prints."""
    command = [sys.executable, "-c", code, *given]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def body(message: EmailMessage) -> str:
    """A mail's HTML."""
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def test_a_task_that_fails_is_told_to_a_topic(airflow: Airflow, topic: Topic) -> None:
    environment = {**topic.aws.environment, **BAD, "AIRFLOW_VAR_HITPARADE_NOTIFY": f"sns:{topic.arn}"}

    ended = airflow.run_in(environment, DAG)

    assert (ended.state, ended.tasks["check_files"]) == ("failed", "failed"), ended.log[-4000:]
    [notice] = topic.received()  # those that could not begin are not told
    assert notice["Subject"] == "dag_glue_workflow: check_files failed"
    assert "error: the Variable dag_glue_workflow_bucket is '{{ no }} place <b>'; next: " in notice["Message"]
    assert "try: 1\n" in notice["Message"]


def test_a_task_that_fails_is_told_by_mail(airflow: Airflow) -> None:
    with mail_server() as server:
        connection = {
            "conn_type": "smtp",
            "host": "127.0.0.1",
            "port": server.port,
            "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"},
        }
        environment = {
            **BAD,
            "AIRFLOW_VAR_HITPARADE_NOTIFY": "smtp:charts@example.com",
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(connection),
        }

        ended = airflow.run_in(environment, DAG)

    assert (ended.state, ended.tasks["check_files"]) == ("failed", "failed"), ended.log[-4000:]
    [message] = server.received
    assert (message["To"], message["From"]) == ("charts@example.com", "airflow@example.com")
    assert message["Subject"] == "dag_glue_workflow: check_files failed"
    assert "{{ no }} place &lt;b&gt;" in body(message)


def test_without_the_variable_nobody_is_told(airflow: Airflow, topic: Topic) -> None:
    ended = airflow.run_in({**topic.aws.environment, **BAD}, DAG)

    assert (ended.state, topic.received()) == ("failed", [])
    assert "airflow.notice" not in ended.log


@pytest.mark.parametrize("to", ["pigeon:loft", "sns:failures", "sns:arn:aws:sns:us-east-1:123456789012:nothing-there"])
def test_a_notice_that_cannot_be_sent_is_logged_and_changes_nothing(airflow: Airflow, topic: Topic, to: str) -> None:
    ended = airflow.run_in({**topic.aws.environment, **BAD, "AIRFLOW_VAR_HITPARADE_NOTIFY": to}, DAG)

    assert (ended.state, ended.tasks["check_files"], ended.tries["check_files"]) == ("failed", "failed", 1)
    assert "airflow.notice" in ended.log
    assert topic.received() == []


def test_files_that_lack_columns_are_told_though_the_run_ends_well(airflow: Airflow, topic: Topic) -> None:
    for bucket in ("lacking", "lacking-intermediate"):
        topic.aws.make_bucket(bucket)
    topic.aws.client("s3").put_object(Bucket="lacking", Key="streams/bad.csv", Body=b"user_id,listen_time\n")

    ended = airflow.run(
        "music_streaming_pipeline",
        topic.aws,
        music_streaming_pipeline_bucket="lacking",
        music_streaming_pipeline_intermediate_bucket="lacking-intermediate",
        hitparade_notify=f"sns:{topic.arn}",
    )

    assert ended.state == "success", ended.log[-4000:]
    [notice] = topic.received()
    assert notice["Subject"] == "music_streaming_pipeline: files lack columns"
    assert "bad.csv: header: missing column track_id" in notice["Message"]


def test_a_run_that_is_late_is_told(topic: Topic, tmp_path: Path) -> None:
    environment = {**environment_of(tmp_path), **topic.aws.environment}

    printed(LATE, {**environment, "AIRFLOW_VAR_HITPARADE_NOTIFY": f"sns:{topic.arn}"})

    [notice] = topic.received()
    assert notice["Subject"] == "music_streaming_pipeline: a run is late"
    assert notice["Message"] == "run: scheduled__1\nstate: running\nnot over 6 h after it was queued"


def test_every_dag_that_does_not_wait_for_files_has_a_deadline(tmp_path: Path) -> None:
    found = json.loads(printed(DEADLINES, environment_of(tmp_path), str(DAGS)).splitlines()[-1])

    callback = "hitparade.airflow.notices.notify_late"
    assert found == {
        "dag_glue_workflow": [[3600.0, callback]],
        "music_etl_pipeline": [[21600.0, callback]],
        "music_streaming_etl": [],
        "music_streaming_pipeline": [[21600.0, callback]],
        "music_streaming_with_etl": [[21600.0, callback]],
    }
