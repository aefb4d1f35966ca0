"""Every DAG file as Airflow parses it, against a table written from the documents."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.airflows import DAGS, environment_of

if importlib.util.find_spec("airflow") is None:
    pytest.skip("Airflow is not installed: pip install 'hitparade[airflow]'", allow_module_level=True)

FILES = sorted(DAGS.glob("*.py"))
HEAVY = {"duckdb", "pandas", "pyarrow", "pyiceberg", "pyspark", "pydantic_settings", "redshift_connector", "sqlglot"}
BRANCH, PYTHON, EMPTY, GLUE, WAIT = (
    "BranchPythonOperator",
    "PythonOperator",
    "EmptyOperator",
    "GlueJobOperator",
    "GlueJobSensor",
)
# Of each DAG the schedule, the start, and each task with its operator and those that follow it.
DOCUMENTED: dict[str, tuple[str | None, str, dict[str, list[Any]]]] = {
    "music_streaming_etl": (
        "@continuous",
        "2025-03-01",
        {
            "s3_key_sensor": ["S3KeySensor", ["validate_streaming_files_task"]],
            "validate_streaming_files_task": [PYTHON, ["cleanup_on_failure_task", "prepare_files_for_job_run_task"]],
            "prepare_files_for_job_run_task": [PYTHON, ["run_glue_job_task"]],
            "run_glue_job_task": [GLUE, ["archive_and_cleanup_task"]],
            "archive_and_cleanup_task": [PYTHON, []],
            "cleanup_on_failure_task": [PYTHON, []],
        },
    ),
    "dag_glue_workflow": (
        "0:05:00",
        "2025-10-16",
        {
            "check_files": [BRANCH, ["skip_execution", "trigger_glue_spark_job"]],
            "skip_execution": [EMPTY, []],
            "trigger_glue_spark_job": [GLUE, ["wait_for_spark_completion"]],
            "wait_for_spark_completion": [WAIT, ["trigger_glue_python_shell_job"]],
            "trigger_glue_python_shell_job": [GLUE, ["archive_files"]],
            "archive_files": [PYTHON, []],
        },
    ),
    "music_streaming_with_etl": (
        None,
        "2025-03-01",
        {
            "validate_data": [PYTHON, ["check_schema"]],
            "check_schema": [PYTHON, ["run_etl_job"]],
            "run_etl_job": [GLUE, ["load_dynamodb"]],
            "load_dynamodb": [GLUE, ["archive_files"]],
            "archive_files": [PYTHON, []],
        },
    ),
    "music_streaming_pipeline": (
        "@daily",
        "2025-03-21",
        {
            "start_dag_task": [EMPTY, ["sense_streaming_data"]],
            "sense_streaming_data": [BRANCH, ["end_dag_task", "extract_and_combine_streams_task"]],
            # the copies' paths go to both by XCom, and the teardown belongs to what made them
            "extract_and_combine_streams_task": [
                PYTHON,
                [
                    "delete_files_from_intermediate_bucket_task",
                    "move_files_to_intermediate_bucket_task",
                    "validate_csv_files_task",
                ],
            ],
            "validate_csv_files_task": [
                BRANCH,
                ["end_dag_if_validation_fails_task", "end_dag_task", "move_files_to_intermediate_bucket_task"],
            ],
            "end_dag_if_validation_fails_task": [EMPTY, []],
            "move_files_to_intermediate_bucket_task": [PYTHON, ["trigger_glue_job"]],
            "trigger_glue_job": [GLUE, ["archive_streams_data_task", "delete_files_from_intermediate_bucket_task"]],
            "delete_files_from_intermediate_bucket_task": [PYTHON, ["end_dag_task"]],
            "archive_streams_data_task": [PYTHON, ["end_dag_task"]],
            "end_dag_task": [EMPTY, []],
        },
    ),
    "music_etl_pipeline": (
        "@daily",
        "2025-06-12",
        {
            "extract_and_validate": [PYTHON, ["transform_data"]],
            "transform_data": [PYTHON, ["load_to_redshift"]],
            "load_to_redshift": [PYTHON, ["compute_kpis"]],
            "compute_kpis": [PYTHON, []],
        },
    ),
}


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process of its own found when it parsed the files."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.airflow.described"],
        capture_output=True,
        text=True,
        env=environment_of(tmp_path_factory.mktemp("airflow")),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_every_file_is_parsed_without_a_warning(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert parsed["warnings"] == []
    assert set(parsed["dags"]) == {file.stem for file in FILES} == set(DOCUMENTED)


@pytest.mark.parametrize("dag_id", sorted(DOCUMENTED))
def test_a_dag_is_what_its_document_says(parsed: dict[str, Any], dag_id: str) -> None:
    dag = parsed["dags"][dag_id]
    schedule, start, tasks = DOCUMENTED[dag_id]

    assert (dag["schedule"], dag["start"]) == (schedule, f"{start}T00:00:00+00:00")
    assert dag["tasks"] == tasks
    assert (dag["catchup"], dag["max_active_runs"], dag["owner"]) == (False, 1, "airflow")
    assert "music" in dag["tags"]
    assert dag["described"]


def test_music_etl_pipeline_is_tried_again_after_five_minutes(parsed: dict[str, Any]) -> None:
    assert parsed["dags"]["music_etl_pipeline"]["retries"] == [[1, 300.0]]
    assert parsed["dags"]["music_etl_pipeline"]["tags"] == ["etl", "music", "s3"]


def test_nothing_waits_for_ever(parsed: dict[str, Any]) -> None:
    waits = {dag_id: dag["waits"] for dag_id, dag in parsed["dags"].items() if dag["waits"]}

    assert waits == {
        "music_streaming_etl": {"s3_key_sensor": 2.0},  # as this Airflow is configured
        "dag_glue_workflow": {"wait_for_spark_completion": 9 * 60 * 60},
    }


def test_parsing_loads_only_the_door_and_nothing_heavy(parsed: dict[str, Any]) -> None:
    ours = {name for name in parsed["modules"] if name.split(".")[0] == "hitparade"}

    assert {name for name in ours if not name.startswith("hitparade.airflow")} == {"hitparade"}
    assert not {name.split(".")[0] for name in parsed["modules"]} & HEAVY


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_is_short_and_has_settings_beside_it(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 80
    assert file.with_suffix(".toml").is_file()
