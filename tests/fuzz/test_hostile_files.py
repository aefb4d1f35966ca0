"""Ten thousand hostile files, and a few very large ones: none is miscounted, misread, or too much for the product.

HITPARADE_FUZZ_FILES says how many, HITPARADE_FUZZ_SEED which; HITPARADE_FUZZ_FILE=kind:seed:number is one alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import count
from pathlib import Path

from tests.fuzz.large import LARGE, read_large
from tests.fuzz.loading import MEMORY_MB, Batch, Outcome, run_batch
from tests.fuzz.making import TOGETHER
from tests.together import forking

FILES = int(os.environ.get("HITPARADE_FUZZ_FILES", "10400"))
"""Some of them come out the same as others and are left out."""
SEED = int(os.environ.get("HITPARADE_FUZZ_SEED", "1"))
ONE = os.environ.get("HITPARADE_FUZZ_FILE")
BESIDE_ENGINE_MB = 300
"""What docs/configuration.md allows the process beside its engine."""
SMALL_BATCH = 50
# How many batches of each kind come in turn; those of catalogues are small, since each file is a commit of its own.
TURN = (
    *("plain", "typed", "wide", "plain", "german", "loose", "plain", "barred", "spaced", "plain", "typed", "strict"),
    *("plain", "songs", "users", "members"),
)


def batches() -> Iterator[Batch]:
    """Batches until there are as many files as wanted."""
    if ONE is not None:
        kind, seed, number = ONE.split(":")
        yield Batch(kind, int(seed), [int(number)])
        return
    left, begun = FILES, Counter[str]()
    for turn in count():
        kind = TURN[turn % len(TURN)]
        size = min(left, SMALL_BATCH if kind in ("songs", "users", "members") else TOGETHER)
        first = begun[kind] * TOGETHER
        begun[kind] += 1
        yield Batch(kind, SEED, range(first, first + size))
        left -= size
        if not left:
            return


def in_processes(
    work: Callable[..., Outcome], arguments: Iterable[tuple[Batch, str]], pool: ProcessPoolExecutor
) -> list[Outcome]:
    """What each piece of work gave; one that takes too long ends all."""
    begun: list[Future[Outcome]] = [pool.submit(work, *some) for some in arguments]
    return [future.result() for future in begun]


def test_ten_thousand_hostile_files_are_counted_row_by_row(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with ProcessPoolExecutor(2, mp_context=forking()) as pool:
        outcomes = in_processes(run_batch, ((batch, str(tmp_path)) for batch in batches()), pool)

    statuses = sum((outcome.files for outcome in outcomes), Counter[str]())
    exactly, read = sum(outcome.exactly for outcome in outcomes), sum(outcome.read for outcome in outcomes)
    listed = ", ".join(f"{number:,} {status}" for status, number in statuses.items())
    slowest = max(outcomes, key=lambda outcome: outcome.seconds)
    record_property(
        "figures",
        f"seed {SEED}: {statuses.total():,} hostile files ({listed})"
        f", {sum(outcome.rows for outcome in outcomes):,} rows; {read - exactly:,} files read by the fast reader and"
        f" {exactly:,} by the exact one; the slowest batch took {slowest.seconds:.1f} s for {slowest.files.total()}"
        f" files ({slowest.batch.kind}), the largest memory was {max(o.peak_mb for o in outcomes):,} MB",
    )
    assert [difference for outcome in outcomes for difference in outcome.differences] == []
    if ONE is None:
        assert min(exactly, read - exactly) > statuses.total() // 10


def test_very_large_files_take_their_time_and_no_more_memory_than_the_settings_say(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with ProcessPoolExecutor(1, mp_context=forking(), max_tasks_per_child=1) as pool:
        took = {
            title: pool.submit(read_large, title, large.make(), str(tmp_path / str(number))).result()
            for number, (title, large) in enumerate(LARGE.items())
        }

    slowest = max(took, key=lambda title: took[title].seconds)
    largest = max(took, key=lambda title: took[title].peak_mb)
    record_property(
        "figures",
        f"{len(took)} very large files: the slowest took {took[slowest].seconds:.1f} s ({slowest}), the largest memory"
        f" was {took[largest].peak_mb:,} MB ({largest}) where the settings allow {MEMORY_MB + BESIDE_ENGINE_MB:,}",
    )
    assert {title: each.came for title, each in took.items()} == {title: large.wanted for title, large in LARGE.items()}
    assert {title: each.why for title, each in took.items() if not each.why.startswith(LARGE[title].rule)} == {}
    assert {title: each.peak_mb for title, each in took.items() if each.peak_mb > MEMORY_MB + BESIDE_ENGINE_MB} == {}
