"""docs/glue.md says what is so: the columns, the jobs, and the modules that they bring."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from tests.glue.columns import PAGE, page
from tests.glue.song_kpis import SCRIPTS

ROOT = PAGE.parents[1]
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL))
COMMANDS = [
    shlex.split(line) for line in SHELL.replace("\\\n", " ").splitlines() if line.startswith("aws glue create-")
]
SEED = (SCRIPTS.parent / "emulator" / "seed.yaml").read_text()
JOBS = {job["Name"]: job for job in yaml.safe_load(SEED)["jobs"]}


def asked(words: list[str]) -> dict[str, Any]:
    """What a create-job command asks of Glue."""
    pairs = zip(words[3::2], words[4::2], strict=True)
    options: dict[str, Any] = {"".join(map(str.title, option[2:].split("-"))): value for option, value in pairs}
    options["Command"] = dict(pair.split("=", 1) for pair in options["Command"].split(","))
    options["DefaultArguments"] = json.loads(options["DefaultArguments"])
    numbers = {"Timeout": int, "NumberOfWorkers": int, "MaxCapacity": float}
    return {name: numbers.get(name, lambda each: each)(value) for name, value in options.items()}


def test_the_columns_are_those_of_the_kpis() -> None:
    assert PAGE.read_text() == page(PAGE.read_text()), "python -m tests.glue.columns"


def test_every_script_is_told_of() -> None:
    scripts = {path.name for path in SCRIPTS.glob("*.py")} - {"__init__.py", "door.py", "preview.py"}
    assert scripts == set(re.findall(r"^\| `([a-z_-]+\.py)` \|", PAGE.read_text(), re.MULTILINE))


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: str(words[4]))
def test_a_job_is_made_as_the_emulator_makes_it(words: list[str]) -> None:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.validate import ParamValidator

    job = asked(words)
    made = dict(JOBS[job["Name"]])
    model = ServiceModel(Loader().load_service_model("glue", "service-2"))
    refused = ParamValidator().validate(job, model.operation_model("CreateJob").input_shape)

    assert refused.generate_report() == ""
    assert made.pop("Role").endswith(f"/{job.pop('Role')}")
    job["DefaultArguments"].pop("--additional-python-modules", None)
    assert job == made


def test_every_job_is_told_of() -> None:
    assert {words[4] for words in COMMANDS} == set(JOBS)


def test_the_pinned_modules_are_the_locked_ones() -> None:
    [line] = [line for line in SHELL.splitlines() if line.startswith("PINNED=")]
    done = subprocess.run(["bash", "-c", f"{line}; echo $PINNED"], cwd=ROOT, capture_output=True, text=True, check=True)

    pinned = {str(Requirement(each)) for each in done.stdout.strip().split(",")}
    lock = [
        line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line and "win32" not in line
    ]
    assert len(pinned) == len(lock)
    assert all(any(line.startswith(each) for line in lock) for each in pinned)
    assert {"duckdb", "pyiceberg", "pyarrow"} <= {each.split("==")[0] for each in pinned}
