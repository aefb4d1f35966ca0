"""Refused files that another run settles while the task looks at them, with two workspaces on one lake."""

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

from tests.acceptance.test_contracts import VERSION_1
from tests.airflow.airflows import DAGS, environment_of
from tests.airflow.system import OnEmulator
from tests.emulator.emulated import Emulated, emulator

LANDING, QUARANTINE = "data/streams/", "data/quarantine/"
# The other run begins when the task has judged the file, and nothing of it is recorded.
MEANWHILE = """
import json, sys
sys.path.insert(0, sys.argv[1])
from music_streaming_etl import system
from hitparade.airflow.checks import quarantine_refused
from hitparade.airflow.tasks import opened
from hitparade.faults import watched
from hitparade.steps.archive import archive
from hitparade.steps.load import load
from hitparade.workspace import open_workspace

settings, begun = system.settings(), []
impolite = settings.model_copy(update={"runs": settings.runs.model_copy(update={"polite": False})})

def other(point):
    if point == "load.staged" and not begun:
        begun.append(point)
        with open_workspace(impolite, command="other") as ws:
            load(ws)
            if sys.argv[2] == "archived":
                archive(ws)

with watched(other):
    quarantine_refused(system)
assert begun
with opened(system) as ws:
    print(json.dumps([[each.name, each.status] for each in ws.ledger.deliveries()]))
"""
GONE = """
import sys
sys.path.insert(0, sys.argv[1])
from music_streaming_etl import system
from hitparade.airflow.checks import arrivals, of_file
from hitparade.airflow.tasks import opened

with opened(system) as ws:
    [found] = arrivals(ws)
    ws.storage.remove([found.blob.url])
    print(of_file(ws.storage, found))
"""


@pytest.fixture(scope="module")
def system() -> Iterator[OnEmulator]:
    """The system with a manifest, and no file."""
    with emulator() as aws:
        aws.make_bucket("music-streaming-etl")
        made = OnEmulator(aws, "music-streaming-etl")
        made.put(f"{LANDING}manifest.json", json.dumps(VERSION_1))
        yield made


def printed(home: Path, aws: Emulated, code: str, *given: str) -> str:
    """What a process prints that knows the DAG's settings; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(DAGS), *given],
        capture_output=True,
        text=True,
        env={**environment_of(home), **aws.environment},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("settled", ["loaded", "archived"])
def test_a_file_that_another_run_settles_meanwhile_is_counted_once(
    system: OnEmulator, tmp_path: Path, settled: str
) -> None:
    name = f"{settled}.csv"
    system.deliver(f"{LANDING}{name}", ["1,t1,2025-04-01 10:00:00"])

    known = json.loads(printed(tmp_path, system.aws, MEANWHILE, settled))

    assert [status for each, status in known if each == name] == ["quarantined"]
    assert [each.split("-", 1)[1] for each in sorted(system.keys(QUARANTINE)) if settled in each] == [
        name,
        f"{name}.report.json",
    ]
    assert system.keys(LANDING) == ["manifest.json"]


def test_nothing_is_wrong_with_a_file_that_is_gone(system: OnEmulator, tmp_path: Path) -> None:
    system.deliver(f"{LANDING}streams1.csv", ["1,2025-04-01 10:00:00"], header="user_id,listen_time")

    assert printed(tmp_path, system.aws, GONE) == "[]"
