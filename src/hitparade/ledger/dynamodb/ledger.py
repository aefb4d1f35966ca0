"""The ledger in a DynamoDB table: what each question reads, and what each record writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from heapq import merge
from itertools import islice
from typing import Any, TypeVar, cast, get_args

from hitparade.errors import ConfigError
from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.ledger.dynamodb.commits import Batch, Commits, Head, Moved, patiently
from hitparade.ledger.dynamodb.freshness import freshness_of, stale_in
from hitparade.ledger.dynamodb.items import (
    COUNTS,
    FACTS,
    Key,
    packed,
    seen_as,
    unpacked,
    with_bytes,
)
from hitparade.ledger.dynamodb.months import by_day, kept, of_month
from hitparade.ledger.dynamodb.reading import IN_EFFECT, PAGE, Snapshot
from hitparade.ledger.dynamodb.recording import Draft, plan_deliveries, plan_settled
from hitparade.ledger.dynamodb.table import Table
from hitparade.model import DATASETS, Computation, Dataset, Delivery, NewDelivery, Publication, Run, Settled, Status

T = TypeVar("T")
STATUSES: tuple[Status, ...] = get_args(Status)
SETTLED: tuple[Status, ...] = get_args(Settled)
QUARANTINED: Status = "quarantined"


class DynamoLedger:
    """See Ledger, and the package for how it is right."""

    def __init__(self, table: str) -> None:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", table):
            raise ConfigError(
                f"ledger: {table!r} is no name of a DynamoDB table", hint="such as dynamodb:hitparade_ledger"
            )
        self.table = Table(table)
        self.commits = Commits(self.table)

    # -- the lake's facts

    def prepare(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """See Ledger."""
        self.table.create()
        return patiently(self._prepare, wanted)

    def _prepare(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        item = self.table.get(FACTS)
        if item is None:
            # Facts come last, so where there are none the table was made just now, or was left half made.
            self.table.protect()
        found: dict[str, str] = unpacked(item["facts"]) if item else {}
        together = {**wanted, **found}
        if item is None or together != found:
            before = {"before": item["facts"]} if item else {}
            when = "#facts = :before" if item else "attribute_not_exists(#facts)"
            if not self.table.change(FACTS, "SET #facts = :facts", when=when, facts=packed(together), **before):
                raise Moved
        return together

    # -- runs

    def begin_run(self, *, command: str, host: str, now: datetime) -> int:
        """See Ledger."""
        return self.commits.begin_run(command=command, host=host, now=now)

    def beat(self, run: int, *, now: datetime) -> None:
        """See Ledger."""
        self.commits.beat(run, now=now)

    def end_run(self, run: int, *, now: datetime) -> None:
        """See Ledger."""
        self.commits.beat(run, now=now, end=True)

    def latest_run(self) -> Run | None:
        """See Ledger."""
        return self.commits.latest_run()

    def forget_runs(self, *, before: datetime, dry: bool) -> int:  # noqa: ARG002 - a later run says enough
        """See Ledger. Runs leave nothing here but the tokens of their commits."""
        return self.commits.forget_tokens(dry=dry)

    # -- deliveries

    def record_deliveries(self, run: int, deliveries: Sequence[NewDelivery], *, now: datetime) -> tuple[int, ...]:
        """See Ledger."""

        def plan(head: Head) -> Batch:
            return plan_deliveries(Snapshot(self.table, head), run, deliveries, now)

        if not deliveries:
            self.commits.check(run, self.commits.head())
            return ()
        before = self.commits.commit(run, plan)
        return tuple(range(before.seq + 1, before.seq + 1 + len(deliveries)))

    def settle(self, run: int, status: Settled, reasons: Mapping[int, str]) -> tuple[int, ...]:
        """See Ledger."""

        def in_quarantine(snapshot: Snapshot) -> tuple[int, ...]:
            return tuple(seq for seq, each in snapshot.deliveries(reasons).items() if each.status == QUARANTINED)

        if not self._reading(in_quarantine):
            self.commits.check(run, self.commits.head())
            return ()
        before = self.commits.commit(run, lambda head: plan_settled(Snapshot(self.table, head), status, reasons))
        return in_quarantine(Snapshot(self.table, before))

    def seen(self, identities: Collection[tuple[str, int, str]]) -> Mapping[tuple[str, int, str], Delivery]:
        """See Ledger."""
        partitions = {seen_as(identity): identity for identity in identities}

        def read(snapshot: Snapshot) -> Mapping[tuple[str, int, str], Delivery]:
            newest = {pk: int(items[-1]["seq"]) for pk, items in snapshot.entries(partitions).items()}
            found = snapshot.deliveries(newest.values())
            return {partitions[pk]: found[seq] for pk, seq in newest.items()}

        return self._reading(read)

    def with_contents(self, dataset: Dataset, sha256s: Collection[str]) -> tuple[Delivery, ...]:
        """See Ledger."""

        def read(snapshot: Snapshot) -> tuple[Delivery, ...]:
            entries = snapshot.entries(with_bytes(dataset, each) for each in sha256s)
            return tuple(snapshot.deliveries(int(item["seq"]) for items in entries.values() for item in items).values())

        return self._reading(read)

    def in_effect_under(self, dataset: Dataset, uris: Collection[str]) -> tuple[Delivery, ...]:
        """See Ledger."""
        return self._reading(lambda snapshot: snapshot.in_effect_under(dataset, uris))

    def newest(self, dataset: Dataset) -> Delivery | None:
        """See Ledger."""
        found = self.deliveries(dataset=dataset, status=IN_EFFECT, limit=1)
        return found[0] if found else None

    def deliveries(
        self, *, dataset: Dataset | None = None, status: Status | None = None, limit: int | None = None
    ) -> tuple[Delivery, ...]:
        """See Ledger. Without a dataset and status all are read; else the rolls tell which."""

        def read(snapshot: Snapshot) -> tuple[Delivery, ...]:
            if dataset is None and status is None:
                return tuple(islice(snapshot.newest_first(), limit))
            page = None if limit is None else min(limit, PAGE)
            datasets = DATASETS if dataset is None else (dataset,)
            rolls = [
                snapshot.roll(each, recorded, page=page)
                for each in datasets
                for recorded in STATUSES
                if status in (None, recorded, *left_for(recorded))
            ]
            found = merge(*rolls, key=lambda each: -each[0].seq)
            wanted = (
                member.seq
                for member, gone in found
                if status is None or (status in left_for(member.status) if gone else status == member.status)
            )
            return snapshot.with_status(wanted, status, limit=limit)

        return self._reading(read)

    def touching(self, day: date) -> tuple[tuple[Delivery, int], ...]:
        """See Ledger."""

        def read(snapshot: Snapshot) -> tuple[tuple[Delivery, int], ...]:
            rows = {seq: member.rows for (_, seq), member in snapshot.touching([day])[0].items()}
            return tuple((each, rows[seq]) for seq, each in snapshot.deliveries(rows).items())

        return self._reading(read)

    def days_of(self, seqs: Collection[int]) -> frozenset[date]:
        """See Ledger."""
        touched = self._reading(lambda snapshot: snapshot.touched(seqs))
        return frozenset(day for days in touched.values() for day, rows in days.items() if rows > 0)

    def rows_in_effect(self, days: Collection[date]) -> Mapping[date, int]:
        """See Ledger."""
        keys = {("days", of_month(day)) for day in days}
        found = by_day(self._reading(lambda snapshot: snapshot.cells(keys)).values())
        return {day: found[day][1] if day in found else 0 for day in days}

    def load_ids(self, dataset: Dataset, *, days: Collection[date] | None = None) -> Mapping[int, int]:
        """See Ledger."""

        def read(snapshot: Snapshot) -> Mapping[int, int]:
            if days is None:
                found = snapshot.roll(dataset, IN_EFFECT)
                return {member.load_id: member.seq for member, gone in found if not gone}
            members, superseded = snapshot.touching(days)
            return {
                member.load_id: member.seq
                for member in members.values()
                if member.dataset == dataset and member.status == IN_EFFECT and member.seq not in superseded
            }

        return self._reading(read)

    def counts(self) -> Mapping[tuple[Dataset, Status], tuple[int, int, int, int]]:
        """See Ledger."""
        found: dict[str, list[int]] = self._reading(lambda snapshot: snapshot.cells([COUNTS])).get(COUNTS, {})
        return {cast(Any, tuple(name.split())): cast(Any, tuple(row)) for name, row in found.items() if row[0]}

    def contract_text(self, contract: str) -> str | None:
        """See Ledger."""
        pieces = self._reading(lambda snapshot: snapshot.facts_in(f"contract#{contract}"))
        return "".join(str(piece["text"]) for piece in pieces) if pieces else None

    # -- computations and publications

    def record_computations(self, run: int, computations: Iterable[Computation]) -> None:
        """See Ledger."""
        self._replace(run, kept(computations))

    def computations(self, *, kpi: str | None = None, days: Collection[date] | None = None) -> tuple[Computation, ...]:
        """See Ledger."""
        found = self._reading(lambda snapshot: tuple(snapshot.computations(kpi)))
        return tuple(each for each in found if days is None or each.listen_date in days)

    def stale(self, hashes: Mapping[str, str]) -> tuple[tuple[date, int, str], ...]:
        """See Ledger. Reads a cell a month, and one a KPI and month."""
        return self._reading(lambda snapshot: stale_in(snapshot.highest(), snapshot.computations_of(hashes), hashes))

    def computed_otherwise(self, hashes: Mapping[str, str]) -> tuple[Computation, ...]:
        """See Ledger. Reads a cell a KPI and month."""
        return tuple(each for each in self.computations() if each.hash not in ("", hashes.get(each.kpi)))

    def freshness(self, hashes: Mapping[str, str], days: Span = ALWAYS) -> Freshness:
        """See Ledger. Reads what `stale` reads, and the rolls of the days, and of those after them, by the year."""
        return self._reading(lambda snapshot: freshness_of(snapshot, hashes, days))

    def unpublished(self, sink: str, tables: Mapping[str, str]) -> tuple[Computation, ...]:
        """See Ledger."""

        def read(snapshot: Snapshot) -> tuple[Computation, ...]:
            found: list[Computation] = []
            for kpi, table in tables.items():
                taken = {each.listen_date: each.computed_run for each in snapshot.publications(sink, table)}
                found.extend(each for each in snapshot.computations(kpi) if taken.get(each.listen_date) != each.run)
            return tuple(found)

        return self._reading(read)

    def record_publications(self, run: int, publications: Iterable[Publication]) -> None:
        """See Ledger."""
        self._replace(run, kept(publications))

    def publications(self, sink: str) -> tuple[Publication, ...]:
        """See Ledger."""
        return self._reading(lambda snapshot: tuple(snapshot.publications(sink)))

    def _replace(self, run: int, changes: Mapping[Key, Mapping[str, Any]]) -> None:
        """Put days of cells in the place of those before; without any only the run is checked."""

        def plan(head: Head) -> Batch:
            draft = Draft(Snapshot(self.table, head))
            draft.merge(changes)
            return draft.batch(head.seq)

        if changes:
            self.commits.commit(run, plan)
        else:
            self.commits.check(run, self.commits.head())

    # -- reading

    def _reading(self, read: Callable[[Snapshot], T]) -> T:
        """What one state of the ledger answers."""
        return patiently(lambda: read(Snapshot(self.table, self.commits.head())))

    def close(self) -> None:
        """See Ledger."""
        self.table.close()


def left_for(recorded: Status) -> tuple[Status, ...]:
    """The statuses that a delivery recorded with one may have later."""
    return ("superseded", *SETTLED) if recorded == QUARANTINED else ("superseded",)
