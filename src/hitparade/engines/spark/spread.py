"""Work of ours on Spark's executors: a function and items go out, results come back in order.

Spark places, repeats and accounts for it like any other work of its own. It rides on RDDs, since `mapInArrow` wants
pandas, which nothing else here needs and which makes every start slower.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.engines.base import Item, Result
from hitparade.engines.spark.session import failures_explained
from hitparade.errors import HitParadeError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Several tasks a slot, so that a slow one does not keep the others waiting.
TASKS_PER_SLOT = 4


def slots_of(session: SparkSession) -> int:
    """How many tasks Spark runs at a time."""
    return max(int(session.sparkContext.defaultParallelism), 2)


def slots_of_executor(session: SparkSession) -> int:
    """How many of them an executor has; the driver is among those that Spark lists."""
    executors = int(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1
    return -(-slots_of(session) // max(executors, 1))


def spread(
    session: SparkSession, work: Callable[[Item, Path], Result], items: Sequence[Item], *, tasks: int | None = None
) -> list[Result]:
    """Call `work` with each item and a folder for temporary files, on executors.

    An error of ours comes back as itself; anything else that a task dies of makes Spark try it again elsewhere.
    """
    if not items:
        return []
    with failures_explained():
        context = session.sparkContext
        limit = tasks or TASKS_PER_SLOT * slots_of(session)
        places = context.parallelize(range(len(items)), min(len(items), limit))
        answers = dict(places.mapPartitions(on_executor(work, items)).collect())
    found = [pickle.loads(answers[place]) for place in range(len(items))]  # noqa: S301 - they are ours
    for each in found:
        if isinstance(each, HitParadeError):
            raise each
    return found


def on_executor(
    work: Callable[[Item, Path], Result], items: Sequence[Item]
) -> Callable[[Iterable[int]], Iterator[tuple[int, bytes]]]:
    """The function that a task runs over its places."""

    def run(places: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        for place in places:
            with tempfile.TemporaryDirectory(prefix="hitparade-", dir=executors_disk()) as scratch:
                yield place, pickle.dumps(answer_of(work, items[place], Path(scratch)))

    return run


def executors_disk() -> str | None:
    """A folder of the executor's, which goes when it does, however it ends; the system's own outside of one."""
    return os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0] or None


def answer_of(work: Callable[[Item, Path], Result], item: Item, scratch: Path) -> Result | HitParadeError:
    """What the work gives, or the error that Spark must not take for a lost executor."""
    try:
        return work(item, scratch)
    except HitParadeError as error:
        return error
