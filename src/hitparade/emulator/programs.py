"""How a job's script is run: the interpreter, its arguments, and an environment in which AWS is this emulator alone."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from shutil import which

from hitparade.errors import ConfigError

PYTHON39 = "HITPARADE_PYTHON39"
LIBRARIES = ("boto3", "pyarrow")
SPARK_MASTER = "local[2]"
SPARK_MEMORY = "1g"
STUBS = Path(__file__).parent / "stubs"
# Nothing of the user's own may reach a job: neither a way to the real AWS nor another Spark.
PREFIXES_LEFT_OUT = ("AWS_", "SPARK_", "PYSPARK_", "PYTHON")


@dataclass(frozen=True, slots=True)
class Program:
    """An interpreter, and what it needs in its environment beside what every run has."""

    python: str
    environment: Mapping[str, str]
    said: str
    """The first line of the log."""


def program_of(kind: str, *, folder: Path, endpoint: Mapping[str, str]) -> Program:
    """What runs a kind of job. ConfigError and MissingExtra say what is missing."""
    if kind == "glueetl":
        return spark(folder, endpoint)
    if kind == "pythonshell":
        return python_shell()
    raise ConfigError(f"jobs of the kind '{kind}' are not run here", hint="glueetl and pythonshell are")


def spark(folder: Path, endpoint: Mapping[str, str]) -> Program:
    """A Spark on this machine, bounded, whose `s3://` is the emulator's S3."""
    from hitparade.engines.spark import session

    version = session.need_pyspark()
    session.need_java()
    home = spark_home()
    return Program(
        python=sys.executable,
        environment={
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_DIRS": str(folder),
            "SPARK_LOCAL_IP": session.LOOPBACK,
            "SPARK_LOCAL_HOSTNAME": "localhost",
            "PYSPARK_PYTHON": sys.executable,
            "PYSPARK_DRIVER_PYTHON": sys.executable,
            "PYSPARK_SUBMIT_ARGS": shlex.join([*submit_options(home, endpoint), "pyspark-shell"]),
        },
        said=f"Spark {version} on {SPARK_MASTER}, {SPARK_MEMORY}; {described(sys.executable)}",
    )


def spark_home() -> Path:
    """Where this environment's pyspark is."""
    from importlib.util import find_spec

    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise ConfigError("pyspark has no folder of its own")
    return Path(found.origin).parent


def submit_options(home: Path, endpoint: Mapping[str, str]) -> list[str]:
    """What spark-submit is told."""
    from hitparade.engines.spark import s3

    hadoop = s3.hadoop_version(home)
    log4j = Path(s3.__file__).with_name("log4j2.properties")
    settings = {
        **s3.settings(hadoop, endpoint),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log4j} -XX:+UseSerialGC",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "8",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    options = ["--master", SPARK_MASTER, "--driver-memory", SPARK_MEMORY, "--packages", ",".join(s3.packages(hadoop))]
    for name, value in settings.items():
        options += ["--conf", f"{name}={value}"]
    return options


def python_shell() -> Program:
    """Python 3.9, which Glue's Python shell is, where one with the libraries of AWS is found; else this interpreter."""
    for python in filter(None, (os.environ.get(PYTHON39), which("python3.9"))):
        if is_equipped(python):
            return Program(python, {}, described(python))
    missing = f"no Python 3.9 with {' and '.join(LIBRARIES)} ({PYTHON39})"
    return Program(sys.executable, {}, f"{described(sys.executable)}; {missing}")


@cache
def is_equipped(python: str) -> bool:
    """Whether an interpreter runs, and finds what jobs count on."""
    code = f"import {', '.join(LIBRARIES)}"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, timeout=60, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@cache
def described(python: str) -> str:
    """An interpreter by version and place."""
    code = "import platform; print(platform.python_version())"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
    return f"Python {done.stdout.strip()} ({python})"


def environment_of(
    program: Program, *, endpoint: Mapping[str, str], modules: tuple[Path, ...], folder: Path
) -> dict[str, str]:
    """The whole environment of a run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES_LEFT_OUT)}
    return {
        **kept,
        **endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": os.pathsep.join(str(path) for path in (*modules, STUBS)),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(folder),
        "TZ": "UTC",
        **program.environment,
    }
