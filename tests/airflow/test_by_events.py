"""music_streaming_etl started by S3's events, and the tables that other DAGs can be scheduled on."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.airflow.airflows import DAGS, Airflow, environment_of
from tests.airflow.system import OnEmulator
from tests.emulator.emulated import Emulated

QUEUE = "AIRFLOW__HITPARADE__ARRIVAL_QUEUE"
TELL = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
dags = {name: DagSerialization.to_dict(dag)["dag"] for name, dag in DagBag(sys.argv[1]).dags.items()}
print()
print(json.dumps(dags))
"""
SKIPPED = {
    "s3_key_sensor": "skipped",
    "validate_streaming_files_task": "skipped",
    "prepare_files_for_job_run_task": "skipped",
    "run_glue_job_task": "skipped",
    "archive_and_cleanup_task": "skipped",
    "cleanup_on_failure_task": "skipped",
}
GENRES = (
    "music_streaming_genre_listen_count",
    "music_streaming_unique_listeners",
    "music_streaming_total_listening_time",
    "music_streaming_avg_listening_time",
    "music_streaming_top_songs",
    "music_streaming_top_genres",
)
TABLES = {
    "music_streaming_etl": {f"music_streaming_etl_{name}" for name in GENRES},
    "music_streaming_with_etl": set(GENRES),
    "music_streaming_pipeline": {"music_kpis_table"},
    "dag_glue_workflow": {"track_level_reports"},
    "music_etl_pipeline": {"genre_kpis", "hourly_kpis", "top_artist_per_hour"},
}

if importlib.util.find_spec("airflow") is None:
    pytest.skip("Airflow is not installed: pip install 'hitparade[airflow]'", allow_module_level=True)

with_queues = pytest.mark.skipif(
    not list(importlib.metadata.Distribution.discover(name="apache-airflow-providers-common-messaging")),
    reason="pip install apache-airflow-providers-common-messaging",
)


def parsed(home: Path, **environment: str) -> dict[str, Any]:
    """The DAGs as the scheduler knows them."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, str(DAGS)],
        capture_output=True,
        text=True,
        env={**environment_of(home), **environment},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@with_queues
def test_a_queue_of_events_takes_the_place_of_the_documented_schedule(tmp_path: Path) -> None:
    queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/events"

    told = json.dumps(parsed(tmp_path, **{QUEUE: queue})["music_streaming_etl"]["timetable"])

    assert queue in told
    assert "SqsSensorTrigger" in told
    assert "@hourly" in told or "0 * * * *" in told
    assert "Continuous" not in told


def test_every_dag_has_the_tables_that_it_fills_as_assets(tmp_path: Path) -> None:
    outlets = {
        dag_id: {outlet["__var"]["name"] for task in dag["tasks"] for outlet in task["__var"].get("outlets", ())}
        for dag_id, dag in parsed(tmp_path).items()
    }

    assert outlets == TABLES


@with_queues
def test_a_run_that_an_event_starts_for_nothing_ends_at_once_as_skipped(airflow: Airflow, aws: Emulated) -> None:
    system = OnEmulator(aws, "music-streaming-etl")
    for name in system.keys("data/streams/"):
        if name != "manifest.json":
            system.remove(f"data/streams/{name}")
    before = len(system.runs("streaming_transformation"))

    ended = airflow.run_in({**aws.environment, QUEUE: "http://nowhere/events"}, "music_streaming_etl")

    assert (ended.state, ended.tasks) == ("success", SKIPPED), ended.log[-4000:]
    assert ended.log.count("Looking for files") == 1
    assert len(system.runs("streaming_transformation")) == before
