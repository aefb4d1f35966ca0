"""What the jobs' scripts share."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hitparade.errors import ConfigError, ContractBreach
from hitparade.glue.door import arguments, in_one_line, work_through
from tests.shop import Shop

WHOSE = """
from hitparade.engines.spark.session import Cluster, open_session
from hitparade.glue.door import take_the_spark_that_is_given
take_the_spark_that_is_given()
session, started = open_session(Cluster(master="local[2]", memory="600MB"))
print(session.sparkContext.master, started)
session.stop()
"""


def test_a_dataset_that_its_contract_stops_fails_the_job_when_the_others_are_through(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", settings='sinks = ["files:exports"]')
    shop.deliver("streams", "one.csv", ["1,t1,2024-06-24 10:00:00"])
    field = {"type": "int", "required": True}
    schema = {"extension": ".csv", "fields": {"user_id": field}, "validation": {"on_error": "fail"}}
    shop.manifest("users", {"name": "m", "version": "2.0", "directory": "data/users", "schema": schema})
    shop.drop("users", "users.csv", b"user_id\nnobody\n")

    with shop.open() as ws, pytest.raises(ContractBreach):
        work_through(ws)

    assert (shop.root / "exports" / "track_daily" / "2024-06-24.parquet").exists()


@pytest.mark.parametrize(
    ("given", "preview"),
    [
        ([], False),
        (["--preview"], True),
        (["--preview", ""], True),
        (["--preview", "true"], True),
        (["--preview", "false"], False),
        (["--preview", "--JOB_NAME", "x"], True),
        (["--conf", "spark.a=b"], False),
    ],
)
def test_arguments_of_others_are_let_pass_and_flags_may_have_values(given: list[str], preview: bool) -> None:
    found = arguments("", ["--config", "s3://b/hitparade.toml", *given, "--TempDir", "s3://b/t"])

    assert (found.config, found.preview) == ("s3://b/hitparade.toml", preview)


def test_an_argument_is_not_taken_by_half_its_name() -> None:
    with pytest.raises(ConfigError, match="required: --config"):
        arguments("", ["--con", "s3://b/hitparade.toml"])


def test_an_error_of_many_lines_is_one_line_with_the_next_step() -> None:
    assert in_one_line(ConfigError("a: no such key\nb: too small", hint="see c")) == (
        "a: no such key; b: too small; next: see c"
    )
    assert in_one_line(ConfigError("a")) == "a"


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed")
@pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java")
def test_a_job_takes_the_spark_that_glue_has_set_up(tmp_path: Path) -> None:
    (tmp_path / "awsglue.py").touch()
    given = {"PYTHONPATH": str(tmp_path), "PYSPARK_SUBMIT_ARGS": "--master local[1] pyspark-shell"}

    done = subprocess.run(
        [sys.executable, "-c", WHOSE],
        capture_output=True,
        text=True,
        env={**os.environ, **given},
        timeout=200,
        check=False,
    )

    assert done.stdout.splitlines()[-1:] == ["local[1] False"], done.stderr[-2000:]
