"""Part g: items into DynamoDB, by the sink and by the plain loops that people write.

The sink asks for each item whether a later run has written it and keeps what others say of it, so it makes one call an
item, many at a time. `batch_writer` makes one of 25 items and replaces them; UpdateItem in a loop keeps what others
say, one call after the other. All three write the same items onto the same local server, in turns. It answers at
once, where the real one takes some milliseconds, which is what the many at a time are for: this measures the work, not
the waiting.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from bench.measure import Usage, measured
from bench.progress import say
from bench.result import Measure, Part

ITEMS = 10_000
WAYS: Mapping[str, str] = {
    "sink": "dynamodb: sink",
    "batch": "boto3 batch_writer",
    "update": "boto3 update_item, one by one",
}


def dynamodb(work: Path, *, rounds: int) -> Part:
    """Items a second of each way, and how many times as fast as the loops the sink is."""
    title = f"{ITEMS:,} items of user_daily into a local DynamoDB"
    from tests.dynalite import PROGRAM, dynalite
    from tests.s3 import moto_server

    kind = "dynalite" if PROGRAM.exists() and shutil.which("node") else "moto"
    say(f"g: {title}, {kind}")
    usages: dict[str, list[Usage]] = {way: [] for way in WAYS}
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    with ExitStack() as stack:
        server = stack.enter_context(dynalite() if kind == "dynalite" else moto_server())
        stack.enter_context(patch.dict(os.environ, server.environment))
        for number in range(1, rounds + 1):
            for way in WAYS:
                log, prefix = work / f"dynamodb-{way}.log", f"round{number}_{way}_"
                usages[way].append(
                    measured([sys.executable, "-m", "bench.dynamodb_items", way, prefix, str(ITEMS)], log=log)
                )
                speeds[way].append(ITEMS / float(log.read_text().splitlines()[-1]))
            say(f"  round {number}: " + ", ".join(f"{speeds[way][-1]:,.0f} items/s {way}" for way in WAYS))
    medians = {way: statistics.median(each) for way, each in speeds.items()}
    return Part(
        key="g",
        title=f"{title} ({kind})",
        measures=(
            *(Measure(name, medians[way], "items/s") for way, name in WAYS.items()),
            Measure("sink to batch_writer, ratio", medians["sink"] / medians["batch"], "x"),
            Measure("sink to update_item, ratio", medians["sink"] / medians["update"], "x"),
        ),
        rounds={WAYS[way]: each for way, each in usages.items()},
    )
