"""Reading KPIs: the one way in which the command line and people's own code get at them.

with open_charts("hitparade.toml") as charts:
    table = charts.read("top_genres_daily", date=charts.latest())

The same answers come from a sink that can be read, where it holds the KPI: `open_charts(source="dynamodb:")`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.errors import ConfigError
from hitparade.model import Kpi
from hitparade.sinks import Reader, open_reader
from hitparade.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import pyarrow as pa


class Charts:
    """The KPIs of a lake, or of a sink's tables. Rows of keys that have vanished are never seen here."""

    def __init__(self, ws: Workspace, source: Reader | None = None) -> None:
        """Charts of a workspace, from its lake where no other source is given."""
        self.ws = ws
        self.source: Reader = source or LakeReader(ws)

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
        return self.source.days()

    def latest(self) -> date | None:
        """The last day that has been computed and has listens."""
        days = self.days()
        return days[-1] if days else None

    def read(
        self, name: str, *, date: date | None = None, genre: str | None = None, positions: int | None = None
    ) -> pa.Table:
        """A KPI's rows in the order of its keys, as Arrow.

        `date` and `genre` narrow it; `positions` is how much of a chart is wanted, as much as is shown otherwise.
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
        wanted = positions if positions is not None else kpi.served
        return self.source.read(kpi, where=where, positions=wanted if kpi.served is not None else None)


class LakeReader:
    """See Reader. All-time KPIs are evaluated now, over everything loaded."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws

    def days(self) -> tuple[date, ...]:
        """See Reader."""
        return tuple(sorted({each.listen_date for each in self.ws.ledger.computations(kpi="hourly") if each.listens}))

    def read(self, kpi: Kpi, *, where: Mapping[str, object], positions: int | None) -> pa.Table:
        """See Reader."""
        if kpi.scope == "day":
            day = where.get("listen_date")
            self._put(kpi, day if isinstance(day, date) else None)
        else:
            self._put_all_time(kpi)
        limits = {} if positions is None else {"position": positions}
        return self.ws.engine.answer(kpi, where=where, limits=limits)

    def close(self) -> None:
        """See Reader. The lake is the workspace's."""

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
def charts_of(ws: Workspace, source: str | None) -> Iterator[Charts]:
    """The charts of an open workspace: of its lake, or of what the sink at a URL holds."""
    if source is None:
        yield Charts(ws)
        return
    with closing(open_reader(source, place=ws.settings.place)) as reader:
        yield Charts(ws, reader)


@contextmanager
def open_charts(config: str | Path = "hitparade.toml", *, source: str | None = None) -> Iterator[Charts]:
    """The charts of a workspace, by its hitparade.toml: of its lake, or of a sink, such as `dynamodb:` or `postgresql://...`."""
    from hitparade.config import read_settings

    with open_workspace(read_settings(config), command="charts") as ws, charts_of(ws, source) as charts:
        yield charts
