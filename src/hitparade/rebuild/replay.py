"""Deliveries loaded once more, each by the contract that it was judged by, in ledger order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from hitparade.errors import Terminal
from hitparade.landing.discover import MANIFEST
from hitparade.model import DATASETS, Dataset, Delivery
from hitparade.rebuild.outcome import Difference, Rebuilt
from hitparade.rebuild.sources import bring
from hitparade.steps.load import load
from hitparade.workspace import Workspace


def replay(ws: Workspace, scratch: Workspace, deliveries: Sequence[Delivery], outcome: Rebuilt) -> None:
    """Load everything. Datasets do not depend on one another's order, so each is loaded in as few rounds as can be."""
    with ws.progress.of("rebuild", sum(each.size for each in deliveries)) as advance:
        for dataset in DATASETS:
            listed = [each for each in deliveries if each.dataset == dataset]
            for some in rounds(listed, files=ws.settings.load.batch_files, size=ws.settings.load.batch_bytes):
                load_round(ws, scratch, dataset, some, outcome)
                advance(sum(each.size for each in some))


def rounds(deliveries: Sequence[Delivery], *, files: int, size: int) -> Iterator[list[Delivery]]:
    """Deliveries that can lie in one folder at a time: of one contract, each with a name of its own, not too many."""
    some: list[Delivery] = []
    for each in deliveries:
        other = some and (some[0].contract != each.contract or each.name in {one.name for one in some})
        full = len(some) >= files or sum(one.size for one in some) + each.size > size
        if some and (other or full):
            yield some
            some = []
        some.append(each)
    if some:
        yield some


def load_round(ws: Workspace, scratch: Workspace, dataset: Dataset, some: list[Delivery], outcome: Rebuilt) -> None:
    """Deliver files, load them, and compare what became of them with what the ledger says."""
    folder = Path(scratch.settings.place(scratch.settings.landing.folder(dataset)))
    folder.mkdir(parents=True, exist_ok=True)
    contract = some[0].contract
    text = ws.ledger.contract_text(contract) if contract else None
    if text is not None:
        (folder / MANIFEST).write_text(text, encoding="utf-8")
    brought = [each for each in some if bring(ws, each, folder / each.name, outcome)]
    for each in brought:
        os.utime(folder / each.name, (each.seq, each.seq))  # files that wait together are taken by their time
    loaded = load(scratch)
    made = {each.name: each for each in scratch.ledger.deliveries(dataset=dataset, limit=len(brought))}
    for each in brought:
        tell(each, made.get(each.name), loaded.failures, outcome)
        (folder / each.name).unlink()
    (folder / MANIFEST).unlink(missing_ok=True)


def tell(before: Delivery, now: Delivery | None, failures: Sequence[Terminal], outcome: Rebuilt) -> None:
    """What is not as the ledger says. A catalogue's file may be the same as the one before, when others are gone."""
    outcome.files += 1
    outcome.rows += before.rows_read
    subject = f"delivery {before.seq} ({before.uri})"
    if now is None:
        said = failures[0].message if failures else "not loaded"
        outcome.add(Difference("ledger", subject, "status", before.status, said))
        return
    if now.status == "duplicate" and before.dataset != "streams":
        return
    for name in ("status", "rows_read", "rows_loaded", "rows_rejected"):
        stored, rebuilt = getattr(before, name), getattr(now, name)
        if stored != rebuilt:
            outcome.add(Difference("ledger", subject, name, f"{stored}", f"{rebuilt}"))
