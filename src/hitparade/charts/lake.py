"""KPIs out of a workspace's lake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.model import Kpi
from hitparade.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa


class LakeReader:
    """See Reader. All-time KPIs are evaluated now, over everything loaded."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws

    def days(self) -> tuple[date, ...]:
        """See Reader."""
        return tuple(sorted({each.listen_date for each in self.ws.ledger.computations(kpi="hourly") if each.listens}))

    def freshness(self, kpi: Kpi, days: Span = ALWAYS) -> Freshness:
        """See Reader. An all-time KPI is as fresh as the stored ones that it reads, or else of now."""
        rests_on = [kpi] if kpi.scope == "day" else self._read_by(kpi)
        found = self.ws.ledger.freshness({each.name: each.hash for each in rests_on}, days)
        if rests_on:
            return found
        newest = self.ws.ledger.newest("streams")
        return replace(found, as_of=self.ws.clock(), version=newest.seq) if newest else found

    def read(self, kpi: Kpi, *, where: Mapping[str, object], positions: int | None, days: Span = ALWAYS) -> pa.Table:
        """See Reader."""
        if kpi.scope == "day":
            day = where.get("listen_date")
            self._put(kpi, Span(day, day) if isinstance(day, date) else days)
        else:
            for other in self._read_by(kpi):
                self._put(other, ALWAYS)
            self.ws.open_catalogue([kpi])
            self.ws.engine.put_all_time(kpi, self.ws.in_effect("streams"))
        limits = {} if positions is None else {"position": positions}
        return self.ws.engine.answer(kpi, where=where, limits=limits, days=days)

    def close(self) -> None:
        """See Reader. The lake is the workspace's."""

    def _put(self, kpi: Kpi, days: Span) -> None:
        files = self.ws.lake.files(f"kpi_{kpi.name}", days)
        self.ws.engine.put_stored(kpi, [file.path for file in files])

    def _read_by(self, kpi: Kpi) -> list[Kpi]:
        """The stored KPIs that an all-time one reads, itself or by what it shares."""
        read = {name for reads in (kpi.reads, *(r.reads for r in kpi.relations)) for name in reads}
        return [other for other in self.ws.daily_kpis if other.name in read]
