"""Several processes that start the same work at the same moment."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
LONGEST_START = 60.0
HEAVY = [
    *("hitparade.lake.lake", "hitparade.ledger.sql", "pyarrow.parquet", "psycopg", "boto3"),
    *("hitparade.cli.app", "hitparade.config", "hitparade.pipeline", "hitparade.kpis.registry"),
    *("hitparade.engines.duckdb.engine", "hitparade.sinks.warehouse", "duckdb", "pgpq", "pyarrow.compute"),
]
"""What every process needs and takes long to import: it is imported once, by the process that the others fork from."""


def at_once(work: Callable[..., T], *arguments: tuple[Any, ...]) -> list[T]:
    """What `work` gave in each of as many processes as there are tuples of arguments."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    with context.Manager() as manager, ProcessPoolExecutor(len(arguments), mp_context=context) as pool:
        start, here = manager.Barrier(len(arguments)), dict(os.environ)
        return [each.result() for each in [pool.submit(waiting, start, here, work, some) for some in arguments]]


def waiting(start: Any, environment: dict[str, str], work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """Do the work when everyone is ready, in the environment of who asks and not of the process forked from."""
    os.environ.update(environment)
    start.wait(LONGEST_START)
    return work(*arguments)


def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return False
