"""Hostile files through the product, many at once, and what came of each beside what should have come of it."""

from __future__ import annotations

import faulthandler
import os
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq

from hitparade.config import read_settings
from hitparade.engines import exact
from hitparade.engines.duckdb import load as engine_load
from hitparade.model import Delivery, Source
from hitparade.steps.compute import compute
from hitparade.steps.load import load
from hitparade.workspace import Workspace, open_workspace
from tests.fuzz.making import Made, make
from tests.fuzz.manifests import BY_NAME, Kind
from tests.fuzz.reference import Verdict, judge, local_in
from tests.shop import Shop

MEMORY_MB = 500
SAME_TIME = 1_700_000_000
LONGEST_SHOWN = 3000
LONGEST_SECONDS = 300.0
"""For a batch of small files or a large one, on a machine that is busy; far more than any takes."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one kind that are delivered together."""

    kind: str
    seed: int
    numbers: Sequence[int]


@dataclass(slots=True)
class Outcome:
    """What loading a batch gave: every difference, and what it took."""

    batch: Batch
    differences: list[str] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    read: int = 0
    exactly: int = 0
    seconds: float = 0.0
    peak_mb: int = 0


@dataclass(frozen=True, slots=True)
class Expected:
    """A file, and what should become of it."""

    number: int
    made: Made
    verdict: Verdict
    status: str


@contextmanager
def in_time() -> Iterator[None]:
    """End this process, and say where it is, when something takes too long: a query cannot be ended otherwise."""
    faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def run_batch(batch: Batch, folder: str) -> Outcome:
    """Deliver the files of a batch to a workspace of their own, load them, and compare."""
    with in_time():
        return delivered(batch, folder)


def delivered(batch: Batch, folder: str) -> Outcome:
    """What came of a batch."""
    kind = BY_NAME[batch.kind]
    outcome = Outcome(batch)
    files = unlike([(number, make(kind, batch.seed, number)) for number in batch.numbers], kind)
    shop = workspace(Path(folder) / f"{batch.kind}-{batch.seed}-{min(batch.numbers)}", kind)
    for _, made in files:
        path = shop.landing(kind.dataset) / made.name
        path.write_bytes(made.data)
        os.utime(path, (SAME_TIME, SAME_TIME))  # so that they are loaded in the order of their names
    with (
        counting_exact_reads() as exactly,
        open_workspace(read_settings(shop.root / "hitparade.toml"), command="fuzz") as ws,
    ):
        begun = time.monotonic()
        load(ws)
        outcome.seconds = time.monotonic() - begun
        outcome.exactly = len(set(exactly))
        compare(ws, kind, files, outcome)
    outcome.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return outcome


def workspace(root: Path, kind: Kind) -> Shop:
    """A workspace for files of a kind."""
    shop = Shop(root)
    config = root / "hitparade.toml"
    text = config.read_text().replace('memory = "800MB"', f'memory = "{MEMORY_MB}MB"\nthreads = 1')
    config.write_text(text.replace('timezone = "UTC"', f'timezone = "{kind.zone}"'))
    if kind.manifest is not None:
        shop.manifest(kind.dataset, dict(kind.manifest))
    return shop


def unlike(files: list[tuple[int, Made]], kind: Kind) -> list[tuple[int, Made]]:
    """The files in the order of their names, few with the same bytes: each of those takes a turn of its own.

    In a catalogue there are none, since what is a duplicate there depends on what is in effect.
    """
    most = 2 if kind.dataset == "streams" else 1
    seen: Counter[bytes] = Counter()
    chosen = []
    for number, made in files:
        seen[made.data] += 1
        if seen[made.data] <= most:
            chosen.append((number, made))
    return sorted(chosen, key=lambda each: each[1].name)


@contextmanager
def counting_exact_reads() -> Iterator[list[int]]:
    """The load_ids of files that the exact reader is called for; it does what it always does."""
    real = exact.read_exactly
    calls: list[int] = []

    def counted(source: Source, target: Path) -> None:
        calls.append(source.load_id)
        real(source, target)

    with patch.object(engine_load, "read_exactly", counted):
        yield calls


# -- comparing


def compare(ws: Workspace, kind: Kind, files: list[tuple[int, Made]], outcome: Outcome) -> None:
    """Note every difference between what came of files and what should have."""
    found = {each.name: each for each in ws.ledger.deliveries()}
    rejects = by_load(ws, ["rejects"])["rejects"]
    expected = list(expectations(kind, files))
    loaded: list[tuple[Expected, Delivery]] = []
    for each in expected:
        delivery = found.get(each.made.name)
        outcome.files[each.status] += 1
        outcome.rows += each.verdict.rows
        outcome.read += each.status != "duplicate" and each.verdict.read
        for what in differences(each, delivery, rejects):
            outcome.differences.append(told(outcome.batch, each, what))
        if delivery is not None and delivery.status == each.status == "loaded":
            loaded.append((each, delivery))
    if kind.dataset == "streams":
        compute(ws)
        rest = different_listens(ws, kind, loaded)
    else:
        from tests.fuzz.catalogue import different_rows

        rest = different_rows(kind.dataset, loaded, by_load(ws, tables_of(kind.dataset)))
    for each_or_none, what in rest:
        outcome.differences.append(told(outcome.batch, each_or_none, what))


def tables_of(dataset: str) -> list[str]:
    """The tables of a catalogue."""
    return ["songs", "song_genres", "song_artists"] if dataset == "songs" else ["users"]


def expectations(kind: Kind, files: Iterable[tuple[int, Made]]) -> Iterable[Expected]:
    """What should become of files that come in this order: content that is loaded already is a duplicate."""
    in_effect: set[bytes] = set()
    for number, made in files:
        verdict = judge(kind.dataset, kind.schema, made.name, made.data)
        status = "duplicate" if made.data in in_effect else verdict.status
        if status == "loaded":
            in_effect.add(made.data)
        yield Expected(number, made, verdict, status)


def differences(expected: Expected, found: Delivery | None, rejects: Mapping[int, list[Any]]) -> Iterable[str]:
    """Where a delivery is not what it should be."""
    if found is None:
        yield "was not delivered"
        return
    verdict = expected.verdict
    rows = 0 if expected.status == "duplicate" else verdict.rows
    good = verdict.loaded if expected.status == "loaded" else 0
    wanted = (expected.status, rows, good, rows - good)
    got = (found.status, found.rows_read, found.rows_loaded, found.rows_rejected)
    if got != wanted:
        yield f"should be {wanted}, is {got} because of {found.reason}"
    if expected.status == "duplicate":
        return
    why = found.reason or ""
    if verdict.rules and not any(why.startswith(f"{rule}: ") for rule in causes(verdict.rules)):
        yield f"should break {sorted(verdict.rules)}, and is said to break {why}"
    listed = sorted(
        ((row["row"], row["rule"], row["column"], row["value"]) for row in rejects.get(found.load_id, ())), key=repr
    )
    if listed != sorted(verdict.rejects, key=repr):
        yield f"should reject {sorted(verdict.rejects, key=repr)}, rejects {listed}"


def causes(rules: frozenset[str]) -> frozenset[str]:
    """A packed file that is broken may be found too large before that is seen."""
    return rules | {"max_bytes"} if "compression" in rules else rules


def different_listens(
    ws: Workspace, kind: Kind, loaded: Sequence[tuple[Expected, Delivery]]
) -> Iterable[tuple[Expected | None, str]]:
    """Where the rows of loaded stream files, and their repeats by day, are not what they should be."""
    rows = by_load(ws, ["listens"])["listens"]
    days: dict[Any, list[Any]] = defaultdict(list)
    for expected, delivery in loaded:
        wanted = []
        for good in expected.verdict.good:
            local = local_in(good["listen_time"], kind.zone)  # type: ignore[arg-type]
            key = (good["user_id"], good["track_id"], good["listen_time"])
            wanted.append((*key, local.date(), local.hour))
            days[local.date()].append(key)
        got = [tuple(row[name] for name in LISTEN) for row in rows.pop(delivery.load_id, [])]
        if sorted(got, key=repr) != sorted(wanted, key=repr):
            yield expected, f"should load {sorted(wanted, key=repr)}, loads {sorted(got, key=repr)}"
    computed = {each.listen_date: each for each in ws.ledger.computations(kpi="hourly") if each.listens}
    got_days = {day: (each.listens, each.repeats) for day, each in computed.items()}
    wanted_days = {day: (len(set(keys)), len(keys) - len(set(keys))) for day, keys in days.items()}
    if got_days != wanted_days:
        odd = {day: (wanted_days.get(day), got_days.get(day)) for day in {*got_days, *wanted_days}}
        yield None, f"listens and repeats: { ({day: both for day, both in odd.items() if both[0] != both[1]}) }"


LISTEN = ("user_id", "track_id", "listened_at", "listen_date", "listen_hour")


def by_load(ws: Workspace, tables: Iterable[str]) -> dict[str, dict[int, list[dict[str, Any]]]]:
    """The rows of tables by load_id."""
    found: dict[str, dict[int, list[dict[str, Any]]]] = {}
    for table in tables:
        found[table] = defaultdict(list)
        for file in ws.lake.files(table):
            for row in pq.ParquetFile(file.path).read().to_pylist():
                found[table][row["load_id"]].append(row)
    return found


def told(batch: Batch, expected: Expected | None, what: str) -> str:
    """A difference, with all that it takes to see it again."""
    if expected is None:
        return f"{batch.kind}:{batch.seed}: {what}"[:LONGEST_SHOWN]
    made = expected.made
    again = f"HITPARADE_FUZZ_FILE={batch.kind}:{batch.seed}:{expected.number}"
    return f"{again}\n  {made.name!r} {what}"[:LONGEST_SHOWN] + f"\n  {made.data[:LONGEST_SHOWN]!r}"
