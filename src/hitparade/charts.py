"""Reading KPIs: the one way in which the command line and people's own code get at them.

with open_charts("hitparade.toml") as charts:
    table = charts.read("top_genres_daily", date=charts.latest())
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.errors import ConfigError
from hitparade.model import Kpi
from hitparade.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import pyarrow as pa


class Charts:
    """The KPIs of a lake. Rows of keys that have vanished are never seen here."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws

    @property
    def kpis(self) -> tuple[Kpi, ...]:
        """Every KPI there is."""
        return self.ws.kpis

    def kpi(self, name: str) -> Kpi:
        """A KPI by its name; ConfigError says which there are."""
        by_name = {kpi.name: kpi for kpi in self.kpis}
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            known = f"did you mean {near[0]}? " if near else ""
            raise ConfigError(f"there is no KPI '{name}'", hint=f"{known}there are {', '.join(sorted(by_name))}")
        return by_name[name]

    def days(self) -> tuple[date, ...]:
        """Days that have been computed and have listens, in order."""
        return tuple(sorted({each.listen_date for each in self.ws.ledger.computations(kpi="hourly") if each.listens}))

    def latest(self) -> date | None:
        """The last day that has been computed and has listens."""
        days = self.days()
        return days[-1] if days else None

    def read(
        self, name: str, *, date: date | None = None, genre: str | None = None, positions: int | None = None
    ) -> pa.Table:
        """A KPI's rows in the order of its keys, as Arrow.

        `date` and `genre` narrow it; `positions` is how much of a chart is wanted, as much as is shown otherwise.
        All-time KPIs are evaluated now, over everything loaded.
        """
        kpi = self.kpi(name)
        where: dict[str, object] = {}
        for column, value in (("listen_date", date), ("genre", genre.strip().lower() if genre else None)):
            if value is not None:
                if column not in kpi.column_names:
                    raise ConfigError(
                        f"{name} has no column {column} to filter by",
                        hint=f"its columns: {', '.join(kpi.column_names)}",
                    )
                where[column] = value
        if kpi.scope == "day":
            self._put(kpi, date)
        else:
            self._put_all_time(kpi)
        wanted = positions if positions is not None else kpi.served
        limits: Mapping[str, int] = {"position": wanted} if wanted is not None and kpi.served is not None else {}
        return self.ws.engine.answer(kpi, where=where, limits=limits)

    def _put(self, kpi: Kpi, day: date | None) -> None:
        files = self.ws.lake.files(f"kpi_{kpi.name}", None if day is None else [day])
        self.ws.engine.put_stored(kpi, [file.path for file in files])

    def _put_all_time(self, kpi: Kpi) -> None:
        """Make what an all-time KPI reads, and evaluate it."""
        read = {name for reads in (kpi.reads, *(r.reads for r in kpi.relations)) for name in reads}
        for other in self.ws.daily_kpis:
            if other.name in read:
                self._put(other, None)
        self.ws.open_catalogue([kpi])
        self.ws.engine.put_all_time(kpi, self.ws.in_effect("streams"))


@contextmanager
def open_charts(config: str | Path = "hitparade.toml") -> Iterator[Charts]:
    """The charts of a workspace, by its hitparade.toml."""
    from hitparade.config import read_settings

    with open_workspace(read_settings(Path(config)), command="charts") as ws:
        yield Charts(ws)
