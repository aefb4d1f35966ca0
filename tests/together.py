"""Several processes that start the same work at the same moment."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

T = TypeVar("T")
LONGEST_START = 60.0
HEAVY = [
    *("hitparade.lake.lake", "hitparade.ledger.sql", "pyarrow.parquet", "psycopg", "boto3"),
    *("hitparade.cli.app", "hitparade.config", "hitparade.pipeline", "hitparade.kpis.registry"),
    *("hitparade.engines.duckdb", "hitparade.engines.duckdb.load", "hitparade.engines.duckdb.compute", "duckdb"),
    *("hitparade.engines.duckdb.export", "hitparade.sinks.files", "hitparade.sinks.warehouse", "pgpq"),
    *("pyarrow.compute", "pyarrow.acero", "pyarrow.csv", "pyiceberg.catalog.sql", "sqlalchemy.orm"),
    *("hitparade.steps.publish", "hitparade.cli.working", "hitparade.cli.render", "hitparade.log", "tomllib"),
]
"""What every process needs and takes long to import: it is imported once, by the process that the others fork from."""


def at_once(work: Callable[..., T], *arguments: tuple[Any, ...]) -> list[T]:
    """What `work` gave in each of as many processes as there are tuples of arguments."""
    context = forking()
    with context.Manager() as manager, ProcessPoolExecutor(len(arguments), mp_context=context) as pool:
        start, here = manager.Barrier(len(arguments)), dict(os.environ)
        return [each.result() for each in [pool.submit(waiting, here, start, work, some) for some in arguments]]


def forked(work: Callable[..., object], *arguments: Any) -> BaseProcess:
    """A process that does the work, begun."""
    process = forking().Process(target=as_here, args=(dict(os.environ), work, arguments))
    process.start()
    return process


def forking() -> ForkServerContext:
    """Processes forked from one that has imported what they take."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    return context


def waiting(here: dict[str, str], start: Any, work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """Do the work when everyone is ready."""
    start.wait(LONGEST_START)
    return as_here(here, work, arguments)


def as_here(here: dict[str, str], work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """Do the work in the environment of who asks: the process forked from has that of whoever asked first."""
    os.environ.clear()
    os.environ.update(here)
    return work(*arguments)


def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.005)
    return False
