"""archive: files the ledger has settled -> archive/ or quarantine/.

Claim first, then hash what was claimed, then read the ledger, then move: so whatever was put under a name in the
meantime, only bytes that the ledger knows leave the landing zone. Names carry the seq, so nothing is overwritten.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from hitparade import log
from hitparade.contracts.report import report
from hitparade.landing.claim import claim, claims, contents, original, release
from hitparade.landing.discover import waiting
from hitparade.model import DATASETS, Blob, Dataset, Delivery, Problem
from hitparade.workspace import Workspace

HASHING_THREADS = 2


@dataclass(slots=True)
class Archived:
    """What an archive did, by where files went."""

    archived: int = 0
    quarantined: int = 0
    reports: list[str] = field(default_factory=list)


def archive(ws: Workspace) -> Archived:
    """Move every settled file out of the landing zone."""
    outcome = Archived()
    for dataset in DATASETS:
        folder = ws.settings.place(ws.settings.landing.folder(dataset))
        taken = [*claims(ws.storage, folder), *take(ws, decide(ws, folder))]
        if not taken:
            continue
        with (
            ws.progress.of(f"archive {dataset}", len(taken)) as advance,
            ThreadPoolExecutor(HASHING_THREADS) as pool,
        ):
            for blob, sha256 in zip(taken, pool.map(lambda each: contents(ws.storage, each), taken), strict=True):
                settle(ws, dataset, blob, sha256, outcome)
                advance(1)
    if outcome.archived or outcome.quarantined:
        log.get_logger().info("archive.done", archived=outcome.archived, quarantined=outcome.quarantined)
    return outcome


def decide(ws: Workspace, folder: str) -> list[Blob]:
    """Files that the ledger knows by name, size and etag."""
    blobs = waiting(ws.storage, folder)
    seen = ws.ledger.seen([(ws.uri(blob.url), blob.size, blob.etag) for blob in blobs])
    return [blob for blob in blobs if (ws.uri(blob.url), blob.size, blob.etag) in seen]


def take(ws: Workspace, blobs: list[Blob]) -> list[Blob]:
    """Claim files; those that are gone by now are somebody else's."""
    return [claimed for blob in blobs if (claimed := claim(ws.storage, blob)) is not None]


def settle(ws: Workspace, dataset: Dataset, claimed: Blob, sha256: str, outcome: Archived) -> None:
    """Move a claimed file to where the ledger says, or put it back."""
    name = ws.uri(original(claimed))
    known = [each for each in ws.ledger.with_contents(dataset, [sha256]) if each.uri == name]
    if not known or known[-1].status == "released":
        if not release(ws.storage, claimed):
            log.get_logger().warning("archive.waits", file=claimed.name, reason="its name is taken by a newer file")
        return
    delivery = known[-1]
    if delivery.status == "quarantined":
        target = f"{quarantine_of(ws, delivery)}/{delivery.seq:08d}-{delivery.name}"
        ws.storage.write(f"{target}.report.json", as_report(ws, delivery))
        outcome.quarantined += 1
        outcome.reports.append(f"{target}.report.json")
    else:
        target = f"{ws.settings.place(ws.settings.archive)}/{dataset}/{delivery.seq:08d}-{delivery.name}"
        outcome.archived += 1
    put(ws, claimed, target)


def put(ws: Workspace, claimed: Blob, target: str) -> None:
    """Move a claimed file to a name that is free; bytes that were delivered twice get one each."""
    copies = 1
    place = target
    while not ws.storage.move(claimed.url, place):
        if ws.storage.stat(claimed.url) is None:
            return  # another process settled this claim
        copies += 1
        place = f"{target}.{copies}"


def quarantine_of(ws: Workspace, delivery: Delivery) -> str:
    """The quarantine folder: the contract's own, else the workspace's."""
    text = ws.ledger.contract_text(delivery.contract) if delivery.contract else None
    validation = json.loads(text).get("schema", {}).get("validation", {}) if text else {}
    return ws.settings.place(validation.get("quarantine_path") or ws.settings.quarantine)


def as_report(ws: Workspace, delivery: Delivery) -> bytes:
    """The report of a quarantined file, from the ledger and the rows in `rejects`."""
    return report(delivery, row_problems(ws, delivery))


def row_problems(ws: Workspace, delivery: Delivery) -> tuple[Problem, ...]:
    """What was wrong with the rows of a delivery."""
    files = [file.path for file in ws.lake.files("rejects")]
    return ws.engine.rejected(delivery.load_id, files) if files else ()
