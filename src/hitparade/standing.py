"""Where things stand: what waits, what happened to every file, what is behind, and what a number rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from hitparade.errors import ConfigError
from hitparade.landing.discover import waiting
from hitparade.model import DATASETS, Delivery
from hitparade.steps import compute, publish
from hitparade.workspace import Workspace

SHOWN = 20


@dataclass(frozen=True, slots=True)
class DatasetStanding:
    """A dataset: files that wait in landing, and files and rows by what became of them."""

    dataset: str
    waiting: int
    loaded: int
    duplicate: int
    superseded: int
    quarantined: int
    released: int
    discarded: int
    rows_read: int
    rows_loaded: int
    rows_rejected: int


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole pipeline. `behind` are stored days to compute, `unpublished` KPI days by sink."""

    datasets: tuple[DatasetStanding, ...]
    days: int
    first_day: date | None
    last_day: date | None
    listens: int
    repeats: int
    behind: int
    unpublished: dict[str, int]
    run: int | None
    run_at: datetime | None
    running: bool
    flawed: tuple[Delivery, ...]
    duplicates: tuple[Delivery, ...]
    settled: tuple[Delivery, ...]


def standing(ws: Workspace) -> Standing:
    """Where the pipeline stands."""
    hourly = [each for each in ws.ledger.computations(kpi="hourly") if each.listens]
    latest = ws.ledger.latest_run()
    quarantined = ws.ledger.deliveries(status="quarantined", limit=SHOWN)
    rejecting = tuple(each for each in ws.ledger.deliveries(status="loaded", limit=500) if each.rows_rejected)
    return Standing(
        datasets=tuple(dataset_standing(ws, dataset) for dataset in DATASETS),
        days=len(hourly),
        first_day=min((each.listen_date for each in hourly), default=None),
        last_day=max((each.listen_date for each in hourly), default=None),
        listens=sum(each.listens for each in hourly),
        repeats=sum(each.repeats for each in hourly),
        behind=len(compute.decide(ws)),
        unpublished={sink.url: len(publish.decide(ws, sink)) for sink in ws.sinks},
        run=latest.run if latest else None,
        run_at=(latest.ended_at or latest.heartbeat_at) if latest else None,
        running=latest is not None and latest.ended_at is None,
        flawed=(*quarantined, *rejecting[:SHOWN]),
        duplicates=ws.ledger.deliveries(status="duplicate", limit=SHOWN),
        settled=(
            *ws.ledger.deliveries(status="released", limit=SHOWN),
            *ws.ledger.deliveries(status="discarded", limit=SHOWN),
        ),
    )


def dataset_standing(ws: Workspace, dataset: str) -> DatasetStanding:
    """One dataset. Files that the ledger knows and archive has not moved yet do not wait."""
    folder = ws.settings.place(getattr(ws.settings.landing, dataset))
    blobs = waiting(ws.storage, folder)
    counts = {status: row for (name, status), row in ws.ledger.counts().items() if name == dataset}
    files = {status: row[0] for status, row in counts.items()}
    return DatasetStanding(
        dataset=dataset,
        waiting=len(blobs) - len(ws.known(blobs)),
        loaded=files.get("loaded", 0),
        duplicate=files.get("duplicate", 0),
        superseded=files.get("superseded", 0),
        quarantined=files.get("quarantined", 0),
        released=files.get("released", 0),
        discarded=files.get("discarded", 0),
        rows_read=sum(row[1] for row in counts.values()),
        rows_loaded=sum(row[2] for row in counts.values()),
        rows_rejected=sum(row[3] for row in counts.values()),
    )


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule, the column it is about, and how many rows were rejected for it."""

    rule: str
    column: str | None
    rows: int


def rejected_by_rule(ws: Workspace) -> tuple[BrokenRule, ...]:
    """The rules that rejected rows broke, those of most rows first, over every file that the ledger knows."""
    flawed = [each.load_id for each in ws.ledger.deliveries() if each.rows_rejected]
    files = [file.path for file in ws.lake.files("rejects")] if flawed else []
    found = ws.counting.rejected_by_rule(files, flawed)
    broken = [BrokenRule(rule, column, rows) for (rule, column), rows in found.items()]
    return tuple(sorted(broken, key=lambda each: (-each.rows, each.rule, each.column or "")))


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a KPI's day rests on. `loaded` rows are `listens` and `repeats`; `files` have their rows of the day."""

    kpi: str
    listen_date: date
    rows: int
    loaded: int
    listens: int
    repeats: int
    computed_at: datetime
    run: int
    up_to_seq: int
    behind: bool
    files: tuple[tuple[Delivery, int], ...]


def explanation(ws: Workspace, name: str, day: date | None) -> Explanation:
    """The files behind a KPI's day, the last one unless told otherwise."""
    if name not in {kpi.name for kpi in ws.daily_kpis}:
        known = ", ".join(kpi.name for kpi in ws.daily_kpis)
        raise ConfigError(f"'{name}' is not a KPI that is stored by day", hint=f"there are {known}")
    found = {each.listen_date: each for each in ws.ledger.computations(kpi=name)}
    if day is None and found:
        day = max((each.listen_date for each in found.values() if each.listens), default=max(found))
    if day is None or day not in found:
        raise ConfigError(
            f"{name} was never computed for {day or 'any day'}", hint="hitparade status says what is loaded and behind"
        )
    last = found[day]
    return Explanation(
        kpi=name,
        listen_date=day,
        rows=last.rows,
        loaded=last.listens + last.repeats,
        listens=last.listens,
        repeats=last.repeats,
        computed_at=last.computed_at,
        run=last.run,
        up_to_seq=last.seq,
        behind=any(each.day == day for each in compute.decide(ws)),
        files=ws.ledger.touching(day),
    )
