"""What is stored and served, held against what was made anew: row by row where a KPI's day is not the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from hitparade.charts import Charts
from hitparade.errors import ConfigError
from hitparade.model import Computation, Kpi, Publication
from hitparade.rebuild.outcome import Difference, Rebuilt
from hitparade.sinks import Sink, as_served, heard, open_reader
from hitparade.steps import compute, publish
from hitparade.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

LAKE = "lake"
Days = Mapping[tuple[str, date], object]


@dataclass(frozen=True, slots=True)
class State:
    """What the ledger says: the KPI days that are up to date, as last computed, and those that are not."""

    current: Mapping[tuple[str, date], Computation]
    stale: Set[tuple[str, date]]


def state(ws: Workspace) -> State:
    """See State."""
    kpis = {kpi.name for kpi in ws.daily_kpis}
    stale = {(name, each.day) for each in compute.decide(ws) for name in each.kpis}
    found = {(each.kpi, each.listen_date): each for each in ws.ledger.computations() if each.kpi in kpis}
    return State({key: each for key, each in found.items() if key not in stale}, stale)


def compare(ws: Workspace, scratch: Workspace, before: State, outcome: Rebuilt) -> None:
    """Compare lake and sinks, and leave out what has moved since the state was read that the scratch lake is of."""
    made = Made(scratch)
    found = [*stored(ws, made, before, outcome), *served(ws, made, before, outcome)]
    after = state(ws)
    keys = {*before.current, *after.current, *after.stale} - before.stale
    moved = {key for key in keys if key in after.stale or before.current.get(key) != after.current.get(key)}
    for key, difference in found:
        if key not in moved:
            outcome.add(difference)
    for count, why in ((len(before.stale), "out of date"), (len(moved), "computed anew meanwhile")):
        if count:
            outcome.notes.append(f"{count:,} KPI days were {why}, and not compared: hitparade run, then this again")
    if not before.stale and not moved:
        for difference in all_time(ws, scratch):
            outcome.add(difference)


class Made:
    """The KPIs of the scratch lake, by day."""

    def __init__(self, scratch: Workspace) -> None:
        self.scratch = scratch
        self.days = {(each.kpi, each.listen_date) for each in scratch.ledger.computations() if each.rows}
        self.files = {kpi.name: files_of(scratch, kpi) for kpi in scratch.daily_kpis}

    def rows(self, kpi: Kpi, day: date) -> pa.Table:
        """The rows of a KPI's day."""
        return heard(self.scratch.counting.stored(kpi, self.files[kpi.name].get(day, [])))


def files_of(ws: Workspace, kpi: Kpi) -> Mapping[date | None, list[str]]:
    """The files of a stored KPI, by day."""
    found: dict[date | None, list[str]] = {}
    for file in ws.lake.files(f"kpi_{kpi.name}"):
        found.setdefault(file.day, []).append(file.path)
    return found


# ---- the lake


def stored(ws: Workspace, made: Made, state: State, outcome: Rebuilt) -> Iterator[tuple[tuple[str, date], Difference]]:
    """Differences of the lake's KPI days, and those that nobody there has heard of."""
    kpis = {kpi.name: kpi for kpi in ws.daily_kpis}
    files = {name: files_of(ws, kpi) for name, kpi in kpis.items()}
    wanted = sorted({*state.current, *made.days} - state.stale)
    with ws.progress.of("compare lake", len(wanted)) as advance:
        for name, day in wanted:
            kpi = kpis[name]
            held = heard(ws.counting.stored(kpi, files[name].get(day, [])))
            for difference in differences(LAKE, kpi, day, held, made.rows(kpi, day)):
                yield (name, day), difference
            outcome.kpi_days += 1
            advance(1)


def all_time(ws: Workspace, scratch: Workspace) -> Iterator[Difference]:
    """Differences of the KPIs that are evaluated when they are read."""
    ours, theirs = Charts.of(ws), Charts.of(scratch)
    for kpi in ws.kpis:
        if kpi.scope == "all_time":
            yield from differences(LAKE, kpi, None, ours.read(kpi.name), theirs.read(kpi.name))


# ---- sinks


def served(ws: Workspace, made: Made, state: State, outcome: Rebuilt) -> Iterator[tuple[tuple[str, date], Difference]]:
    """Differences of the KPI days that each sink took as they are in the lake."""
    for url, sink in zip(ws.settings.sinks, ws.sinks, strict=True):
        tables = publish.tables(ws, sink)
        taken = {(each.table, each.listen_date): each for each in ws.ledger.publications(sink.url)}
        days = {
            key: each
            for key, each in sorted(state.current.items())
            if each.kpi in tables and up_to_date(each, taken.get((tables[each.kpi], each.listen_date)))
        }
        missing = sum(each.kpi in tables for each in state.current.values()) - len(days)
        if missing:
            outcome.notes.append(f"{sink.url} is {missing:,} KPI days behind, which were not compared")
        yield from of_sink(ws, url, sink, made, days, outcome)


def up_to_date(computed: Computation, taken: Publication | None) -> bool:
    """Whether a sink has a KPI's day as it was computed, or later: then it has moved, and is left out in the end."""
    return taken is not None and taken.computed_run >= computed.run


def of_sink(
    ws: Workspace, url: str, sink: Sink, made: Made, days: Days, outcome: Rebuilt
) -> Iterator[tuple[tuple[str, date], Difference]]:
    """Differences of one sink, read as its readers do."""
    kpis = {kpi.name: kpi for kpi in ws.daily_kpis}
    unreadable: set[str] = set()
    with (
        closing(open_reader(url, place=ws.settings.place)) as reader,
        ws.progress.of(f"compare {sink.url}", len(days)) as advance,
    ):
        for name, day in days:
            advance(1)
            if name in unreadable:
                continue
            kpi = kpis[name]
            try:
                held = reader.read(kpi, where={"listen_date": day}, positions=None)
            except ConfigError as error:  # no table of it holds all of the KPI
                unreadable.add(name)
                outcome.notes.append(f"{name} cannot be read from {sink.url}, and was not compared: {error.message}")
                continue
            outcome.served += 1
            for difference in differences(sink.url, kpi, day, held, as_served(kpi, made.rows(kpi, day))):
                yield (name, day), difference


# ---- rows


def differences(place: str, kpi: Kpi, day: date | None, held: pa.Table, made: pa.Table) -> Iterator[Difference]:
    """The rows that are not the same, column by column."""
    if held.equals(made):
        return
    subject = f"{kpi.name} of {day}" if day else kpi.name
    keys = [name for name in kpi.grain if name != "listen_date" or day is None]
    stored, rebuilt = by_key(held, keys), by_key(made, keys)
    for key in sorted({*stored, *rebuilt}, key=str):
        ours, theirs = stored.get(key), rebuilt.get(key)
        shown = ", ".join(f"{name} {value}" for name, value in zip(keys, key, strict=True))
        if ours is None or theirs is None:
            yield Difference(place, subject, shown, as_text(ours), as_text(theirs))
            continue
        for name in kpi.column_names:
            if ours[name] != theirs[name]:
                yield Difference(place, subject, f"{shown}: {name}", f"{ours[name]}", f"{theirs[name]}")


def by_key(rows: pa.Table, keys: list[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Rows by their keys."""
    return {tuple(row[name] for name in keys): row for row in rows.to_pylist()}


def as_text(row: Mapping[str, Any] | None) -> str | None:
    """A row in a line; None where there is none."""
    return None if row is None else ", ".join(f"{name} {value}" for name, value in row.items())
