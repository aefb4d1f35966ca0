"""archive: files the ledger has settled -> archive/ or quarantine/.

Claim first, then hash what was claimed, then read the ledger, then move: so whatever was put under a name in the
meantime, only bytes that the ledger knows leave the landing zone. In a bucket a move takes the very object whose etag
the ledger knows, or none, which is as good without a claim. Names carry the seq, so nothing is overwritten.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from hitparade import log
from hitparade.contracts.report import report
from hitparade.faults import point
from hitparade.landing.claim import claim_all, claims, contents, moved_already, original, release
from hitparade.landing.discover import waiting
from hitparade.model import DATASETS, Blob, Dataset, Delivery, Problem
from hitparade.workspace import Workspace

HASHING_THREADS = 2
MOVING_THREADS = 16


@dataclass(slots=True)
class Archived:
    """What an archive did, by where files went."""

    archived: int = 0
    quarantined: int = 0
    reports: list[str] = field(default_factory=list)

    def add(self, other: Archived) -> None:
        """Count what another archive did, too."""
        self.archived += other.archived
        self.quarantined += other.quarantined
        self.reports.extend(other.reports)


def archive(ws: Workspace, *, datasets: Sequence[Dataset] = DATASETS) -> Archived:
    """Move every settled file out of the landing zone, or those of some datasets."""
    outcome = Archived()
    for dataset in datasets:
        folder = ws.settings.place(ws.settings.landing.folder(dataset))
        if ws.storage.exact(folder):
            settle_exactly(ws, dataset, decide(ws, folder), outcome)
        else:
            settle_claims(ws, dataset, folder, outcome)
    if outcome.archived or outcome.quarantined:
        log.get_logger().info("archive.done", archived=outcome.archived, quarantined=outcome.quarantined)
    return outcome


def decide(ws: Workspace, folder: str) -> Mapping[Blob, Delivery]:
    """Files that the ledger knows by name, size and etag, and what it knows of them."""
    return ws.known(waiting(ws.storage, folder))


def settle_exactly(ws: Workspace, dataset: Dataset, settled: Mapping[Blob, Delivery], outcome: Archived) -> None:
    """Move files whose etag tells that they are what the ledger knows."""
    places = {blob: place_of(ws, dataset, delivery) for blob, delivery in settled.items()}
    for blob, delivery in settled.items():
        write_report(ws, delivery, places[blob], outcome)
    with ws.progress.of(f"archive {dataset}", len(settled)) as advance, ThreadPoolExecutor(MOVING_THREADS) as pool:

        def move(blob: Blob) -> bool:
            return put(ws, blob, places[blob], cold=settled[blob].status != "quarantined")

        for blob, moved in zip(settled, pool.map(move, settled), strict=True):
            if moved:
                count(settled[blob], outcome)
            advance(1)


def settle_claims(ws: Workspace, dataset: Dataset, folder: str, outcome: Archived) -> None:
    """Claim files, and settle them and those that were claimed before."""
    taken = [*claims(ws.storage, folder), *claim_all(ws.storage, folder, decide(ws, folder))]
    if not taken:
        return
    point("archive.claimed")
    with ws.progress.of(f"archive {dataset}", len(taken)) as advance, ThreadPoolExecutor(HASHING_THREADS) as pool:
        for blob, sha256 in zip(taken, pool.map(lambda each: contents(ws.storage, each), taken), strict=True):
            settle(ws, dataset, blob, sha256, outcome)
            advance(1)


def settle(ws: Workspace, dataset: Dataset, claimed: Blob, sha256: str, outcome: Archived) -> None:
    """Move a claimed file to where the ledger says, or put it back.

    A move that a crash cut short is gone on with: the same bytes may have been delivered again since, and they would
    lie there once more than they came.
    """
    name = ws.uri(original(claimed))
    known = [each for each in ws.ledger.with_contents(dataset, [sha256]) if each.uri == name]
    begun = next((each for each in known if moved_already(claimed, names(place_of(ws, dataset, each)))), None)
    if begun is None and (not known or known[-1].status == "released"):
        if not release(ws.storage, claimed):
            log.get_logger().warning("archive.waits", file=claimed.name, reason="its name is taken by a newer file")
        else:
            point("archive.released")
        return
    delivery = begun or known[-1]
    place = place_of(ws, dataset, delivery)
    write_report(ws, delivery, place, outcome)
    count(delivery, outcome)
    put(ws, claimed, place, cold=delivery.status != "quarantined")


def write_report(ws: Workspace, delivery: Delivery, place: str, outcome: Archived) -> None:
    """Of a file that goes into quarantine, write why; before it goes, so that none lies there without."""
    if delivery.status == "quarantined":
        report_url = f"{place}.report.json"
        ws.storage.write(report_url, as_report(ws, delivery))
        point("archive.reported")
        outcome.reports.append(report_url)


def count(delivery: Delivery, outcome: Archived) -> None:
    """Count a file by where it goes."""
    if delivery.status == "quarantined":
        outcome.quarantined += 1
    else:
        outcome.archived += 1


def put(ws: Workspace, blob: Blob, target: str, *, cold: bool) -> bool:
    """Move a file to a name that is free; bytes that were delivered twice get one each. False when it is gone."""
    places = names(target)
    while not ws.storage.move(blob, next(places), cold=cold):
        if ws.storage.stat(blob.url) != blob:
            return False  # another process settled it, or put another file under its name
    point("archive.moved")
    return True


def names(target: str) -> Iterator[str]:
    """The names for bytes that belong at one place, in the order in which they are taken."""
    yield target
    for copy in itertools.count(2):
        yield f"{target}.{copy}"


def place_of(ws: Workspace, dataset: Dataset, delivery: Delivery) -> str:
    """Where a settled file goes."""
    if delivery.status == "quarantined":
        folder = quarantine_of(ws, dataset, delivery)
    else:
        folder = ws.settings.place(f"{ws.settings.archive}/{dataset}")
    return f"{folder}/{delivery.seq:08d}-{delivery.name}"


def quarantine_of(ws: Workspace, dataset: Dataset, delivery: Delivery) -> str:
    """The quarantine folder: the contract's own, in the bucket or workspace of the landing zone, else the setting's."""
    text = ws.ledger.contract_text(delivery.contract) if delivery.contract else None
    validation = json.loads(text).get("schema", {}).get("validation", {}) if text else {}
    if own := validation.get("quarantine_path"):
        return ws.settings.place_beside(ws.settings.landing.folder(dataset), own)
    return ws.settings.place(ws.settings.quarantine)


def as_report(ws: Workspace, delivery: Delivery) -> bytes:
    """The report of a quarantined file, from the ledger and the rows in `rejects`."""
    return report(delivery, row_problems(ws, delivery))


def row_problems(ws: Workspace, delivery: Delivery) -> tuple[Problem, ...]:
    """What was wrong with the rows of a delivery."""
    files = [file.path for file in ws.lake.files("rejects")]
    return ws.engine.rejected(delivery.load_id, files) if files else ()
