"""The ledger as it was at one commit: items of later commits are not there yet."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from hitparade.ledger.dynamodb.commits import Head, Moved
from hitparade.ledger.dynamodb.items import (
    SUPERSEDED,
    Item,
    Key,
    delivery_key,
    key_of,
    named,
    of_year,
    padded,
    recorded_as,
    superseded_key,
    touched_key,
    unpacked,
)
from hitparade.ledger.dynamodb.months import COMPUTATIONS, by_day, computations_of, publications_in, publications_of
from hitparade.ledger.dynamodb.table import Table, side_by_side
from hitparade.model import Computation, Dataset, Delivery, Publication, Status

IN_EFFECT: Status = "loaded"
PAGE = 100


@dataclass(frozen=True, slots=True)
class Member:
    """A delivery in a roll, with its rows: those loaded, or those in the roll's day."""

    seq: int
    load_id: int
    dataset: Dataset
    status: Status
    rows: int


@dataclass(frozen=True, slots=True)
class Roll:
    """Deliveries that came with a commit, by seq, and the seqs of those that went out of effect with it."""

    members: tuple[Member, ...]
    gone: frozenset[int]


class Snapshot:
    """What the table held when the head was read."""

    def __init__(self, table: Table, head: Head) -> None:
        self.table = table
        self.head = head
        self._known: dict[Key, Item | None] = {}

    def _visible(self, items: Iterable[Item]) -> Iterator[Item]:
        return (item for item in items if int(item["n"]) <= self.head.commit)

    def foresee(self, keys: Iterable[Key]) -> None:
        """Read, all at once, what will be asked for one after the other."""
        wanted = list(keys)
        self._known |= dict.fromkeys(wanted) | self.table.fetch(wanted)

    def items(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of the items that are there, in whatever state."""
        wanted = list(keys)
        found = self.table.fetch(key for key in wanted if key not in self._known)
        return found | {key: item for key in wanted if (item := self._known.get(key)) is not None}

    def fetch(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of the facts that are there."""
        return {key_of(item): item for item in self._visible(self.items(keys).values())}

    def facts_in(self, pk: str) -> list[Item]:
        """The facts of a partition, in order."""
        return list(self._visible(self.table.query(pk)))

    # -- cells

    def cell(self, item: Item) -> Any:
        """A cell's value, None before its first. Raises Moved when it has been written twice since."""
        if int(item["n"]) <= self.head.commit:
            return unpacked(item["value"])
        if int(item.get("n_before", 0)) <= self.head.commit:
            return unpacked(item["before"]) if "before" in item else None
        raise Moved

    def cells(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """The values of those cells that are there."""
        read = {key: self.cell(item) for key, item in self.items(keys).items()}
        return {key: value for key, value in read.items() if value is not None}

    def cells_in(self, pk: str, name: str | None = None) -> Iterator[tuple[str, Any]]:
        """Cells of a partition, or of one KPI or table in it: each one's sk and value."""
        for item in self.table.query(pk, between=None if name is None else (f"{name}#", f"{name}#~")):
            sk = str(item["sk"])
            if name in (None, sk.rpartition("#")[0]) and (value := self.cell(item)) is not None:
                yield sk, value

    def computations(self, kpi: str | None = None) -> Iterator[Computation]:
        """The last computation of each day, of one KPI or of all."""
        for sk, cell in self.cells_in(COMPUTATIONS, kpi):
            yield from computations_of(sk, cell)

    def computations_of(self, kpis: Iterable[str]) -> dict[str, dict[date, Computation]]:
        """The last computations of some KPIs, by day."""
        return {kpi: {each.listen_date: each for each in self.computations(kpi)} for kpi in kpis}

    def highest(self) -> dict[date, int]:
        """The highest seq that touched each day."""
        return {day: row[0] for day, row in by_day(cell for _, cell in self.cells_in("days")).items()}

    def publications(self, sink: str, table: str | None = None) -> Iterator[Publication]:
        """What a sink last took of each day, of one table or of all."""
        for sk, cell in self.cells_in(publications_in(sink), table):
            yield from publications_of(sink, sk, cell)

    # -- deliveries

    def deliveries(self, seqs: Iterable[int]) -> dict[int, Delivery]:
        """Those of the deliveries that there are, by seq."""
        wanted = sorted({seq for seq in seqs if 0 < seq <= self.head.seq})
        found = self.fetch(key for seq in wanted for key in (delivery_key(seq), superseded_key(seq)))
        return {
            seq: as_delivery(found[delivery_key(seq)], found.get(superseded_key(seq)))
            for seq in wanted
            if delivery_key(seq) in found
        }

    def with_status(self, seqs: Iterable[int], status: Status | None, *, limit: int | None) -> tuple[Delivery, ...]:
        """Those of the deliveries that have a status now, in the order that is the reverse of their seqs."""
        wanted = iter(seqs)
        found: list[Delivery] = []
        while some := list(islice(wanted, None if limit is None else limit - len(found))):
            newest = reversed(self.deliveries(some).values())
            found += [each for each in newest if status in (None, each.status)]
        return tuple(found)

    def newest_first(self) -> Iterator[Delivery]:
        """Every delivery."""
        mark: Item | None = None
        for item in self._visible(self.table.query("delivery", backward=True)):
            if str(item["sk"]).endswith(SUPERSEDED):
                mark = item
            else:
                marked = mark is not None and mark["sk"] == f"{item['sk']}{SUPERSEDED}"
                yield as_delivery(item, mark if marked else None)

    def touched(self, seqs: Iterable[int]) -> dict[int, dict[date, int]]:
        """The days that deliveries touched, with their rows in each."""
        wanted = sorted({seq for seq in seqs if 0 < seq <= self.head.seq})
        first = self.fetch(touched_key(seq) for seq in wanted)
        more = [touched_key(seq, piece) for seq in wanted for piece in range(1, pieces_of(first.get(touched_key(seq))))]
        found: dict[int, dict[date, int]] = {seq: {} for seq in wanted}
        for key, item in (first | self.fetch(more)).items():
            days: dict[str, int] = json.loads(str(item["days"]))
            found[int(key[1].partition("#")[0])] |= {date.fromisoformat(day): rows for day, rows in days.items()}
        return found

    # -- entries: deliveries by what they have, numbered from 0 in each partition

    def entries(self, pks: Iterable[str]) -> dict[str, list[Item]]:
        """Entries of those partitions that have some, in order. Most have none or one, which 100 at a time are read."""
        first, second = self._beginnings(pks)
        several = [key[0] for key in second]
        long = side_by_side(self.facts_in, several)
        return {key[0]: [item] for key, item in first.items()} | dict(zip(several, long, strict=True))

    def counts_of(self, pks: Iterable[str]) -> dict[str, int]:
        """How many entries those partitions have that have some."""
        first, second = self._beginnings(pks)
        several = [key[0] for key in second]
        last = side_by_side(lambda pk: next(self._visible(self.table.query(pk, backward=True, page=1))), several)
        counted = {pk: int(str(item["sk"])) + 1 for pk, item in zip(several, last, strict=True)}
        return {key[0]: 1 for key in first} | counted

    def _beginnings(self, pks: Iterable[str]) -> tuple[dict[Key, Item], dict[Key, Item]]:
        first = self.fetch((pk, padded(0)) for pk in pks)
        return first, self.fetch((pk, padded(1)) for pk, _ in first)

    def in_effect_under(self, dataset: Dataset, uris: Collection[str]) -> tuple[Delivery, ...]:
        """See Ledger."""
        seqs: set[int] = set()
        for items in self.entries(named(dataset, uri) for uri in uris).values():
            came = {int(item["seq"]) for item in items if "seq" in item}
            seqs |= came.difference(*(json.loads(str(item["gone"])) for item in items if "gone" in item))
        return tuple(self.deliveries(seqs).values())

    # -- rolls

    def roll(self, dataset: Dataset, status: Status, *, page: int | None = None) -> Iterator[tuple[Member, bool]]:
        """Deliveries recorded with a status, the newest first, and whether each has another one by now."""
        gone: set[int] = set()
        for item in self._visible(self.table.query(recorded_as(dataset, status), backward=True, page=page)):
            roll = as_roll(item)
            gone |= roll.gone
            yield from ((member, member.seq in gone) for member in reversed(roll.members))

    def touching(self, days: Collection[date]) -> tuple[dict[tuple[date, int], Member], set[int]]:
        """Deliveries that touched days, by day and seq, and the seqs of those that have been superseded since."""
        return self.touching_between(in_a_row(days))

    def touching_between(self, ends: Iterable[tuple[date, date]]) -> tuple[dict[tuple[date, int], Member], set[int]]:
        """The same for all days between two of a year."""
        members: dict[tuple[date, int], Member] = {}
        gone: set[int] = set()
        for items in side_by_side(self._between, list(ends)):
            for item in self._visible(items):
                roll, day = as_roll(item), date.fromisoformat(str(item["sk"])[:10])
                members |= {(day, member.seq): member for member in roll.members}
                gone |= roll.gone
        return members, gone

    def _between(self, ends: tuple[date, date]) -> list[Item]:
        first, last = ends
        return list(self.table.query(of_year(first), between=(first.isoformat(), f"{last.isoformat()}~")))


def pieces_of(item: Item | None) -> int:
    """How many pieces something has of which this is the first."""
    return 0 if item is None else int(item["pieces"])


def as_roll(item: Item) -> Roll:
    """A roll from its item."""
    return Roll(
        members=tuple(Member(*values) for values in json.loads(str(item["members"]))),
        gone=frozenset(json.loads(str(item["gone"]))),
    )


def as_delivery(item: Item, mark: Item | None) -> Delivery:
    """A delivery from its item, and from the mark that it is superseded, or what its mark says instead."""
    text = item["json"] if "json" in item else unpacked(item["packed"])
    values: dict[str, Any] = json.loads(str(text))
    values["loaded_at"] = datetime.fromisoformat(values["loaded_at"])
    if mark is not None:
        values |= {"status": "superseded"} | {name: mark[name] for name in ("status", "reason") if name in mark}
    return Delivery(**values)


def in_a_row(days: Collection[date]) -> Iterator[tuple[date, date]]:
    """The first and last of days that follow one another within a year."""
    first = last = None
    for day in sorted(set(days)):
        if first is not None and last is not None and (day - last > timedelta(days=1) or day.year != last.year):
            yield first, last
            first = day
        first, last = first or day, day
    if first is not None and last is not None:
        yield first, last
