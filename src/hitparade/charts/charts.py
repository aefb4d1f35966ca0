"""The charts of a lake or of a sink: every KPI by its name, and the usual questions by name too."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.charts.answer import Answer
from hitparade.charts.lake import LakeReader
from hitparade.errors import ConfigError
from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.model import Kpi
from hitparade.sinks import Reader, is_sink, open_reader
from hitparade.storage import is_remote
from hitparade.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import pyarrow as pa

SETTINGS = "hitparade.toml"
DAY = "listen_date"


class Charts:
    """KPIs as rows, in the order of their keys, without those of keys that have vanished.

    `date` is a day; where it may be left out, that is the last day that has listens. `first` and `last` are the ends
    of days in a row, both among them, either of which may be left open. Only what is asked for is read.
    """

    def __init__(self, kpis: Sequence[Kpi], source: Reader) -> None:
        """KPIs, and where they are read from."""
        self.kpis = tuple(kpis)
        self.source = source

    @classmethod
    def of(cls, ws: Workspace) -> Charts:
        """The charts of an open workspace's lake."""
        return cls(ws.kpis, LakeReader(ws))

    @classmethod
    @contextmanager
    def open(cls, location: str | Path = SETTINGS, *, source: str | None = None) -> Iterator[Charts]:
        """The charts of a workspace, by its hitparade.toml or the folder of it, on a disk or in S3.

        With a `source`, a sink's URL such as `dynamodb:` or `postgresql://...`, they are read from there. A sink's URL
        may be the location itself: no workspace is needed then, and there are the built-in KPIs.
        """
        from hitparade.config import Kpis, read_settings
        from hitparade.kpis.registry import load_kpis

        if is_sink(str(location)):
            if source is not None:
                raise ConfigError("two sinks to read from", hint="give the location, or a workspace and a source")
            built_in = load_kpis(settings={"genre_attribution": Kpis().genre_attribution})
            with closing(open_reader(str(location))) as reader:
                yield cls(built_in, reader)
            return
        settings = read_settings(settings_at(location))
        with open_workspace(settings, command="charts") as ws, charts_of(ws, source) as charts:
            yield charts

    # -- what there is

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

    def freshness(self, kpi: Kpi | str, *, first: date | None = None, last: date | None = None) -> Freshness:
        """How fresh some days of a KPI are."""
        return self.source.freshness(self.kpi(kpi) if isinstance(kpi, str) else kpi, Span(first, last))

    # -- any KPI

    def read(
        self,
        name: str,
        *,
        date: date | None = None,
        first: date | None = None,
        last: date | None = None,
        genre: str | None = None,
        positions: int | None = None,
        where: Mapping[str, object] | None = None,
    ) -> pa.Table:
        """A KPI's rows, as Arrow.

        `positions` is how much of a chart is wanted, as much as is shown otherwise; the others narrow it: `where`
        wants values of any columns.
        """
        kpi = self.kpi(name)
        given = {DAY: date, "genre": genre.strip().lower() if genre else None}
        wants = {column: value for column, value in given.items() if value is not None} | dict(where or {})
        days = Span(first, last)
        see_columns(kpi, [*wants, *([] if days == ALWAYS else [DAY])])
        if date is not None and days != ALWAYS:
            raise ConfigError(f"{name}: both a day and a range of days", hint="give date, or first and last")
        wanted = positions if positions is not None else kpi.served
        limit = wanted if kpi.served is not None else None
        return self.source.read(kpi, where=wants, positions=limit, days=days)

    def answer(
        self,
        name: str,
        *,
        date: date | None = None,
        first: date | None = None,
        last: date | None = None,
        genre: str | None = None,
        positions: int | None = None,
        where: Mapping[str, object] | None = None,
    ) -> Answer:
        """The same rows, and how fresh they are."""
        kpi = self.kpi(name)
        days = Span(date, date) if date is not None else Span(first, last)
        freshness = self.source.freshness(kpi, days)
        table = self.read(name, date=date, first=first, last=last, genre=genre, positions=positions, where=where)
        return Answer(kpi, table, freshness)

    # -- the usual questions

    def top_genres(self, date: date | None = None, *, positions: int | None = None) -> Answer:
        """The genres most heard on a day."""
        return self.answer("top_genres_daily", date=date or self.latest(), positions=positions)

    def top_songs(self, date: date | None = None, genre: str | None = None, *, positions: int | None = None) -> Answer:
        """The songs most heard on a day, of one genre or of each."""
        return self.answer("top_songs_daily", date=date or self.latest(), genre=genre, positions=positions)

    def genre(self, genre: str | None = None, *, first: date | None = None, last: date | None = None) -> Answer:
        """How much one genre, or each, was heard by day."""
        return self.answer("genre_daily", genre=genre, first=first, last=last)

    def hourly(self, date: date | None = None) -> Answer:
        """How much was heard in each hour of a day."""
        return self.answer("hourly", date=date or self.latest())

    def user(self, user_id: int) -> Answer:
        """How much a user listened, by day."""
        return self.answer("user_daily", where={"user_id": user_id})

    def track(self, track_id: str) -> Answer:
        """How much a track was heard, by day."""
        return self.answer("track_daily", where={"track_id": track_id})

    def countries(self, date: date | None = None, *, first: date | None = None, last: date | None = None) -> Answer:
        """How much was heard in each country, on a day or on days in a row."""
        return self._by_day("country_daily", date, first, last)

    def age_bands(self, date: date | None = None, *, first: date | None = None, last: date | None = None) -> Answer:
        """How much listeners of each age heard, on a day or on days in a row."""
        return self._by_day("age_band_daily", date, first, last)

    def _by_day(self, name: str, date: date | None, first: date | None, last: date | None) -> Answer:
        if date is None and first is None and last is None:
            date = self.latest()
        return self.answer(name, date=date, first=first, last=last)


def see_columns(kpi: Kpi, columns: Sequence[str]) -> None:
    """ConfigError where a KPI lacks a column to filter by."""
    for column in columns:
        if column not in kpi.column_names:
            raise ConfigError(
                f"{kpi.name} has no column {column} to filter by", hint=f"its columns: {', '.join(kpi.column_names)}"
            )


def settings_at(location: str | Path) -> str | Path:
    """The settings that a location means: itself, or those in the folder that it is."""
    if is_remote(str(location)):
        place = str(location).rstrip("/")
        return place if place.endswith(".toml") else f"{place}/{SETTINGS}"
    return Path(location) / SETTINGS if Path(location).is_dir() else location


@contextmanager
def charts_of(ws: Workspace, source: str | None) -> Iterator[Charts]:
    """The charts of an open workspace: of its lake, or of what the sink at a URL holds."""
    if source is None:
        yield Charts.of(ws)
        return
    with closing(open_reader(source, place=ws.settings.place)) as reader:
        yield Charts(ws.kpis, reader)
