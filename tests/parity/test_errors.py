"""What is missing, wrong or broken in Spark is one clear error, and a mistake of ours stays what it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from hitparade import errors
from hitparade.engines.spark import SparkEngine
from hitparade.errors import DiskFull, HitParadeError, KpiError, ManifestError, MissingExtra, MissingLibrary
from tests.shop import Shop
from tests.spark import on_spark, opened

PATIENCE = 300.0
WRONG, LATER = 2, 3


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left with, and what it wrote to standard error."""

    code: int
    text: str

    def error(self) -> tuple[str, str]:
        """The error and its hint, which must be all that is said of it."""
        lines = [line for line in self.text.splitlines() if line]
        [place] = [number for number, line in enumerate(lines) if line.startswith("error: ")]
        assert "Traceback" not in self.text, self.text
        assert lines[place + 1].startswith("  next: "), self.text
        return lines[place].removeprefix("error: "), lines[place + 1].removeprefix("  next: ")


def running(folder: Path, environment: Mapping[str, str], engine: str = "") -> subprocess.Popen[str]:
    """`hitparade run --engine spark` in a workspace with something to load, on its way."""
    folder.mkdir()
    shop = Shop(folder)
    config = folder / "hitparade.toml"
    config.write_text(config.read_text().replace("[engine]\n", f"[engine]\n{engine}\n"))
    shop.deliver("streams", "a.csv", ["1,a,2024-06-25 12:00:00"])
    command = [sys.executable, "-m", "hitparade", "run", "--engine", "spark", "--config", str(config)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, cwd=folder
    )


def said(process: subprocess.Popen[str]) -> Said:
    """What a command said in the end."""
    try:
        _, text = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Said(process.returncode, text)


def without_java() -> dict[str, str]:
    """The environment, in which nothing leads to a Java."""
    return {**{name: value for name, value in os.environ.items() if name != "JAVA_HOME"}, "PATH": "/nowhere"}


def java_of(folder: Path, script: str) -> str:
    """A folder with a program that is called java."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    return str(folder)


# ---- what Spark needs


def test_without_java_on_the_path_it_says_what_to_install(tmp_path: Path) -> None:
    found = said(running(tmp_path / "shop", without_java()))

    error, hint = found.error()
    assert found.code == WRONG
    assert "needs Java 17" in error
    assert "PATH" in error
    assert "JAVA_HOME" in hint


def test_a_java_home_without_java_is_named(tmp_path: Path) -> None:
    found = said(running(tmp_path / "shop", {**os.environ, "JAVA_HOME": str(tmp_path)}))

    error, hint = found.error()
    assert found.code == WRONG
    assert str(tmp_path) in error
    assert "install Java 17" in hint


@pytest.mark.parametrize(
    ("version", "major"), [('openjdk version "11.0.2" 2019-01-15', 11), ('java version "1.8.0_402"', 8)]
)
def test_a_java_that_is_too_old_is_named_with_its_version(tmp_path: Path, version: str, major: int) -> None:
    home = java_of(tmp_path / "java", f"echo '{version}' >&2")

    found = said(running(tmp_path / "shop", {**os.environ, "JAVA_HOME": home}))

    error, _ = found.error()
    assert found.code == WRONG
    assert error.endswith(f"{home}/bin/java is Java {major}")


def test_a_java_that_cannot_be_run_is_named(tmp_path: Path) -> None:
    home = java_of(tmp_path / "java", "")
    (tmp_path / "java" / "bin" / "java").chmod(0o644)

    found = said(running(tmp_path / "shop", {**os.environ, "JAVA_HOME": home}))

    error, hint = found.error()
    assert found.code == WRONG
    assert f"{home}/bin/java cannot be run" in error
    assert "JAVA_HOME" in hint


def test_without_pyspark_it_says_what_to_install(tmp_path: Path) -> None:
    package = tmp_path / "instead" / "pyspark"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('there is no pyspark')\n")

    found = said(running(tmp_path / "shop", {**os.environ, "PYTHONPATH": str(package.parent)}))

    error, hint = found.error()
    assert found.code == WRONG
    assert "the Spark engine" in error
    assert hint == "pip install 'hitparade[spark]'"


# ---- what it is told

needs_java = pytest.mark.skipif(
    shutil.which("java") is None and "JAVA_HOME" not in os.environ,
    reason="there is no Java: no java in PATH, and JAVA_HOME is not set",
)


@pytest.fixture(scope="module", autouse=True)
def unreachable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """A run with a master that nobody answers for: Spark takes a minute to give it up, in which others run."""
    process = running(
        tmp_path_factory.mktemp("unreachable") / "shop", os.environ.copy(), 'master = "spark://127.0.0.1:1"'
    )
    yield process
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stderr is not None:
        process.stderr.close()


@needs_java
@pytest.mark.parametrize(
    ("engine", "named"),
    [
        ('master = "local[x]"', "local[x]"),
        ('master = "nowhere"', "nowhere"),
        ('spark = { "spark.driver.memory" = "lots" }', "local[*]"),
        ('spark = { "spark.serializer" = "no.such.Serializer" }', "no.such.Serializer"),
        ('spark = { "spark.driver.cores" = true }', "local[*]"),
    ],
)
def test_what_spark_cannot_start_with_is_one_error(tmp_path: Path, engine: str, named: str) -> None:
    found = said(running(tmp_path / "shop", os.environ.copy(), engine))

    error, hint = found.error()
    assert found.code == WRONG
    assert "Spark does not start" in error
    assert named in error
    assert "[engine]" in hint


@pytest.mark.parametrize(
    ("engine", "key"),
    [
        ('spark = { "spark.app.name" = ["a", "b"] }', "engine.spark.spark.app.name"),
        ("spark = 3", "engine.spark"),
        ('day_rows = "many"', "engine.day_rows"),
        ('name = "sparks"', "engine.name"),
    ],
)
def test_a_setting_that_is_none_is_named_with_its_key(tmp_path: Path, engine: str, key: str) -> None:
    found = said(running(tmp_path / "shop", os.environ.copy(), engine))

    error, _ = found.error()
    assert found.code == WRONG
    assert key in error


@needs_java
def test_a_master_that_nobody_answers_for_is_one_error(unreachable: subprocess.Popen[str]) -> None:
    found = said(unreachable)

    error, _ = found.error()
    assert found.code in (WRONG, LATER)
    assert "spark://127.0.0.1:1" in error


# ---- what goes wrong on an executor


@pytest.fixture(scope="module")
def engine(spark: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    with opened(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


OURS: list[HitParadeError] = [
    ManifestError("manifest.json", "schema.fields", "is missing", hint="say which"),
    KpiError("kpi.sql", "is not portable", line=3, hint="write it so"),
    MissingExtra("a part", "extra"),
    MissingLibrary("a call", "library"),
    DiskFull("cannot write a file"),
    *(
        kind("what went wrong", hint="what to do")
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, HitParadeError)
        and kind not in (ManifestError, KpiError, MissingExtra, MissingLibrary, DiskFull)
    ),
]


def fail_with(error: Exception, _: Path) -> None:
    """Work that does nothing else."""
    raise error


def divide(number: int, _: Path) -> float:
    """Work with a mistake in it."""
    return 1 / number


@on_spark
@pytest.mark.parametrize("error", OURS, ids=lambda error: type(error).__name__)
def test_an_error_of_ours_comes_back_from_an_executor_as_itself(engine: SparkEngine, error: HitParadeError) -> None:
    with pytest.raises(type(error)) as caught:
        engine.each(fail_with, [error])

    assert type(caught.value) is type(error)
    assert vars(caught.value) == vars(error)
    assert str(caught.value) == str(error)


@on_spark
def test_a_mistake_in_a_task_stays_a_mistake(engine: SparkEngine) -> None:
    """Trying again later does not mend it, so it must not be said to be worth trying."""
    with pytest.raises(Exception, match="division by zero") as caught:
        engine.each(divide, [1, 0])

    assert not isinstance(caught.value, HitParadeError)


@on_spark
def test_results_come_back_in_the_order_of_their_items(engine: SparkEngine) -> None:
    assert engine.each(divide, [1, 2, 4, 8, 16, 32, 64, 128, 256]) == [1 / 2**power for power in range(9)]
