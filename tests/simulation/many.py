"""Many histories at once: python -m tests.simulation.many FIRST LAST, each seed of a range, on many processes."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context

from rich.console import Console

from tests.simulation.served import ELSEWHERE
from tests.simulation.simulation import Simulation, a_simulation

AT_ONCE = 50
OPENED = ExitStack()
SIMULATIONS: list[Simulation] = []


def differences(elsewhere: str | None, seeds: range) -> list[tuple[int, str]]:
    """Of some histories those that do not end as they must, and how."""
    if not SIMULATIONS:
        sinks = [OPENED.enter_context(ELSEWHERE[elsewhere]())] if elsewhere else []
        SIMULATIONS.append(OPENED.enter_context(a_simulation(*sinks)))
    found = []
    for seed in seeds:
        try:
            SIMULATIONS[0].live(SIMULATIONS[0].drawn(seed))
        except Exception as error:
            found.append((seed, f"{type(error).__name__}: {error}"))
    return found


def pieces(first: int, last: int) -> Iterator[range]:
    """The seeds from first to last, some at a time."""
    for start in range(first, last + 1, AT_ONCE):
        yield range(start, min(start + AT_ONCE, last + 1))


def main() -> int:
    """Live through all of them, and tell what differs; the exit code says whether anything did."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.many", description=__doc__)
    parser.add_argument("first", type=int, help="the first seed")
    parser.add_argument("last", type=int, help="the last one, too")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="so many at once")
    parser.add_argument("--elsewhere", choices=ELSEWHERE, help="with a sink that is not in the workspace, too")
    asked = parser.parse_args()
    console, begun, done, wrong = Console(soft_wrap=True), time.monotonic(), 0, 0
    all_pieces = list(pieces(asked.first, asked.last))
    with (
        ProcessPoolExecutor(asked.processes, mp_context=get_context("spawn")) as pool,
        console.status("histories ...") as status,
    ):
        for seeds, found in zip(all_pieces, pool.map(partial(differences, asked.elsewhere), all_pieces), strict=True):
            done, wrong = done + len(seeds), wrong + len(found)
            for seed, how in found:
                console.print(f"seed {seed}: {how}", markup=False)
            took = f"{(time.monotonic() - begun) / 60:.1f} min"
            status.update(f"{done:,} histories, the last of seed {seeds[-1]}, {wrong} wrong, {took}")
            if not console.is_terminal and (done % 1000 < len(seeds) or seeds is all_pieces[-1]):
                console.print(f"{done:,} histories, the last of seed {seeds[-1]}, {wrong} wrong, {took}")
    console.print(f"{done:,} histories of seeds {asked.first} to {asked.last}: {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
