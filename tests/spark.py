"""A Spark of the tests' own: one for the whole session, small and on this machine; engines opened later find it.

The fixture `spark` is every test's. A test that reaches it is marked `on_spark`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hitparade.engines.spark import Cluster, SparkEngine, open_engine
from hitparade.engines.spark.session import open_session
from hitparade.kpis.render import render
from hitparade.storage import Storage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CLUSTER = Cluster(
    master="local[2]",
    memory="1GB",
    settings={
        "spark.sql.shuffle.partitions": "2",
        # Programs of seconds: what starts sooner wins over what runs faster.
        "spark.driver.defaultJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        # A KPI's hundred stages leave no room in the usual cache, and each would be compiled for every test anew.
        "spark.sql.codegen.cache.maxEntries": "10000",
    },
)
DAY_ROWS = 20_000_000
BY_SQL = 0
"""The `day_rows` with which no day that has rows is a task."""

# pyspark leaves the sockets over which it fetches rows to the garbage collector, which closes them at once.
on_spark = pytest.mark.filterwarnings(r"ignore:unclosed <socket\.socket .*'127\.0\.0\.1':ResourceWarning:socket")


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """A session of the tests' Spark. Skips where there is no Spark at all; one that does not start is a failure."""
    if importlib.util.find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("there is no Java: no java in PATH, and JAVA_HOME is not set")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        session, _ = open_session(CLUSTER)
        yield session
        session.stop()


@contextmanager
def opened(scratch: Path, *, zone: str = "UTC", day_rows: int = DAY_ROWS) -> Iterator[SparkEngine]:
    """An engine on the Spark that runs, closed at the end."""
    scratch.mkdir(parents=True, exist_ok=True)
    engine = open_engine(
        CLUSTER,
        day_rows=day_rows,
        scratch=scratch,
        zone=zone,
        storage=Storage(),
        translate=lambda sql: render(sql, "spark"),
    )
    try:
        yield engine
    finally:
        engine.close()
