"""A Spark session as the engine needs it, and what is missing for one said before Spark tries."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.engines.spark import s3
from hitparade.errors import ConfigError, DiskFull, MissingExtra, StorageError, tells_of_full_disk

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA = 17
MEGABYTE = 1 << 20
UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
LOOPBACK = "127.0.0.1"
# An exception in a task of ours is a mistake of ours; what Spark gives up for other reasons may pass.
MISTAKE = "org.apache.spark.api.python.PythonException"
PASSING = ("Job aborted", "SparkException", "OutOfMemoryError", "cancelled")

# What SQL means here. Set on each session of ours, so that one which others share keeps its own.
MEANING: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.parquet.nanosAsLong": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.sources.partitionOverwriteMode": "static",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where Spark runs. `memory` is the heap of each executor; `settings` go before everything set here.

    `s3` says whether it meets `s3://`.
    """

    master: str
    memory: str
    packages: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    s3: bool = False

    @property
    def is_here(self) -> bool:
        """Whether all of it runs on this machine."""
        return self.master.startswith("local")


def open_session(cluster: Cluster) -> tuple[SparkSession, bool]:
    """A session of our own, and whether its Spark was started here; one that runs already is used as it is."""
    need_pyspark()
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    running = SparkContext._active_spark_context is not None
    if not running:
        need_java()
    with explained(cluster):
        builder = SparkSession.builder.appName("hitparade")
        if not running:
            prepare_environment(cluster)
            builder = builder.master(cluster.master).config(map=dict(started_with(cluster)))
        session = builder.getOrCreate().newSession()
        give_meaning(session)
    return session, not running


def give_meaning(session: SparkSession) -> None:
    """Make SQL mean what it means everywhere else here."""
    for name, value in MEANING.items():
        session.conf.set(name, value)


def started_with(cluster: Cluster) -> Mapping[str, str]:
    """The settings that a Spark is started with."""
    import pyspark

    heap = as_heap(cluster.memory)
    quiet = f"-Dlog4j2.configurationFile={files('hitparade.engines.spark').joinpath('log4j2.properties')}"
    ours = {
        "spark.driver.memory": heap,
        "spark.executor.memory": heap,
        "spark.driver.extraJavaOptions": quiet,
        "spark.executor.extraJavaOptions": quiet if cluster.is_here else "",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
        "spark.sql.shuffle.partitions": "32" if cluster.is_here else "400",
        **({"spark.driver.bindAddress": LOOPBACK, "spark.driver.host": LOOPBACK} if cluster.is_here else {}),
    }
    packages = list(cluster.packages)
    if cluster.s3:
        hadoop = s3.hadoop_version(Path(pyspark.__file__).parent)
        ours.update(s3.settings(hadoop, os.environ))
        packages += s3.packages(hadoop)
    if packages:
        ours["spark.jars.packages"] = ",".join(packages)
    return {**{name: value for name, value in ours.items() if value}, **cluster.settings}


def prepare_environment(cluster: Cluster) -> None:
    """What Spark takes from the environment: Python workers of this very environment, and names of this machine."""
    # A connection that Ctrl-C breaks is no news: what becomes of the call is told where it was made.
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(lambda record: "py4j" not in record.pathname)
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    if cluster.is_here:
        os.environ["SPARK_LOCAL_IP"] = LOOPBACK
        os.environ["SPARK_LOCAL_HOSTNAME"] = "localhost"


def as_heap(memory: str) -> str:
    """A size such as 2GB as the JVM writes it."""
    return f"{max(memory_bytes(memory) // MEGABYTE, 1)}m"


def memory_bytes(memory: str) -> int:
    """A size such as 2GB in bytes."""
    number, unit = re.fullmatch(r"([0-9.]+) ?([A-Za-z]+)", memory).groups()  # type: ignore[union-attr]  # settings match
    return int(float(number) * UNITS[unit])


def need_pyspark() -> str:
    """The version of pyspark; MissingExtra when it is not installed."""
    try:
        import pyspark
    except ImportError as error:
        raise MissingExtra("the Spark engine", "spark") from error
    version: str = pyspark.__version__
    return version


def need_java() -> int | None:
    """The version of the Java that Spark will run on; ConfigError unless there is one."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    hint = f"install Java {JAVA} (Debian: apt-get install openjdk-{JAVA}-jre-headless) or set JAVA_HOME to one"
    if java is None or not Path(java).exists():
        where = f"JAVA_HOME is {home}, and there is no bin/java in it" if home else "there is no java on the PATH"
        raise ConfigError(f"the Spark engine needs Java {JAVA} or newer: {where}", hint=hint)
    found = java_version(java)
    if found is not None and found < JAVA:
        raise ConfigError(f"the Spark engine needs Java {JAVA} or newer: {java} is Java {found}", hint=hint)
    return found


def java_version(java: str) -> int | None:
    """The major version of a Java; None when it does not say."""
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr  # noqa: S603
    except OSError as error:
        raise ConfigError(f"{java} cannot be run: {error.strerror}", hint="set JAVA_HOME to a Java that can") from error
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(version.group(1)) if version else None


@contextmanager
def explained(cluster: Cluster) -> Iterator[None]:
    """Turn what keeps Spark from starting into errors that say so."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        reason = cause(str(error))
        raise ConfigError(
            f"Spark does not start on {cluster.master}: {reason}",
            hint="see [engine] in hitparade.toml: master, memory, packages, spark",
        ) from error


@contextmanager
def failures_explained() -> Iterator[None]:
    """Turn what is nobody's mistake here, lost executors and full disks, into errors that say so."""
    from py4j.protocol import Py4JJavaError, Py4JNetworkError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JNetworkError, ConnectionError) as error:
        raise StorageError(
            "Spark is gone: its driver does not answer", hint="see its log for the reason, then run again"
        ) from error
    except (PySparkException, Py4JJavaError) as error:
        text = str(error)
        if tells_of_full_disk(text):
            raise DiskFull from error
        if MISTAKE in text or not any(mark in text for mark in PASSING):
            raise
        raise StorageError(
            f"Spark could not finish: {cause(text)}",
            hint="run again; if executors run out of memory, raise [engine] memory or give them fewer cores",
        ) from error


def cause(text: str) -> str:
    """The line of a Java stack trace that says most: the innermost cause, else what was thrown."""
    lines = [line.strip() for line in text.splitlines()]
    caused = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    thrown = [line.removeprefix(": ") for line in lines if line.startswith(": ")]
    return (caused[-1:] or thrown or lines[:1])[0][:500]
