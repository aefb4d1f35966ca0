"""load: files in the landing zone -> rows in the lake.

Wanted is every file that lies there, present is what the ledger knows. Data is committed first, the ledger second;
rows that the ledger never heard of count for nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Self

from hitparade import log
from hitparade.engines.base import Engine
from hitparade.errors import ContractBreach, HitParadeError, Terminal
from hitparade.faults import point
from hitparade.landing.discover import is_settled, waiting
from hitparade.landing.identify import fingerprint
from hitparade.landing.spool import at_hand, forget
from hitparade.model import DATASETS, Blob, Contract, Dataset, Fingerprint, NewDelivery
from hitparade.steps.judge import Candidate, Judged, Stage, judge_catalogue, judge_streams, stage_streams
from hitparade.storage import Storage
from hitparade.workspace import Workspace

HASHING_THREADS = 2
# What lies in a bucket is waited for more than it is worked on.
FETCHING_THREADS = 8


@dataclass(slots=True)
class Loaded:
    """What a load did, file by file, and what kept datasets from being loaded."""

    deliveries: list[NewDelivery] = field(default_factory=list)
    failures: list[Terminal] = field(default_factory=list)

    def count(self, status: str) -> int:
        """Files of a status."""
        return sum(delivery.status == status for delivery in self.deliveries)

    @property
    def rejected(self) -> int:
        """Rows rejected."""
        return sum(delivery.rows_rejected for delivery in self.deliveries)


def load(ws: Workspace, *, leave: Collection[str] = ()) -> Loaded:
    """Load everything that waits, but for files that are to be left where they are.

    A dataset whose contract stops it is left, and said so; the others go on.
    """
    outcome = Loaded()
    with Ahead(ws, leave) as ahead:
        for dataset in DATASETS:
            ahead.identify(dataset)
        for dataset in DATASETS:
            try:
                load_dataset(ws, dataset, ahead, outcome)
            except Terminal as failure:
                log.get_logger().error("load.stopped", dataset=dataset, error=failure.message)
                outcome.failures.append(failure)
    return outcome


def load_dataset(ws: Workspace, dataset: Dataset, ahead: Ahead, outcome: Loaded) -> None:
    """Decide, do, commit, until nothing waits."""
    restless = set(ahead.leave)
    while batch := decide(ws, dataset, restless):
        if ws.turn.begin():
            continue  # plan anew: what was seen before the run began may be another's work by now
        contract = ws.contract(dataset)
        with ws.progress.of(f"load {dataset}", sum(blob.size for blob in batch)) as advance:
            if dataset == "streams":
                begun = ahead.begun(batch, contract)
                judged = judge_streams(ws, contract, begun.stage) if begun.stage else []
            else:
                ahead.begin_streams()
                begun = begin(ws, dataset, contract, ahead.prints(batch, contract))
                judged = judge_catalogue(ws, contract, begun.candidates)
            advance(sum(blob.size for blob in batch))
        for blob in batch:
            forget(blob, ws.scratch)
        if moved := changed(ws, batch):
            restless.update(blob.url for blob in moved)
            log.get_logger().info("load.changed", files=[blob.name for blob in moved])
            continue
        commit(ws, [*begun.duplicates, *judged], outcome)


@dataclass(frozen=True, slots=True)
class Begun:
    """A batch that is told apart: its duplicates, its new files, and of streams what was read of them."""

    duplicates: list[Judged]
    candidates: list[Candidate]
    stage: Stage | None = None


def begin(ws: Workspace, dataset: Dataset, contract: Contract, prints: Sequence[tuple[Blob, Fingerprint]]) -> Begun:
    """Tell duplicates from new files."""
    duplicates, new = apart(ws, dataset, contract, prints)
    candidates = [Candidate(blob, print_, ws.uri(blob.url), ws.turn.next_load_id()) for blob, print_ in new]
    for candidate in candidates:
        log.get_logger().debug("load.begin", file=candidate.blob.name, load_id=candidate.load_id)
    return Begun(duplicates, candidates)


class Ahead:
    """Work that can be begun before its turn, in the background: hashing files, and reading the streams.

    The catalogue, which is loaded first, keeps one core busy. What is begun rests on the same files, contract and
    run as when its turn comes, or is dropped; nothing is decided or committed here.
    """

    def __init__(self, ws: Workspace, leave: Collection[str]) -> None:
        self.ws = ws
        self.leave = frozenset(leave)
        self.hashing = ThreadPoolExecutor(FETCHING_THREADS)
        self.reading = ThreadPoolExecutor(1)
        self.taken: dict[tuple[Blob, str], tuple[Future[list[Fingerprint]], int]] = {}
        self.streams: tuple[tuple[Blob, ...], Contract, Future[Begun]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hashing.shutdown(cancel_futures=True)
        self.reading.shutdown(cancel_futures=True)

    def identify(self, dataset: Dataset) -> None:
        """Begin to hash what waits, unless its contract cannot be read: that is said when its turn comes."""
        with suppress(HitParadeError):
            contract = self.ws.contract(dataset)
            self.begin_prints(decide(self.ws, dataset, set(self.leave)), contract)

    def begin_prints(self, batch: Sequence[Blob], contract: Contract) -> None:
        """Begin to hash the files of a batch that are not begun yet."""
        missing = [blob for blob in batch if (blob, contract.delimiter) not in self.taken]
        exact = bool(missing) and self.ws.storage.exact(missing[0].url)
        threads = FETCHING_THREADS if exact else HASHING_THREADS
        for part in (missing[start::threads] for start in range(threads)):
            if part:
                work = partial(identify, self.ws.storage, contract.delimiter)
                future = self.hashing.submit(self.ws.engine.each, work, part)
                self.taken.update({(blob, contract.delimiter): (future, place) for place, blob in enumerate(part)})

    def prints(self, batch: Sequence[Blob], contract: Contract) -> list[tuple[Blob, Fingerprint]]:
        """Files with their fingerprints."""
        self.begin_prints(batch, contract)
        begun = [(blob, *self.taken[blob, contract.delimiter]) for blob in batch]
        return [(blob, future.result()[place]) for blob, future, place in begun]

    def begin_streams(self) -> None:
        """Begin to read the streams that wait, once."""
        if self.streams is not None:
            return
        with suppress(HitParadeError):
            contract, batch = self.ws.contract("streams"), decide(self.ws, "streams", set(self.leave))
            if batch:
                # Parts are opened when first needed, and two threads might open them twice.
                lane, _ = self.ws.engine.lane(), self.ws.lake
                self.streams = (batch, contract, self.reading.submit(self.read, lane, batch, contract))

    def read(self, engine: Engine, batch: Sequence[Blob], contract: Contract) -> Begun:
        """Tell the streams apart and read the new ones."""
        begun = begin(self.ws, "streams", contract, self.prints(batch, contract))
        return replace(begun, stage=stage_streams(self.ws, engine, contract, begun.candidates))

    def begun(self, batch: tuple[Blob, ...], contract: Contract) -> Begun:
        """The batch as it was begun, or begun now."""
        if self.streams is not None:
            files, judged_by, future = self.streams
            self.streams = None
            if files == batch and judged_by == contract:
                return future.result()
        return self.read(self.ws.engine, batch, contract)


def changed(ws: Workspace, batch: Sequence[Blob]) -> list[Blob]:
    """Files that are no more what they were when they were listed."""
    with ThreadPoolExecutor(FETCHING_THREADS) as pool:
        now = pool.map(ws.storage.stat, [blob.url for blob in batch])
        return [blob for blob, found in zip(batch, now, strict=True) if found != blob]


def identify(storage: Storage, delimiter: str, blob: Blob, scratch: Path) -> Fingerprint:
    """Read a file once, to know who it is."""
    with storage.open(at_hand(storage, blob, scratch)) as file:
        return fingerprint(file, delimiter=delimiter)


def decide(ws: Workspace, dataset: Dataset, restless: set[str]) -> tuple[Blob, ...]:
    """The next files to load: of streams as many as one commit takes, of the catalogue the one that came first."""
    folder = ws.settings.place(ws.settings.landing.folder(dataset))
    blobs = [blob for blob in waiting(ws.storage, folder) if blob.url not in restless]
    known = ws.known(blobs)
    new = [blob for blob in blobs if blob not in known]
    settle, now = ws.settings.landing.settle_seconds, ws.clock().timestamp()
    batch: list[Blob] = []
    size = 0
    for blob in new:
        if not is_settled(ws.storage, blob, now=now, settle_seconds=settle):
            log.get_logger().debug("load.unsettled", file=blob.name)
            continue
        full = size + blob.size > ws.settings.load.batch_bytes or len(batch) >= ws.settings.load.batch_files
        if batch and (full or dataset != "streams"):
            break
        batch.append(blob)
        size += blob.size
    return tuple(batch)


def apart(
    ws: Workspace, dataset: Dataset, contract: Contract, prints: Sequence[tuple[Blob, Fingerprint]]
) -> tuple[list[Judged], list[tuple[Blob, Fingerprint]]]:
    """Duplicates, and new files. Of new files with the same content only the first; the others wait a turn."""
    same_name_only = contract.on_redelivery == "supersede"
    known = ws.ledger.with_contents(dataset, {print_.sha256 for _, print_ in prints})
    newest = ws.ledger.newest(dataset) if dataset != "streams" else None
    duplicates, new, taken = [], [], set()
    for blob, print_ in prints:
        same = [each for each in known if each.sha256 == print_.sha256 and each.status == "loaded"]
        if same_name_only:
            same = [each for each in same if each.uri == ws.uri(blob.url)]
        if dataset != "streams":
            same = [each for each in same if newest is not None and each.seq == newest.seq]
        if same:
            of = same[-1]
            delivery = NewDelivery(
                load_id=ws.turn.next_load_id(),
                dataset=dataset,
                uri=ws.uri(blob.url),
                size=blob.size,
                etag=blob.etag,
                sha256=print_.sha256,
                contract=None,
                status="duplicate",
                reason=f"same content as delivery {of.seq} ({of.name})",
            )
            duplicates.append(Judged(delivery=delivery))
        elif same_name_only or print_.sha256 not in taken:
            taken.add(print_.sha256)
            new.append((blob, print_))
    return duplicates, new


def commit(ws: Workspace, judged: Sequence[Judged], outcome: Loaded) -> None:
    """Data first, ledger second; then, if a contract stops the dataset here, say so."""
    point("load.staged")
    files: dict[str, list[str]] = {}
    for each in judged:
        for table, paths in each.files.items():
            files.setdefault(table, []).extend(paths)
    for table, listed in files.items():
        ws.lake.append(table, listed, run=ws.turn.number)
        point("load.table_appended")
    deliveries = [touching(ws, each.delivery) for each in judged if each.breach is None]
    if deliveries:
        point("load.appended")
        if any(each.status == "loaded" and each.dataset != "streams" for each in deliveries):
            unsettle(ws)
        seqs = ws.ledger.record_deliveries(ws.turn.number, deliveries, now=ws.clock())
        point("load.recorded")
        for seq, delivery in zip(seqs, deliveries, strict=True):
            tell(seq, delivery)
        outcome.deliveries.extend(deliveries)
    for each in judged:
        if each.breach is not None:
            raise ContractBreach(
                f"{each.delivery.uri}: {each.breach}",
                hint="mend the file or its manifest.json (validation.on_error is 'fail'), then run again",
            )


def unsettle(ws: Workspace) -> None:
    """Say of days that other KPIs were computed for, or other versions of them, that they are nobody's any more.

    What those read of the catalogue is not known here, so a catalogue does not touch the days that it changes for them.
    Were such a KPI put back, they would pass for up to date.
    """
    others = ws.ledger.computed_otherwise({kpi.name: kpi.hash for kpi in ws.daily_kpis})
    if others:
        ws.ledger.record_computations(ws.turn.number, [replace(each, hash="") for each in others])


def touching(ws: Workspace, delivery: NewDelivery) -> NewDelivery:
    """The delivery with all the days it touches: its own, those it takes back, those its catalogue changes."""
    if delivery.status != "loaded":
        return delivery
    if delivery.dataset != "streams":
        return replace(delivery, touched=ws.engine.heard_days(delivery.dataset, ws.in_effect("streams")))
    if delivery.supersedes:
        before = dict.fromkeys(ws.ledger.days_of(delivery.supersedes), 0)
        return replace(delivery, touched={**before, **delivery.touched})
    return delivery


def tell(seq: int, delivery: NewDelivery) -> None:
    """One event a file."""
    logger = log.get_logger()
    event = logger.warning if delivery.status == "quarantined" or delivery.rows_rejected else logger.info
    event(
        f"load.{'done' if delivery.status == 'loaded' else delivery.status}",
        dataset=delivery.dataset,
        file=delivery.uri.rsplit("/", 1)[-1],
        seq=seq,
        rows=delivery.rows_loaded,
        rejected=delivery.rows_rejected,
        **({"days": len(delivery.touched)} if delivery.touched else {}),
        **({"reason": delivery.reason} if delivery.reason else {}),
    )
