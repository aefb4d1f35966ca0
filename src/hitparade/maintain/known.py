"""Which rows may leave: those of attempts that no ledger will ever name, and of deliveries superseded long ago."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hitparade.model import Delivery
from hitparade.turn import LOAD_IDS_PER_RUN
from hitparade.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says of load_ids: below `settled`, where runs are fenced, only `kept` count, or ever will."""

    settled: int
    kept: frozenset[int]

    def is_dead(self, load_id: int) -> bool:
        """Whether the rows of a load_id count for nobody, and never will."""
        return load_id < self.settled and load_id not in self.kept


def known(ws: Workspace, *, before: datetime) -> Known:
    """What the ledger says now. The latest run is asked for first: it may still be at work."""
    latest = ws.ledger.latest_run()
    deliveries = ws.ledger.deliveries()
    gone = {each.seq for each in superseded(deliveries, before=before)}
    return Known(
        settled=0 if latest is None else latest.run * LOAD_IDS_PER_RUN,
        kept=frozenset(each.load_id for each in deliveries if each.seq not in gone),
    )


def superseded(newest_first: Sequence[Delivery], *, before: datetime) -> list[Delivery]:
    """Deliveries that a later one of their name took the place of before a time. Readers may still count others."""
    found = []
    followed_at: dict[tuple[str, str], datetime] = {}
    for each in newest_first:
        name = (each.dataset, each.uri)
        if each.status == "superseded" and name in followed_at and followed_at[name] <= before:
            found.append(each)
        if each.status in ("loaded", "superseded"):
            followed_at[name] = each.loaded_at
    return found
