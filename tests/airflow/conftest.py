"""One Airflow for all of these tests, which are left out where it is not installed."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator

import pytest

from tests.airflow.airflows import Airflow, running
from tests.emulator.emulated import Emulated, emulator

SETTINGS = (
    ("music-streaming-etl", "hitparade.toml"),
    ("music-streaming-services", "hitparade.toml"),
    ("music-streaming-data-dynamo", "hitparade.toml"),
    ("music-stream-glue", "spotify_data/hitparade.toml"),
)


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    """An Airflow with an empty database."""
    if importlib.util.find_spec("airflow") is None:
        pytest.skip("Airflow is not installed: pip install 'hitparade[airflow]'")
    with running(tmp_path_factory.mktemp("airflow")) as made:
        yield made


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulated]:
    """An emulator with what the documents need, for a module's tests."""
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    with emulator("--seed") as emulated:
        for bucket, key in SETTINGS:  # the DAGs bring their own
            emulated.client("s3").delete_object(Bucket=bucket, Key=key)
        yield emulated
