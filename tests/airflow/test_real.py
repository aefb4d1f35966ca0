"""The DAGs in an Airflow as people run it: scheduler, API, DAG processor and triggerer, each a process of its own.

HITPARADE_REAL_AIRFLOW=1 asks for them: they take a quarter of an hour. HITPARADE_PICTURES=docs/airflow keeps the
pictures of the graphs there.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")
if importlib.util.find_spec("airflow") is None:
    pytest.skip("Airflow is not installed: pip install 'hitparade[airflow]'", allow_module_level=True)
if not os.environ.get("HITPARADE_REAL_AIRFLOW"):
    pytest.skip("it takes a quarter of an hour; HITPARADE_REAL_AIRFLOW=1 asks for it", allow_module_level=True)

from hitparade.errors import Transient
from hitparade.standalone.airflow import EMULATOR, PARTS, Standalone, standalone
from hitparade.standalone.processes import kill
from hitparade.standalone.settings import ARRIVAL_QUEUE
from tests.airflow.airflows import DAGS
from tests.airflow.browser import Browser, browser
from tests.airflow.genre_tables import assert_tables_say_what_show_says
from tests.airflow.system import OnEmulator
from tests.airflow.topic import make_topic
from tests.emulator.emulated import GOING, Emulated
from tests.emulator.warehouses import driver, redshift_connector, run
from tests.together import until

RUNNING_SECONDS = 900.0
OVER = ("success", "failed")
RESTING = 5
# A run of it is late as soon as it is queued, and goes on until it is told to end.
LATE = """
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import DAG
from hitparade.airflow import late_after

with DAG("late", schedule=None, **late_after(hours=0)):
    S3KeySensor(task_id="waits", bucket_key="s3://music-streaming-etl/end", deferrable=True, poke_interval=2)
"""
DAG_IDS = sorted(file.stem for file in DAGS.glob("*.py"))


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """Airflow and AWS, with the sample, and a DAG more."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    state, told = tmp_path_factory.mktemp("standalone"), list[str]()
    dags = shutil.copytree(DAGS, state / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (dags / "late.py").write_text(LATE)
    with standalone(state, dags=dags, end=threading.Event(), tell=told.append) as made:
        yield made


@pytest.fixture
def aws(airflow: Standalone) -> Iterator[Emulated]:
    """The AWS of this Airflow."""
    found = Emulated(airflow.running[EMULATOR].process, airflow.aws)  # type: ignore[arg-type]
    with closing(found._clients):
        yield found


def switched(airflow: Standalone, dag_id: str, *, on: bool) -> None:
    """Switch a DAG on or off."""
    airflow.rest.call("PATCH", f"dags/{dag_id}", {"is_paused": not on})


def runs(airflow: Standalone, dag_id: str) -> dict[str, dict[str, Any]]:
    """A DAG's runs by their names."""
    return {run["dag_run_id"]: run for run in airflow.rest.call("GET", f"dags/{dag_id}/dagRuns")["dag_runs"]}


def by_events_since(airflow: Standalone, dag_id: str, time: datetime) -> list[str]:
    """The runs that were started by events since then; one of an event before may have its files."""
    return [
        name
        for name, run in runs(airflow, dag_id).items()
        if run["run_type"] == "asset_triggered" and datetime.fromisoformat(run["run_after"]) >= time
    ]


def states(airflow: Standalone, dag_id: str, run_id: str) -> dict[str, str]:
    """The tasks' states of a run."""
    found = airflow.rest.call("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    return {task["task_id"]: task["state"] for task in found}


def fullest(airflow: Standalone, dag_id: str) -> str:
    """The run in which most tasks had something to do."""
    return max(runs(airflow, dag_id), key=lambda run_id: Counter(states(airflow, dag_id, run_id).values())["success"])


def triggered(airflow: Standalone, dag_id: str) -> str:
    """A run that was asked for by REST."""
    run_id = airflow.rest.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None})["dag_run_id"]
    switched(airflow, dag_id, on=True)
    return str(run_id)


def is_over(airflow: Standalone, dag_id: str) -> bool:
    """Whether none of a DAG's runs goes on or waits."""
    return all(run["state"] in OVER for run in runs(airflow, dag_id).values())


def rest(airflow: Standalone, dag_id: str) -> None:
    """Switch a DAG off when its runs are over. One that was just queued would wait for ever, so it is let go on."""
    for _ in range(RESTING):
        assert until(lambda: is_over(airflow, dag_id), seconds=RUNNING_SECONDS)
        switched(airflow, dag_id, on=False)
        if is_over(airflow, dag_id):
            return
        switched(airflow, dag_id, on=True)
    raise AssertionError(f"{dag_id} does not come to rest")


def assert_succeeds(airflow: Standalone, dag_id: str, run_id: str) -> None:
    """Wait for a run's end, and for those of all others of the DAG, which is then switched off."""
    assert until(lambda: runs(airflow, dag_id)[run_id]["state"] in OVER, seconds=RUNNING_SECONDS)
    rest(airflow, dag_id)
    ended = {name: (run["state"], states(airflow, dag_id, name)) for name, run in runs(airflow, dag_id).items()}
    assert {state for state, _ in ended.values()} == {"success"}, ended


def of_music_streaming_etl(aws: Emulated) -> None:
    assert_tables_say_what_show_says(OnEmulator(aws, "music-streaming-etl"), "music_streaming_etl_")


def of_music_streaming_with_etl(aws: Emulated) -> None:
    assert_tables_say_what_show_says(OnEmulator(aws, "music-streaming-data-dynamo"))


def of_music_streaming_pipeline(aws: Emulated) -> None:
    system = OnEmulator(aws, "music-streaming-services")
    table = {(item["genre"], item["date"]): item["listen_count"] for item in system.items("music_kpis_table")}
    assert table == {(row["genre"], row["listen_date"]): row["listen_count"] for row in system.show("genre_daily")}
    assert len(table) > 10


def of_dag_glue_workflow(aws: Emulated) -> None:
    system = OnEmulator(aws, "music-stream-glue", "spotify_data")
    reports = {
        (item["track_id"], item["report_date"]): item["listen_count"] for item in system.items("track_level_reports")
    }
    shown = {(row["track_id"], row["listen_date"]): row["listen_count"] for row in system.show("track_daily")}
    assert reports == shown
    assert len(reports) > 100


def of_music_etl_pipeline(aws: Emulated) -> None:
    shown = {
        (row["listen_date"], row["genre"]): row["listen_count"]
        for row in OnEmulator(aws, "music-streaming-etl-data").show("genre_daily")
    }
    with redshift_connector.connect(**driver(aws.environment)) as db:
        told = run(db, "SELECT listen_date, genre, listen_count FROM kpi_genre_daily WHERE listen_count > 0")
    assert {(str(day), genre): count for day, genre, count in told} == shown
    assert len(shown) > 10


NUMBERS: dict[str, Callable[[Emulated], None]] = {
    "music_streaming_etl": of_music_streaming_etl,
    "music_streaming_with_etl": of_music_streaming_with_etl,
    "music_streaming_pipeline": of_music_streaming_pipeline,
    "dag_glue_workflow": of_dag_glue_workflow,
    "music_etl_pipeline": of_music_etl_pipeline,
}


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_a_dag_triggered_by_rest_fills_its_target(airflow: Standalone, aws: Emulated, dag_id: str) -> None:
    run_id = triggered(airflow, dag_id)

    assert_succeeds(airflow, dag_id, run_id)
    NUMBERS[dag_id](aws)


def test_a_file_that_is_dropped_starts_a_run_by_itself(airflow: Standalone, aws: Emulated) -> None:
    if ARRIVAL_QUEUE not in airflow.environment:
        pytest.skip("Airflow cannot wait for a queue: aiobotocore or the provider common.messaging is not installed")
    dag_id, system = "music_streaming_etl", OnEmulator(aws, "music-streaming-etl")
    switched(airflow, dag_id, on=True)
    dropped = datetime.now(UTC)

    system.deliver("data/streams/streams77.csv", [f"{user},no_such_track,2025-07-07 10:00:00" for user in range(1, 8)])

    assert until(lambda: by_events_since(airflow, dag_id, dropped) != [], seconds=RUNNING_SECONDS)
    assert_succeeds(airflow, dag_id, by_events_since(airflow, dag_id, dropped)[0])
    assert system.keys("data/streams/") == ["manifest.json"]
    assert [row["listen_count"] for row in system.show("genre_daily", "--date", "2025-07-07")] == [7]
    of_music_streaming_etl(aws)


def test_a_scheduler_killed_in_the_middle_of_a_job_leads_the_run_to_its_end(airflow: Standalone, aws: Emulated) -> None:
    dag_id, job = "music_streaming_with_etl", "music_streaming_etl_job"
    system = OnEmulator(aws, "music-streaming-data-dynamo")
    before = len(system.runs(job))
    system.deliver("streams/streams88.csv", [f"{user},no_such_track,2025-08-08 10:00:00" for user in range(1, 9)])

    run_id = triggered(airflow, dag_id)
    assert until(lambda: len(system.runs(job)) == before + 1, seconds=RUNNING_SECONDS)
    kill(airflow.running["scheduler"])
    assert system.runs(job)[0]["JobRunState"] in GOING
    airflow.start_part("scheduler")

    assert_succeeds(airflow, dag_id, run_id)
    assert len(system.runs(job)) == before + 1
    assert [row["listen_count"] for row in system.show("genre_daily", "--date", "2025-08-08")] == [8]
    of_music_streaming_with_etl(aws)


def test_a_run_that_is_late_is_told_while_it_goes_on(airflow: Standalone, aws: Emulated) -> None:
    topic = make_topic(aws, "late")
    airflow.rest.call("POST", "variables", {"key": "hitparade_notify", "value": f"sns:{topic.arn}"})
    heard: list[dict[str, Any]] = []

    def told() -> bool:
        heard.extend(topic.received(wait=5))
        return bool(heard)

    run_id = triggered(airflow, "late")
    assert until(told, seconds=RUNNING_SECONDS)
    state = runs(airflow, "late")[run_id]["state"]
    airflow.rest.call("PATCH", "variables/hitparade_notify", {"key": "hitparade_notify", "value": ""})
    aws.client("s3").put_object(Bucket="music-streaming-etl", Key="end", Body=b"")

    assert_succeeds(airflow, "late", run_id)
    assert [each["Subject"] for each in heard] == ["late: a run is late"]
    assert heard[0]["Message"].splitlines()[0] == f"run: {run_id}"
    assert state == "running"
    assert topic.received() == []


@pytest.fixture(scope="module")
def pages(airflow: Standalone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser in which somebody has logged in."""
    with browser(airflow.place.address, tmp_path_factory.mktemp("browser")) as opened:
        opened.log_in(airflow.rest.user, airflow.rest.password)
        yield opened


@pytest.mark.parametrize("dag_id", DAG_IDS)
def test_the_graph_page_shows_every_task(airflow: Standalone, pages: Browser, tmp_path: Path, dag_id: str) -> None:
    tasks = {task["task_id"] for task in airflow.rest.call("GET", f"dags/{dag_id}/tasks")["tasks"]}

    shown = pages.graph(dag_id, fullest(airflow, dag_id), len(tasks))

    assert tasks <= shown
    pages.picture(Path(os.environ.get("HITPARADE_PICTURES") or tmp_path) / f"{dag_id}.png")


@pytest.mark.parametrize("part", PARTS)
def test_who_dies_is_told(airflow: Standalone, part: str) -> None:
    airflow.check()
    kill(airflow.running[part])

    with pytest.raises(Transient, match=f"{part} ended with -9"):
        airflow.serve()
    airflow.start_part(part)
