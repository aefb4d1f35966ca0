"""verify: whether ledger, lake and sinks agree, by what is cheap to ask. For a monitor, beside a running pipeline.

The ledger is read first and the data second, as every reader does. What looks broken then may have moved in between,
so it is looked at again, and counts only where the ledger still says the same of it, by the same record. A day that
the ledger itself calls out of date is nobody's promise, and is not compared; that it stays so for long is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from hitparade.model import Computation, Delivery, LakeFile
from hitparade.steps import compute, publish
from hitparade.workspace import TABLES, Workspace

INVARIANTS: Mapping[str, str] = {
    "counted": "of every file, rows read are rows loaded and rows rejected",
    "files": "every file that a table of the lake names is there, and as large as it was",
    "loaded": "every stream file in effect has in the lake the rows that the ledger counts",
    "days": "every day has in the lake the rows in effect that the ledger counts",
    "rejects": "every file in effect has in the lake's rejects the rows that the ledger counts",
    "stored": "every KPI's day has in the lake the rows that were computed",
    "repeats": "of every computed day, listens and repeats are the rows in effect",
    "totals": "hourly, user_daily and track_daily add up to the day's listens",
    "served": "every KPI's day has in a sink the rows that it took",
    "behind": "nothing waits for long to be computed or published while nobody is at work",
}
"""What is promised, by name."""
TOTALS = ("hourly", "user_daily", "track_daily")
LOOKS = 3


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold: of what, what is wrong, and the ledger's record that it was held against."""

    invariant: str
    subject: str
    detail: str
    record: tuple[object, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared, by invariant, and what does not hold."""

    compared: Mapping[str, int]
    broken: tuple[Broken, ...]


def verify(ws: Workspace, *, patience: timedelta) -> Verified:
    """Compare, and look again at what looks broken. `patience` is how long something may be behind."""
    compared, broken = look(ws, patience)
    for _ in range(LOOKS - 1):
        if broken:
            _, again = look(ws, patience)
            before = {(each.invariant, each.subject, each.record) for each in broken}
            broken = [each for each in again if (each.invariant, each.subject, each.record) in before]
    return Verified(compared, tuple(broken))


def look(ws: Workspace, patience: timedelta) -> tuple[Mapping[str, int], list[Broken]]:
    """Compare everything once."""
    seen = Look(ws, patience)
    compared: Counter[str] = Counter(dict.fromkeys(INVARIANTS, 0))
    broken: list[Broken] = []
    checks: Mapping[str, Callable[[], Iterator[Broken | None]]] = {
        "counted": seen.counted,
        "files": seen.files,
        "loaded": seen.loaded,
        "days": seen.days,
        "rejects": seen.rejects,
        "stored": seen.stored,
        "repeats": seen.repeats,
        "totals": seen.totals,
        "served": seen.served,
        "behind": seen.behind,
    }
    with ws.progress.of("verify", len(checks)) as advance:
        for name, check in checks.items():
            for result in check():
                compared[name] += 1
                broken.extend([] if result is None else [result])
            advance(1)
    return compared, broken


class Look:
    """One look: the ledger's side is read when it is made, the lake's when it is first needed."""

    def __init__(self, ws: Workspace, patience: timedelta) -> None:
        self.ws = ws
        self.patience = patience
        self.kpis = {kpi.name: kpi for kpi in ws.daily_kpis}
        self.at_work = ws.turn.at_work()
        self.deliveries = ws.ledger.deliveries()
        self.stale = compute.decide(ws)
        self.computations = [each for each in ws.ledger.computations() if each.kpi in self.kpis]
        self.counting = ws.ledger.rows_in_effect(
            {each.listen_date for each in self.computations} | {each.day for each in self.stale}
        )
        out_of_date = {(name, each.day) for each in self.stale for name in each.kpis}
        self.current = [each for each in self.computations if (each.kpi, each.listen_date) not in out_of_date]

    # -- the lake's side

    @cached_property
    def planned(self) -> Mapping[str, tuple[LakeFile, ...]]:
        """The files that each table names."""
        data = ("rejects", *(name for names in TABLES.values() for name in names))
        return {name: self.ws.lake.files(name) for name in (*data, *(f"kpi_{name}" for name in self.kpis))}

    @cached_property
    def lost(self) -> Mapping[str, str]:
        """Those that are not there or not whole, with what is wrong."""
        wrong: dict[str, str] = {}
        for name, files in self.planned.items():
            folder = f"{self.ws.lake.location}/{name}/data"
            sizes = {blob.url: blob.size for blob in self.ws.storage.everything(folder)} if files else {}
            for file in files:
                size = sizes.get(file.path)
                if size is None:
                    wrong[file.path] = "is not there"
                elif size != file.size:
                    wrong[file.path] = f"has {size:,} bytes, and had {file.size:,}"
        return wrong

    def whole(self, name: str) -> list[LakeFile]:
        """The files of a table that can be read."""
        return [file for file in self.planned[name] if file.path not in self.lost]

    @cached_property
    def listens(self) -> Mapping[tuple[int, date | None], int]:
        """Rows of `listens` by load_id and day."""
        rows: Counter[tuple[int, date | None]] = Counter()
        files = self.whole("listens")
        days = {file.path: file.day for file in files}
        for path, loads in self.ws.counting.loads_in([file.path for file in files]).items():
            for load_id, count in loads.items():
                rows[load_id, days[path]] += count
        return rows

    def in_effect(self, *, streams: bool = False) -> Iterator[Delivery]:
        """The deliveries whose rows count."""
        for each in self.deliveries:
            if each.status == "loaded" and (each.dataset == "streams" or not streams):
                yield each

    # -- ledger against lake

    def counted(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        for each in self.deliveries:
            said = f"{each.rows_read:,} rows were read, {each.rows_loaded:,} loaded, {each.rows_rejected:,} rejected"
            yield wrong("counted", of(each), said, each.rows_read, each.rows_loaded + each.rows_rejected)

    def files(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        for files in self.planned.values():
            for file in files:
                why = self.lost.get(file.path)
                yield None if why is None else Broken("files", file.path, why)

    def loaded(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        found: Counter[int] = Counter()
        for (load_id, _), rows in self.listens.items():
            found[load_id] += rows
        for each in self.in_effect(streams=True):
            said = f"the ledger counts {each.rows_loaded:,} rows, listens has {found[each.load_id]:,}"
            yield wrong("loaded", of(each), said, each.rows_loaded, found[each.load_id])

    def days(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        counting = {each.load_id for each in self.in_effect(streams=True)}
        found: Counter[date | None] = Counter()
        for (load_id, day), rows in self.listens.items():
            found[day] += rows if load_id in counting else 0
        for day, expected in sorted(self.counting.items()):
            said = f"the ledger counts {expected:,} rows in effect, listens has {found[day]:,}"
            yield wrong("days", f"{day}", said, expected, found[day])

    def rejects(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        expected = [each for each in self.in_effect() if each.rows_rejected]
        found = self.ws.counting.rejected_rows([file.path for file in self.whole("rejects")]) if expected else {}
        for each in expected:
            rows = found.get(each.load_id, 0)
            said = f"the ledger counts {each.rows_rejected:,} rejected rows, rejects has {rows:,}"
            yield wrong("rejects", of(each), said, each.rows_rejected, rows)

    # -- computations against KPI tables

    def stored(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        found: Counter[tuple[str, date | None]] = Counter()
        for name in self.kpis:
            for file in self.planned[f"kpi_{name}"]:
                found[name, file.day] += file.rows
        for each in self.current:
            rows = found[each.kpi, each.listen_date]
            said = f"run {each.run} computed {each.rows:,} rows, the lake has {rows:,}"
            yield wrong("stored", day_of(each), said, each.rows, rows, each.run)

    def repeats(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        for each in self.current:
            expected = self.counting[each.listen_date]
            said = f"{each.listens:,} listens and {each.repeats:,} repeats are not the {expected:,} rows in effect"
            yield wrong("repeats", day_of(each), said, expected, each.listens + each.repeats, each.run)

    def totals(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        for name in (name for name in TOTALS if name in self.kpis):
            found = self.ws.counting.listens_by_day([file.path for file in self.whole(f"kpi_{name}")])
            for each in self.current:
                if each.kpi == name:
                    rows = found.get(each.listen_date, 0)
                    said = f"the day has {each.listens:,} listens, its rows add up to {rows:,}"
                    yield wrong("totals", day_of(each), said, each.listens, rows, each.run)

    # -- sinks against computations

    def served(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        current = {(each.kpi, each.listen_date): each for each in self.current}
        for sink in self.ws.sinks:
            tables = {table: self.kpis[name] for name, table in publish.tables(self.ws, sink).items()}
            taken: dict[str, list[tuple[date, int, int]]] = {}
            for each in self.ws.ledger.publications(sink.url):
                kpi = tables.get(each.table)
                last = None if kpi is None else current.get((kpi.name, each.listen_date))
                if kpi is not None and last is not None and last.run == each.computed_run:
                    taken.setdefault(kpi.name, []).append((each.listen_date, each.rows, each.run))
            for name, days in sorted(taken.items()):
                held = sink.counted(self.kpis[name])
                for day, expected, run in sorted(days):
                    rows = held.get(day, 0)
                    said = f"{sink.url} took {expected:,} rows from run {run}, and has {rows:,}"
                    yield wrong("served", f"{name} of {day} in {sink.url}", said, expected, rows, run)

    def behind(self) -> Iterator[Broken | None]:
        """See INVARIANTS."""
        came = {each.seq: each.loaded_at for each in self.deliveries}
        for each in self.stale:
            kpis = ", ".join(sorted(each.kpis))
            said = f"{kpis} waits for hitparade compute, up to delivery {each.seq}"
            yield self.late(f"{each.day}", said, came.get(each.seq), each.seq)
        for sink in self.ws.sinks:
            for last in publish.decide(self.ws, sink):
                said = f"waits for hitparade publish, as run {last.run} computed it"
                yield self.late(f"{day_of(last)} in {sink.url}", said, last.computed_at, last.run)

    def late(self, subject: str, detail: str, since: datetime | None, record: int) -> Broken | None:
        """What waits for too long, though nobody is at work."""
        waits = since is None or self.ws.clock() - since >= self.patience
        return Broken("behind", subject, detail, (record,)) if waits and self.at_work is None else None


def wrong(invariant: str, subject: str, detail: str, expected: int, found: int, *record: object) -> Broken | None:
    """Something broken where two numbers differ that should not; what was expected is part of its record."""
    return None if expected == found else Broken(invariant, subject, detail, (expected, *record))


def of(delivery: Delivery) -> str:
    """A delivery by its number and name."""
    return f"delivery {delivery.seq} ({delivery.uri})"


def day_of(computation: Computation) -> str:
    """A KPI's day."""
    return f"{computation.kpi} of {computation.listen_date}"


def by_invariant(broken: Iterable[Broken]) -> Mapping[str, list[Broken]]:
    """What is broken, by invariant."""
    found: dict[str, list[Broken]] = {}
    for each in broken:
        found.setdefault(each.invariant, []).append(each)
    return found
