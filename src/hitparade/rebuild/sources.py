"""Where the bytes of a delivery lie: in the archive, perhaps under the number of the same bytes, else in landing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hitparade.errors import StorageError
from hitparade.landing.claim import claims, original
from hitparade.model import Delivery
from hitparade.rebuild.outcome import Difference, Rebuilt
from hitparade.steps.archive import place_of
from hitparade.storage import is_remote
from hitparade.workspace import Workspace

CHUNK = 1 << 20
LOOKING_THREADS = 16


def frozen(ws: Workspace, deliveries: Sequence[Delivery]) -> tuple[str, ...]:
    """The archived objects that must be restored before they can be read."""
    archived = [place for each in deliveries if is_remote(place := place_of(ws, each.dataset, each))]
    with ThreadPoolExecutor(LOOKING_THREADS) as pool:
        return tuple(place for place, cold in zip(archived, pool.map(ws.storage.frozen, archived), strict=True) if cold)


def bring(ws: Workspace, delivery: Delivery, target: Path, outcome: Rebuilt) -> bool:
    """Copy the bytes of a delivery to this disk; False where they are nowhere. What lies in their place is told."""
    own = place_of(ws, delivery.dataset, delivery)
    damaged: str | None = None
    brought = False
    for place in (*places(ws, delivery), *places(ws, delivery)):  # archive may move it while it is looked for
        found = copied(ws, place, target)
        brought = found == delivery.sha256
        if brought:
            break
        damaged = found if place == own and found is not None else damaged
    if not brought:
        target.unlink(missing_ok=True)
    if damaged is not None or not brought:
        outcome.add(Difference("archive", own, "sha256", damaged, delivery.sha256))
    return brought


def places(ws: Workspace, delivery: Delivery) -> Iterator[str]:
    """Where the bytes may lie, the likeliest first."""
    yield place_of(ws, delivery.dataset, delivery)
    for each in ws.ledger.with_contents(delivery.dataset, [delivery.sha256]):
        if each.seq != delivery.seq:
            yield place_of(ws, each.dataset, each)
    landing = ws.settings.place(ws.settings.landing.folder(delivery.dataset))
    yield f"{landing}/{delivery.name}"
    yield from (each.url for each in claims(ws.storage, landing) if original(each) == f"{landing}/{delivery.name}")


def copied(ws: Workspace, place: str, target: Path) -> str | None:
    """Copy a file; the sha256 of its bytes, None where there is none."""
    if ws.storage.stat(place) is None:
        return None
    digest = hashlib.sha256()
    try:
        with ws.storage.open(place) as source, target.open("wb") as copy:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                copy.write(chunk)
    except (StorageError, FileNotFoundError):
        if ws.storage.stat(place) is not None:
            raise
        return None  # archive has just moved it
    return digest.hexdigest()
