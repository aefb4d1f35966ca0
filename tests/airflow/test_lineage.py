"""What the tasks tell Airflow's lineage that they read and write, as a reader such as OpenLineage's hears it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")
if importlib.util.find_spec("airflow") is None:
    pytest.skip("Airflow is not installed: pip install 'hitparade[airflow]'", allow_module_level=True)

from tests.airflow.airflows import DAGS, environment_of
from tests.emulator.emulated import Emulated, emulator

BUCKETS = ("music-streaming-etl", "music-streaming-services", "music-streaming-data-dynamo", "music-stream-glue")
# A collector that collects only does so where somebody reads it.
READER = """
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.lineage import HookLineageReader

class Reading(AirflowPlugin):
    name = "reading"
    hook_lineage_readers = [HookLineageReader]
"""
TELL = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import lineage
found = {}
for dag in DagBag(sys.argv[1]).dags.values():
    for task in dag.tasks:
        if task.operator_name == "GlueJobOperator":
            lineage.get_hook_lineage_collector.cache_clear()
            task._pre_execute_hook({})
            told = lineage.get_hook_lineage_collector().collected_assets
            found[f"{dag.dag_id}.{task.task_id}"] = [
                sorted(each.asset.uri.removeprefix("s3://") for each in some) for some in (told.inputs, told.outputs)
            ]
print()
print(json.dumps(found))
"""
GLUE, WITH_ETL, PIPELINE = "music-stream-glue/spotify_data", "music-streaming-data-dynamo", "music-streaming-services"
# Of each task that starts a Glue job what the job reads, and what it writes. DynamoDB's tables are Assets.
DATASETS = {
    "music_streaming_etl.run_glue_job_task": [
        [f"music-streaming-etl/data/{folder}" for folder in ("songs", "streams", "users")],
        ["music-streaming-etl/lake"],
    ],
    "music_streaming_pipeline.trigger_glue_job": [
        [f"{PIPELINE}/{folder}" for folder in ("songs", "streams", "users")],
        [f"{PIPELINE}/lake"],
    ],
    "music_streaming_with_etl.run_etl_job": [
        [f"{WITH_ETL}/{folder}" for folder in ("songs", "streams", "users")],
        [f"{WITH_ETL}/lake"],
    ],
    "music_streaming_with_etl.load_dynamodb": [[f"{WITH_ETL}/lake"], []],
    "dag_glue_workflow.trigger_glue_spark_job": [
        [f"{GLUE}/{folder}" for folder in ("songs", "user_streams", "users")],
        [f"{GLUE}/lake", f"{GLUE}/output/song_kpis"],
    ],
    "dag_glue_workflow.trigger_glue_python_shell_job": [[f"{GLUE}/output/song_kpis"], []],
}


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulated]:
    """An emulator with the buckets of the settings, and nothing in them."""
    with emulator() as emulated:
        for bucket in BUCKETS:
            emulated.make_bucket(bucket)
        yield emulated


def test_glue_jobs_are_told_with_what_they_read_and_write(aws: Emulated, tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "reading.py").write_text(READER)

    done = subprocess.run(
        [sys.executable, "-c", TELL, str(DAGS)],
        capture_output=True,
        text=True,
        env={**environment_of(tmp_path), **aws.environment},
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout.splitlines()[-1]) == DATASETS
