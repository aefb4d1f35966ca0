"""`python -m bench`: measure, print a table, write results.json. 2 when a measured command failed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench import bulk, machine, report, scale
from bench.check import check
from bench.daily import daily
from bench.dynamodb import dynamodb
from bench.measure import BenchFailed
from bench.pages import pages
from bench.progress import say
from bench.result import Part
from bench.small import help_, lab
from bench.upkeep import upkeep
from bench.warehouse import warehouse

DATA = Path(__file__).with_name("data")
DIFFERENT, FAILED = 1, 2


def arguments() -> argparse.Namespace:
    """The options of the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure hitparade against its targets.")
    parser.add_argument("--only", default="a,b,c,d,e,f,g,h,i,j", help="parts to measure, such as a,d")
    parser.add_argument("--listens", type=int, default=bulk.LISTENS, help="listens of parts a and f")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of parts a, b, c, f, g, h and j; medians count")
    parser.add_argument("--data", type=Path, default=DATA, help="sample data is kept here, workspaces are not")
    parser.add_argument("--check", action="store_true", help="only see that the hand-written KPIs are the same")
    return parser.parse_args()


def measure(options: argparse.Namespace, work: Path) -> list[Part]:
    """The parts that are asked for, in order."""
    parts: Mapping[str, Callable[[], Part]] = {
        "a": lambda: bulk.bulk(options.data, work, rounds=options.rounds, listens=options.listens),
        "b": lambda: daily(options.data, work, rounds=options.rounds),
        "c": lambda: lab(work, rounds=options.rounds),
        "d": lambda: help_(work),
        "e": lambda: scale.sizes(options.data, work),
        "f": lambda: scale.against_handwritten(options.data, work, rounds=options.rounds, listens=options.listens),
        "g": lambda: dynamodb(work, rounds=options.rounds),
        "h": lambda: warehouse(options.data, work, rounds=options.rounds),
        "i": lambda: upkeep(work),
        "j": lambda: pages(options.data, work, rounds=options.rounds),
    }
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(parts):
        raise BenchFailed(f"there is no part {', '.join(sorted(unknown))}: there are {', '.join(parts)}")
    return [part() for key, part in parts.items() if key in wanted]


def main() -> int:
    """Workspaces lie beside the sample data, since files are put into them as hard links; they are gone afterwards."""
    options = arguments()
    options.data = options.data.absolute()
    options.data.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="work-", dir=options.data) as work:
            if options.check:
                return DIFFERENT if check(options.data, Path(work)) else 0
            facts = machine.facts()
            parts = measure(options, Path(work))
    except BenchFailed as failure:
        say(str(failure))
        return FAILED
    report.show(parts, facts)
    report.write(parts, facts, now=datetime.now(UTC))
    return 0


if __name__ == "__main__":
    sys.exit(main())
