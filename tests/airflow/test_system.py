"""Variables, the settings they fill, and what becomes of a task that goes wrong."""

from __future__ import annotations

import importlib.util
import json
import re
import socket
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from hitparade.config import read_file
from hitparade.standalone.settings import WAREHOUSE
from tests.airflow.airflows import DAGS, Airflow, environment_of

if importlib.util.find_spec("airflow") is None:
    pytest.skip("Airflow is not installed: pip install 'hitparade[airflow]'", allow_module_level=True)

DOCS = DAGS.parent / "docs"
TELL = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
systems = {name: importlib.import_module(name).system for name in sys.argv[3:]}
found = {
    name: {
        "settings": system.settings().model_dump(mode="json"),
        "variables": dict(system.variables),
        "filled": system.filled(sys.argv[2]) if sys.argv[2] else None,
    }
    for name, system in systems.items()
}
print()
print(json.dumps(found))
"""


def told(home: Path, *dag_ids: str, fill: str = "", **variables: str) -> dict[str, Any]:
    """The settings of DAGs with these Variables, from a process of its own."""
    named = {f"AIRFLOW_VAR_{name.upper()}": value for name, value in variables.items()}
    done = subprocess.run(
        [sys.executable, "-c", TELL, str(DAGS), fill, *dag_ids],
        capture_output=True,
        text=True,
        env={**environment_of(home), **named},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for an Airflow that runs nothing."""
    return tmp_path_factory.mktemp("airflow")


def test_variables_fill_the_settings_and_one_another(home: Path) -> None:
    found = told(
        home,
        "music_streaming_with_etl",
        fill="{glue_script_location}/glue-etl-script.py",
        bucket_name="mine/",
        database_name="charts",
    )["music_streaming_with_etl"]

    assert found["settings"]["root"] == "s3://mine"
    assert found["settings"]["landing"]["streams"] == "s3://mine/streams"
    assert found["settings"]["lake"]["namespace"] == "charts"
    assert found["filled"] == "s3://mine/glue_scripts/glue-etl-script.py"


def test_the_emulators_settings_are_those_of_the_dags(home: Path, tmp_path: Path) -> None:
    planted = yaml.safe_load(files("hitparade.emulator").joinpath("seed.yaml").read_text(encoding="utf-8"))
    configs = {
        f"s3://{bucket}/{key}".rpartition("/")[0]: source["text"]
        for buckets in (planted["buckets"], planted["warehouse"]["buckets"])
        for bucket, objects in buckets.items()
        for key, source in objects.items()
        if key.endswith("hitparade.toml")
    }
    dags = told(home, *(file.stem for file in DAGS.glob("*.py")), music_etl_pipeline_warehouse=WAREHOUSE)
    wanted = {dag["settings"]["root"]: dag["settings"] for dag in dags.values()}

    assert set(configs) == set(wanted)
    for root, text in configs.items():
        file = tmp_path / "hitparade.toml"
        file.write_text(text)
        assert read_file(file, root, engine=None).model_dump(mode="json") == wanted[root]


def test_the_emulators_warehouse_differs_from_the_dags_in_tls_alone(home: Path) -> None:
    [sink] = told(home, "music_etl_pipeline")["music_etl_pipeline"]["settings"]["sinks"]

    assert WAREHOUSE.replace("&sslmode=disable", "") == sink


def test_every_variable_is_in_the_documentation_with_its_default(home: Path) -> None:
    table = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `([^`]+)` \|", (DOCS / "airflow.md").read_text(), re.MULTILINE)

    found = told(home, *(file.stem for file in DAGS.glob("*.py")))

    assert {
        (dag, name, default) for dag, system in found.items() for name, default in system["variables"].items()
    } == set(table)


def test_every_test_that_the_systems_page_names_exists() -> None:
    page = (DOCS / "systems.md").read_text()
    parts = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    assert {part.split("\n", 1)[0] for part in parts} == {file.stem for file in DAGS.glob("*.py")}
    for part in parts:
        own = Path(DAGS.parent, re.findall(r"tests in `([^`]+)`", part)[0])
        for file, test in re.findall(r"`(?:(test_\w+\.py)::)?(test_\w+)`", part):
            where = own.with_name(file) if file else own
            assert f"def {test}(" in where.read_text(), f"{where.name}: {test}"


@pytest.mark.parametrize("value", ['a"\nsinks = []\n#', "{bucket}", "/"])
def test_a_variable_that_is_no_place_fails_its_task_at_once(airflow: Airflow, value: str) -> None:
    ended = airflow.run_in({"AIRFLOW_VAR_DAG_GLUE_WORKFLOW_BUCKET": value}, "dag_glue_workflow")

    assert (ended.state, ended.tasks["check_files"], ended.tries["check_files"]) == ("failed", "failed", 1)
    assert "the Variable dag_glue_workflow_bucket is" in ended.log
    assert "next: give a place or a name" in ended.log


def test_a_password_in_a_variable_is_not_told(airflow: Airflow) -> None:
    ended = airflow.run_in(
        {"AIRFLOW_VAR_MUSIC_ETL_PIPELINE_WAREHOUSE": "redshift://me:let'me'in@host/db"}, "music_etl_pipeline"
    )

    assert (ended.state, ended.tasks["extract_and_validate"]) == ("failed", "failed")
    assert "the Variable music_etl_pipeline_warehouse is a text with an @" in ended.log
    assert "let'me'in" not in ended.log


def test_what_may_pass_is_tried_again(airflow: Airflow) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    environment = {
        "AWS_ENDPOINT_URL": nobody,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nobody",
        "AWS_MAX_ATTEMPTS": "1",
    }

    ended = airflow.run_in(environment, "dag_glue_workflow")

    assert (ended.state, ended.tasks["check_files"], ended.tries["check_files"]) == ("failed", "failed", 2)
    assert "StorageError" in ended.log
