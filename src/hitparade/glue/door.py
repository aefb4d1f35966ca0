"""What the jobs' scripts share: arguments, the Spark they are given, and how a failure is told.

Glue takes a run's error from the last line of its traceback, so a failure says there in one line what is wrong, where,
and what to do next.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import NoReturn

from hitparade import log
from hitparade.config import EngineName, Settings, read_settings
from hitparade.errors import ConfigError, HitParadeError
from hitparade.glue.preview import show_unpublished, show_waiting
from hitparade.pipeline import compute, load, publish
from hitparade.workspace import Workspace, open_workspace


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a job is told."""

    config: str
    preview: bool


def load_compute_publish(said: str | None) -> None:
    """A job that loads what waits, computes what changed and publishes it. `said` is the script's docstring."""
    perform(said, work_through, show_waiting, engine="spark")


def publish_the_rest(said: str | None) -> None:
    """A job that publishes what is computed and not published yet; that needs no Spark."""
    perform(said, finish, show_unpublished, engine="duckdb")


def perform(
    said: str | None,
    work: Callable[[Workspace], None],
    preview: Callable[[Settings], None],
    *,
    engine: EngineName,
) -> None:
    """Do a job's work, or show what it would write."""
    try:
        given = arguments(said, sys.argv[1:])
        log.set_up(stream=sys.stdout)
        if given.preview:
            preview(read_settings(given.config, engine="duckdb"))
            return
        settings = read_settings(given.config, engine=engine)
        if engine == "spark":
            take_the_spark_that_is_given()
        with open_workspace(settings, command="glue") as ws:
            work(ws)
    except HitParadeError as error:
        error.args = (in_one_line(error),)
        raise


def work_through(ws: Workspace) -> None:
    """Load, compute, publish. A dataset that its contract stopped fails the job, when the others are through."""
    loaded, computed, published = load(ws), compute(ws), publish(ws)
    log.get_logger().info(
        "job.done",
        files=len(loaded.deliveries),
        quarantined=loaded.count("quarantined"),
        rejected=loaded.rejected,
        computed=computed.kpi_days,
        published=published.kpi_days,
    )
    if loaded.failures:
        raise loaded.failures[0]


def finish(ws: Workspace) -> None:
    """Publish."""
    log.get_logger().info("job.done", published=publish(ws).kpi_days)


def take_the_spark_that_is_given() -> None:
    """Start the Spark that Glue or spark-submit has set up, if one of them runs this; an engine takes what runs.

    Elsewhere the engine starts one of its own.
    """
    if find_spec("awsglue") or "PYSPARK_GATEWAY_PORT" in os.environ:
        from pyspark import SparkContext

        SparkContext.getOrCreate()


class Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would end the process with no more than a number."""

    def error(self, message: str) -> NoReturn:
        """Refuse."""
        raise ConfigError(
            f"arguments of {self.prog}: {message}",
            hint="it takes --config s3://bucket/folder/hitparade.toml and --preview",
        )


def arguments(said: str | None, given: Sequence[str]) -> Arguments:
    """A job's arguments; those of others, such as Glue's `--JOB_NAME`, are let pass."""
    parser = Parser(description=said, allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="settings of the workspace, a path or an s3:// URL")
    # Glue gives a value to every argument, if only an empty one.
    parser.add_argument("--preview", nargs="?", const="true", default="false", choices=("true", "false", ""))
    found = parser.parse_known_args(given)[0]
    return Arguments(found.config, preview=found.preview != "false")


def in_one_line(error: HitParadeError) -> str:
    """An error and the next step."""
    message = "; ".join(error.message.splitlines())
    return f"{message}; next: {error.hint}" if error.hint else message
