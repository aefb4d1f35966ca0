"""What `make mwaa` makes; and its DAGs on MWAA's Airflow, if HITPARADE_MWAA names a Python that has it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest

from hitparade import __version__

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.airflow.airflows import environment_of
from tests.airflow.system import OnEmulator
from tests.emulator.emulated import Emulated, emulator
from tests.postgres import with_programs

ROOT = Path(__file__).parents[2]
DAGS = ROOT / "dags"
WHEEL = f"hitparade-{__version__}+mwaa-py3-none-any.whl"
PLUGINS = "/usr/local/airflow/plugins"
PINNED = re.compile(r"^([a-z][a-z0-9_.-]*)==(\S+)$", re.MULTILINE)
SECONDS = 300.0
RUN = """
import json, sys
from datetime import timedelta
from airflow.models.dagbag import DagBag
import hitparade
bag = DagBag(sys.argv[1], include_examples=False)
found = {"dags": sorted(bag.dags), "errors": bag.import_errors, "where": hitparade.__file__}
if sys.argv[2:]:
    dag = bag.dags[sys.argv[2]]
    for task in dag.tasks:
        task.retry_delay = timedelta(seconds=1)
    ended = dag.test()
    found["state"] = str(ended.state)
    found["tasks"] = {each.task_id: str(each.state) for each in ended.get_task_instances()}
print()
print(json.dumps(found))
"""


def done(*command: str | Path, **more: Any) -> str:
    """What a command prints, which must succeed."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, **more)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    return str(ended.stdout)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is made, in a folder of its own; nothing is installed for it."""
    made = tmp_path_factory.mktemp("mwaa")
    done("make", "-o", "install", "mwaa", f"MWAA={made}", f"BIN={Path(sys.executable).parent}", cwd=ROOT)
    return made


@pytest.fixture(scope="module")
def mwaa(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with MWAA's Airflow, with the requirements installed as MWAA installs them."""
    if "HITPARADE_MWAA" not in os.environ:
        pytest.skip("HITPARADE_MWAA names no Python with MWAA's Airflow: make test-mwaa")
    python = Path(os.environ["HITPARADE_MWAA"]).absolute()
    plugins = tmp_path_factory.mktemp("plugins")
    with zipfile.ZipFile(shipped / "plugins.zip") as packed:
        packed.extractall(plugins)
    wanted = plugins / "requirements.txt"
    wanted.write_text((shipped / "requirements-mwaa.txt").read_text().replace(PLUGINS, str(plugins)))
    done(python, "-m", "pip", "uninstall", "--quiet", "--yes", "hitparade")
    done(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted)
    return python


@pytest.fixture(scope="module")
def environment(mwaa: Path, shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a process needs to be of such an Airflow, with an empty database."""
    home = tmp_path_factory.mktemp("airflow")
    made = {**environment_of(home), "AIRFLOW__CORE__DAGS_FOLDER": str(shipped / "dags")}
    done(mwaa, "-m", "airflow", "db", "migrate", env=made, cwd=home)
    return made


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulated]:
    """An emulator with a warehouse, and what the documents need."""
    with_programs()
    with emulator("--seed", "--warehouse", "--warehouse-port", "0") as emulated:
        yield emulated


def told(mwaa: Path, environment: Mapping[str, str], *dag: str) -> dict[str, Any]:
    """What this Airflow makes of the DAGs, and of a run."""
    said = done(mwaa, "-c", RUN, environment["AIRFLOW__CORE__DAGS_FOLDER"], *dag, env=environment, cwd="/")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return {**found, "said": said}


def test_plugins_are_the_wheel_and_the_constraints(shipped: Path) -> None:
    with zipfile.ZipFile(shipped / "plugins.zip") as packed:
        assert sorted(packed.namelist()) == ["constraints-mwaa.txt", WHEEL]
        with packed.open(WHEEL) as file, zipfile.ZipFile(file) as wheel:
            [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
            needs = re.findall(r"^Requires-Dist: (.*)$", wheel.read(metadata).decode(), re.MULTILINE)
            assert "hitparade/airflow/system.py" in wheel.namelist()
    assert [need for need in needs if "extra ==" not in need] == []


def test_every_dag_is_shipped_with_its_settings(shipped: Path) -> None:
    assert {file.name for file in (shipped / "dags").iterdir()} == {
        file.name for suffix in ("py", "toml") for file in DAGS.glob(f"*.{suffix}")
    }


def test_the_requirements_are_of_this_version_and_of_all_that_the_project_needs(shipped: Path) -> None:
    text = (shipped / "requirements-mwaa.txt").read_text()
    held = (ROOT / "mwaa" / "constraints-mwaa.txt").read_text()
    wanted, has = dict(PINNED.findall(text)), dict(PINNED.findall(held))
    needed = {re.split(r"[^a-z-]", need)[0] for need in requires("hitparade") or () if "extra ==" not in need}

    assert wanted["hitparade"] == f"{__version__}+mwaa"
    assert needed <= {*wanted, *has}
    assert not {*wanted} & {*has}
    assert text.count(PLUGINS) == 2
    assert "://" not in text + held


def test_what_mwaa_has_stays_as_it_is(mwaa: Path) -> None:
    has = PINNED.findall((ROOT / "mwaa" / "constraints-mwaa.txt").read_text())
    frozen = dict(PINNED.findall(done(mwaa, "-m", "pip", "freeze", "--all").lower()))

    assert {name: frozen.get(name) for name, _ in has if name in frozen} == {
        name: version for name, version in has if name in frozen
    }
    assert frozen["apache-airflow"] == "3.0.6"
    assert done(mwaa, "-m", "pip", "check") == "No broken requirements found.\n"


def test_every_dag_is_parsed(mwaa: Path, environment: dict[str, str]) -> None:
    found = told(mwaa, environment)

    assert found["errors"] == {}
    assert found["dags"] == sorted(file.stem for file in DAGS.glob("*.py"))
    assert "site-packages" in found["where"]


def test_a_run_without_files_skips_execution(mwaa: Path, environment: dict[str, str], aws: Emulated) -> None:
    aws.make_bucket("empty")
    variable = {"AIRFLOW_VAR_DAG_GLUE_WORKFLOW_BUCKET": "empty"}

    found = told(mwaa, {**environment, **aws.environment, **variable}, "dag_glue_workflow")

    assert (found["state"], found["tasks"]) == (
        "success",
        {
            "check_files": "success",
            "skip_execution": "success",
            "trigger_glue_spark_job": "skipped",
            "wait_for_spark_completion": "skipped",
            "trigger_glue_python_shell_job": "skipped",
            "archive_files": "skipped",
        },
    )


def places(event: Mapping[str, Any], which: str) -> set[str]:
    """The datasets of an event of OpenLineage."""
    return {f"{each['namespace']}/{each['name']}" for each in event[which]}


def test_rows_are_loaded_computed_and_archived_and_openlineage_is_told(
    mwaa: Path, environment: dict[str, str], aws: Emulated, tmp_path: Path
) -> None:
    system = OnEmulator(aws, "music-streaming-etl-data")
    processed = OnEmulator(aws, "music-etl-processed-data")
    staging = f"s3://{processed.bucket}/staging"
    transport = {"type": "file", "log_file_path": str(tmp_path / "events"), "append": True}
    variable = {
        "AIRFLOW_VAR_MUSIC_ETL_PIPELINE_WAREHOUSE": f"redshift:?kpis=compute&sslmode=disable&staging={staging}",
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(transport),
    }
    delivered = system.keys("streams/")

    found = told(mwaa, {**environment, **aws.environment, **variable}, "music_etl_pipeline")

    assert (found["state"], set(found["tasks"].values())) == ("success", {"success"}), found["said"][-4000:]
    assert delivered
    assert system.keys("streams/") == []
    assert len(processed.keys("archive/streams/")) == len(delivered)
    events = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    ended = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    first = ended["music_etl_pipeline.extract_and_validate"]
    assert places(first, "inputs") == {
        f"s3://{system.bucket}/{name}" for name in ("streams", "metadata/songs", "metadata/users")
    }
    assert f"s3://{processed.bucket}/lake" in places(first, "outputs")
    assert f"s3://{processed.bucket}/archive" in places(ended["music_etl_pipeline.compute_kpis"], "outputs")
