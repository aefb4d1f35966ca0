"""compute: days whose listens changed -> KPI tables in the lake.

Wanted, for each day: the highest delivery that touched it, and the KPI's hash. Present: what was last computed.
Days that differ are computed anew in batches of bounded rows and their partitions replaced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from queue import SimpleQueue
from typing import TYPE_CHECKING

from hitparade import log
from hitparade.engines.base import Engine
from hitparade.errors import Conflict
from hitparade.faults import point
from hitparade.model import Computation, ComputedDays, InEffect, Kpi, LakeFile
from hitparade.workspace import Workspace

if TYPE_CHECKING:
    from hitparade.lake.lake import Base

ATTEMPTS = 5
# A commit takes some 20 ms a table whatever it holds, so several batches share one.
BATCHES_PER_COMMIT = 8


@dataclass(frozen=True, slots=True)
class Stale:
    """A day, the highest seq that touched it, and the KPIs that have to be computed for it."""

    day: date
    seq: int
    kpis: frozenset[str]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some days to compute for some KPIs: the rows in effect, how many lie in their files, the files that hold the
    KPIs now, and where to write.
    """

    stale: tuple[Stale, ...]
    kpis: tuple[Kpi, ...]
    listens: InEffect
    rows: int
    previous: Mapping[str, Sequence[str]]
    folders: Mapping[str, str]


@dataclass(slots=True)
class Computed:
    """What a compute did."""

    days: set[date] = field(default_factory=set)
    kpi_days: int = 0
    rows: int = 0


def compute(ws: Workspace) -> Computed:
    """Bring every stored KPI up to date."""
    outcome = Computed()
    attempts = 0
    while stale := decide(ws):
        if ws.turn.begin():
            continue
        try:
            reconcile(ws, {each.day for each in stale}, outcome)
        except Conflict:
            attempts += 1
            if attempts == ATTEMPTS:
                raise
            log.get_logger().info("compute.conflict", attempt=attempts)
    if outcome.days:
        log.get_logger().info("compute.done", days=len(outcome.days), kpi_days=outcome.kpi_days, rows=outcome.rows)
    return outcome


def decide(ws: Workspace) -> list[Stale]:
    """The days that are not as they should be, in order."""
    behind: dict[tuple[date, int], set[str]] = {}
    for day, seq, kpi in ws.ledger.stale({kpi.name: kpi.hash for kpi in ws.daily_kpis}):
        behind.setdefault((day, seq), set()).add(kpi)
    return [Stale(day, seq, frozenset(kpis)) for (day, seq), kpis in sorted(behind.items())]


def reconcile(ws: Workspace, days: Collection[date], outcome: Computed) -> None:
    """Compute days: the tables' bases first, then the ledger, then the data, then the commits onto those bases."""
    bases = {kpi.name: ws.lake.base(kpi, days) for kpi in ws.daily_kpis}
    stale = [each for each in decide(ws) if each.day in days]
    listens = ws.lake.files("listens", days)
    needed = {name for each in stale for name in each.kpis}
    log.get_logger().debug("compute.begin", days=len(stale), kpis=len(needed))
    ws.open_catalogue([kpi for kpi in ws.daily_kpis if kpi.name in needed])
    pending = Pending(ws, bases, outcome)
    work = (prepare(ws, batch, listens, bases) for batch in batches(stale, listens, ws.settings.compute.batch_rows))
    with ws.progress.of("compute", len(stale)) as advance:
        for batch, done in in_lanes(ws.engine, work):
            pending.add(batch, done)
            advance(len(batch.stale))
        pending.commit()


def batches(stale: Sequence[Stale], listens: Sequence[LakeFile], batch_rows: int) -> Iterator[list[Stale]]:
    """Days in turn, as many as have at most so many rows (one that has more is alone), all for the same KPIs."""
    rows: dict[date | None, int] = {}
    for file in listens:
        rows[file.day] = rows.get(file.day, 0) + file.rows
    batch: list[Stale] = []
    size = 0
    for each in stale:
        count = rows.get(each.day, 0)
        if batch and (size + count > batch_rows or each.kpis != batch[0].kpis):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += count
    if batch:
        yield batch


def prepare(ws: Workspace, stale: list[Stale], listens: Sequence[LakeFile], bases: Mapping[str, Base]) -> Batch:
    """All that computing some days needs."""
    days = [each.day for each in stale]
    kpis = tuple(kpi for kpi in ws.daily_kpis if kpi.name in stale[0].kpis)
    attempt = str(ws.turn.next_load_id())
    files = [file for file in listens if file.day in days]
    return Batch(
        stale=tuple(stale),
        kpis=kpis,
        listens=InEffect(
            files={"listens": tuple(file.path for file in files)},
            load_ids=ws.ledger.load_ids("streams", days=days),
        ),
        rows=sum(file.rows for file in files),
        previous={kpi.name: bases[kpi.name].paths(days) for kpi in kpis},
        folders={kpi.name: ws.lake.staging(f"kpi_{kpi.name}", attempt) for kpi in kpis},
    )


def in_lanes(engine: Engine, work: Iterable[Batch]) -> Iterator[tuple[Batch, ComputedDays]]:
    """Compute batches, some at a time, and give them back in order: while one is committed others compute."""
    lanes: SimpleQueue[Engine] = SimpleQueue()
    for _ in range(engine.lanes):
        lanes.put(engine.lane())

    def computed(batch: Batch) -> ComputedDays:
        lane = lanes.get()
        try:
            days = [each.day for each in batch.stale]
            return lane.compute_days(
                batch.kpis, days, batch.listens, rows=batch.rows, previous=batch.previous, folders=batch.folders
            )
        finally:
            lanes.put(lane)

    pool = ThreadPoolExecutor(engine.lanes)
    running: deque[tuple[Batch, Future[ComputedDays]]] = deque()
    try:
        for batch in work:
            running.append((batch, pool.submit(computed, batch)))
            if len(running) > engine.lanes:
                first, future = running.popleft()
                yield first, future.result()
        for last, future in running:
            yield last, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


class Pending:
    """Computed days on their way into the lake."""

    def __init__(self, ws: Workspace, bases: Mapping[str, Base], outcome: Computed) -> None:
        self.ws = ws
        self.bases = dict(bases)
        self.outcome = outcome
        self.batches: list[tuple[Batch, ComputedDays]] = []

    def add(self, batch: Batch, done: ComputedDays) -> None:
        """Take a batch; commit when there is enough."""
        self.batches.append((batch, done))
        if len(self.batches) == BATCHES_PER_COMMIT:
            self.commit()

    def unsettle(self) -> None:
        """Say of days that a changed KPI is about to replace that they are not the old one's any more.

        Were this run cut off and the KPI changed back, they would pass for up to date with the new one's rows in them.
        """
        changing = {
            (each.day, kpi.name): kpi.hash for batch, _ in self.batches for each in batch.stale for kpi in batch.kpis
        }
        known = self.ws.ledger.computations(days={day for day, _ in changing})
        old = [replace(each, hash="") for each in known if differs(each, changing.get((each.listen_date, each.kpi)))]
        if old:
            self.ws.ledger.record_computations(self.ws.turn.number, old)

    def commit(self) -> None:
        """Commit what was computed, table by table onto its base, and then to the ledger."""
        ws = self.ws
        point("compute.staged")
        self.unsettle()
        for name in sorted({kpi.name for batch, _ in self.batches for kpi in batch.kpis}):
            taking = [(batch, done) for batch, done in self.batches if name in batch.folders]
            days = {each.day for batch, _ in taking for each in batch.stale}
            paths = [path for _, done in taking for path in done.files[name]]
            self.bases[name] = ws.lake.replace(self.bases[name], paths, days, run=ws.turn.number)
            point("compute.table_replaced")
        loaded = ws.ledger.rows_in_effect([each.day for batch, _ in self.batches for each in batch.stale])
        records = [
            Computation(
                kpi=kpi.name,
                listen_date=each.day,
                seq=each.seq,
                hash=kpi.hash,
                rows=done.rows.get((kpi.name, each.day), 0),
                listens=done.listens[each.day],
                repeats=loaded[each.day] - done.listens[each.day],
                computed_at=ws.clock(),
                run=ws.turn.number,
            )
            for batch, done in self.batches
            for each in batch.stale
            for kpi in batch.kpis
        ]
        if records:
            point("compute.replaced")
            ws.ledger.record_computations(ws.turn.number, records)
            point("compute.recorded")
        self.outcome.days.update(record.listen_date for record in records)
        self.outcome.kpi_days += len(records)
        self.outcome.rows += sum(record.rows for record in records)
        self.batches = []


def differs(computation: Computation, hash_: str | None) -> bool:
    """Whether a computation is of another KPI than the one of this hash; not where no hash is given, or it has none."""
    return hash_ is not None and computation.hash not in ("", hash_)
