"""An Airflow for tests: a metadata database of its own, and DAGs run by dag.test() on an emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.emulator.emulated import Emulated

DAGS = Path(__file__).parents[2] / "dags"
DEFER = "HITPARADE_TEST_DEFER"
"""In the environment of a run whose sensor is to be deferred, where aiobotocore is installed."""
MAKING_SECONDS = 300.0
AWS_CONNECTION = {"conn_type": "aws", "extra": {"region_name": "eu-west-1"}}


@dataclass(frozen=True)
class Ended:
    """A DAG's run: its state, its tasks' states, how often each was tried, what AWS was asked, and what was logged."""

    state: str
    tasks: Mapping[str, str]
    tries: Mapping[str, int]
    called: Sequence[str]
    log: str


@dataclass(frozen=True)
class Airflow:
    """A process that runs DAGs, and what it logs."""

    process: subprocess.Popen[str]
    answers: IO[str]
    log: Path

    def run(self, dag_id: str, aws: Emulated, **variables: str) -> Ended:
        """A DAG's run on an emulator, once it is over."""
        named = {f"AIRFLOW_VAR_{name.upper()}": value for name, value in variables.items()}
        return self.run_in({**aws.environment, **named}, dag_id)

    def run_in(self, environment: Mapping[str, str], dag_id: str) -> Ended:
        """A DAG's run with this in the environment, once it is over."""
        logged = self.log.stat().st_size
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"dag": dag_id, "environment": environment}) + "\n")
        self.process.stdin.flush()
        answer = self.answers.readline()
        with self.log.open(errors="replace") as file:
            file.seek(logged)
            said = file.read()
        assert answer, said[-8000:]
        return Ended(**json.loads(answer), log=said)


@contextmanager
def running(home: Path) -> Iterator[Airflow]:
    """An Airflow with an empty database in a folder, until the end of the block."""
    environment, log = environment_of(home), home / "log"
    made = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=MAKING_SECONDS,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "tests.airflow.runner", str(writing)]
    with log.open("w") as said, os.fdopen(reading) as answers:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            pass_fds=[writing],
        )
        os.close(writing)
        with process:
            try:
                yield Airflow(process, answers, log)
            finally:
                process.terminate()


def environment_of(home: Path) -> dict[str, str]:
    """What a process needs to be of an Airflow."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
        "AIRFLOW__HITPARADE__GLUE_POLL_SECONDS": "1",
        "AIRFLOW__HITPARADE__ARRIVAL_POLL_SECONDS": "1",
        "AIRFLOW__HITPARADE__ARRIVAL_TIMEOUT_SECONDS": "2",
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(AWS_CONNECTION),
    }
