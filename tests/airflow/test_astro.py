"""The Astro project that `make astro` makes, held against the DAGs and the locked versions; no image is built."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import requires
from pathlib import Path

import pytest
import yaml

from hitparade import __version__

ROOT = Path(__file__).parents[2]
ASTRO, DAGS = ROOT / "astro", ROOT / "dags"
SCRIPTS = ROOT / "src" / "hitparade" / "glue"
LOCK = ROOT / "requirements-airflow.txt"
PINNED = re.compile(r"^([a-z][a-z0-9_.-]*)==([^\s;]+)", re.MULTILINE)
# What Airflow brings along by itself.
AIRFLOWS = {"packaging", "pydantic", "pyyaml", "rich", "sqlalchemy", "structlog", "tenacity", "typer", "tzdata"}


def variables() -> dict[str, str]:
    """The DAGs' Variables with their defaults, the names in braces filled."""
    found: dict[str, str] = {}
    for file in DAGS.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "variables":
                found |= ast.literal_eval(node.value)
    return {name: filled(value, found) for name, value in found.items()}


def filled(value: str, values: Mapping[str, str]) -> str:
    """A value with the names in braces replaced."""
    return re.sub(r"\{(\w+)\}", lambda name: values[name.group(1)], value)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is made, in a folder of its own; nothing is installed for it."""
    made = tmp_path_factory.mktemp("astro")
    command = ["make", "-o", "install", "astro", f"ASTRO={made}", f"BIN={Path(sys.executable).parent}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return made


def test_the_settings_are_the_variables_of_the_dags_and_their_connection() -> None:
    settings = yaml.safe_load((ASTRO / "airflow_settings.yaml").read_text())["airflow"]

    assert {each["variable_name"]: each["variable_value"] for each in settings["variables"]} == variables()
    assert [(each["conn_id"], each["conn_type"]) for each in settings["connections"]] == [("aws_default", "aws")]


def test_the_requirements_are_as_locked_and_all_that_the_image_lacks() -> None:
    text, locked = (ASTRO / "requirements.txt").read_text(), dict(PINNED.findall(LOCK.read_text()))
    wanted = dict(PINNED.findall(text))
    needed = {re.split(r"[^a-z-]", need)[0] for need in requires("hitparade") or () if "extra ==" not in need}

    assert wanted == {name: locked[name] for name in wanted}
    assert needed - AIRFLOWS <= set(wanted)
    assert "://" not in text


def test_the_image_has_the_airflow_that_is_locked_and_gets_the_wheel() -> None:
    locked = dict(PINNED.findall(LOCK.read_text()))["apache-airflow"]
    image, install = re.findall(r"^(?:FROM|RUN) (.*)$", (ASTRO / "Dockerfile").read_text(), re.MULTILINE)

    assert image.split(":")[1].split("-")[0] == ".".join(locked.split(".")[:2])
    assert install == "pip install --no-cache-dir --no-deps include/hitparade-*.whl"


def test_the_project_is_whole(project: Path) -> None:
    of_dags = {file.name for suffix in ("py", "toml") for file in DAGS.glob(f"*.{suffix}")}
    scripts = {file.name for file in SCRIPTS.glob("*.py")} - {"__init__.py", "door.py", "preview.py"}

    assert {file.name for file in project.iterdir()} == {file.name for file in ASTRO.iterdir()} | {"dags", "include"}
    assert {file.name for file in (project / "dags").iterdir()} == of_dags
    assert {file.name for file in (project / "include").iterdir()} == {
        f"hitparade-{__version__}-py3-none-any.whl",
        *scripts,
    }
    assert "jre" in (project / "packages.txt").read_text()
