"""Deliveries on their way into the table: the facts and cells of the commit that records them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from hitparade.errors import LakeError
from hitparade.ledger.dynamodb.commits import Batch
from hitparade.ledger.dynamodb.items import (
    BUCKET,
    COUNTS,
    DAYS_PIECE,
    TEXT_PIECE,
    Item,
    Key,
    batched,
    cut,
    delivery_key,
    item_at,
    key_of,
    loaded_as,
    named,
    of_year,
    packed,
    padded,
    recorded_as,
    seen_as,
    superseded_key,
    touched_key,
    with_bytes,
)
from hitparade.ledger.dynamodb.months import of_month
from hitparade.ledger.dynamodb.reading import IN_EFFECT, Member, Snapshot
from hitparade.model import Contract, Delivery, NewDelivery, Settled, Status

LONG = 10_000


@dataclass(slots=True)
class Draft:
    """Facts and cells of the commit that follows a snapshot."""

    snapshot: Snapshot
    facts: list[Item] = field(default_factory=list)
    cells: list[Item] = field(default_factory=list)

    @property
    def n(self) -> int:
        """The commit's number."""
        return self.snapshot.head.commit + 1

    def fact(self, key: Key, **values: str | int | None) -> None:
        """Write what never changes."""
        self.facts.append(item_at(key, n=self.n, **values))

    def merge(self, changes: Mapping[Key, Mapping[str, Any]]) -> None:
        """Write cells: what they hold, with these of their values in the place of earlier ones."""
        for key, cell in self.snapshot.items(changes).items():
            before = self.snapshot.cell(cell) or {}
            value = packed({**before, **changes[key]})
            self.cells.append(item_at(key, n=self.n, value=value, n_before=cell["n"], before=packed(before)))
        written = {key_of(cell) for cell in self.cells}
        self.cells += [
            item_at(key, n=self.n, value=packed(change)) for key, change in changes.items() if key not in written
        ]

    def batch(self, seq: int) -> Batch:
        """What was drafted, with the highest seq after it."""
        return Batch(seq, tuple(self.facts), tuple(self.cells))


@dataclass(frozen=True, slots=True)
class Touching:
    """A delivery and the days that it touched, with its rows in each."""

    delivery: Delivery
    days: Mapping[date, int]

    def member(self, rows: int) -> Member:
        """The delivery as a roll has it."""
        each = self.delivery
        return Member(each.seq, each.load_id, each.dataset, each.status, rows)


def plan_deliveries(snapshot: Snapshot, run: int, new: Sequence[NewDelivery], now: datetime) -> Batch:
    """The commit that records deliveries. Raises LakeError when a load_id was recorded before."""
    snapshot.foresee(all_keys(new))
    refuse_repeated(snapshot, [each.load_id for each in new])
    draft = Draft(snapshot)
    first = snapshot.head.seq + 1
    came = [Touching(recorded(seq, each, run, now), each.touched) for seq, each in enumerate(new, first)]
    gone = superseded(snapshot, {seq for each in new for seq in each.supersedes}, came)
    draft_contracts(draft, {each.contract.hash: each.contract for each in new if each.contract})
    for each in came:
        draft_delivery(draft, each)
    for each in gone:
        draft.fact(superseded_key(each.delivery.seq))
    draft_entries(draft, came, gone)
    draft_rolls(draft, came, gone)
    draft_days(draft, came, gone)
    draft_counts(draft, came, gone)
    return draft.batch(first + len(new) - 1)


def plan_settled(snapshot: Snapshot, status: Settled, reasons: Mapping[int, str]) -> Batch:
    """The commit that says of quarantined deliveries what became of them."""
    quarantined = [each for each in snapshot.deliveries(reasons).values() if each.status == "quarantined"]
    gone = [Touching(each, {}) for each in quarantined]
    draft = Draft(snapshot)
    for each in quarantined:
        draft.fact(superseded_key(each.seq), status=status, reason=reasons[each.seq])
    draft_rolls(draft, [], gone)
    draft_counts(draft, [], gone, gone_as=status)
    return draft.batch(snapshot.head.seq)


def all_keys(new: Sequence[NewDelivery]) -> set[Key]:
    """What the plan will look at, but for deliveries that are superseded."""
    keys = {COUNTS, *(("days", of_month(day)) for each in new for day in each.touched)}
    for each in new:
        keys.add((loaded_as(each.load_id), padded(0)))
        keys |= {(pk, padded(number)) for pk in found_by(each) for number in (0, 1)}
        if each.contract:
            keys.add((f"contract#{each.contract.hash}", padded(0)))
    return keys


def found_by(each: NewDelivery | Delivery) -> list[str]:
    """The partitions of entries that a delivery is found in."""
    always = [seen_as((each.uri, each.size, each.etag)), with_bytes(each.dataset, each.sha256)]
    return [*always, named(each.dataset, each.uri)] if each.status == IN_EFFECT else always


def refuse_repeated(snapshot: Snapshot, load_ids: Sequence[int]) -> None:
    """Raise LakeError when a load_id is not new."""
    found = snapshot.fetch((loaded_as(each), padded(0)) for each in load_ids)
    repeated = {each for each in load_ids if (loaded_as(each), padded(0)) in found or load_ids.count(each) > 1}
    if repeated:
        raise LakeError(
            f"ledger {snapshot.table.name}: load_id {min(repeated)} was recorded before",
            hint="nothing was recorded; run again",
        )


def recorded(seq: int, new: NewDelivery, run: int, now: datetime) -> Delivery:
    """A delivery as it will be read."""
    values = {name: value for name, value in asdict(new).items() if name not in ("contract", "supersedes", "touched")}
    return Delivery(**values, seq=seq, contract=new.contract.hash if new.contract else None, loaded_at=now, run=run)


def superseded(snapshot: Snapshot, seqs: set[int], came: Sequence[Touching]) -> list[Touching]:
    """Those of the deliveries that are to go out of effect, and have not yet, in order."""
    old = [each for each in snapshot.deliveries(seqs).values() if each.status != "superseded"]
    touched = snapshot.touched(each.seq for each in old)
    new = [each for each in came if each.delivery.seq in seqs and each.delivery.status != "superseded"]
    return [*(Touching(each, touched[each.seq]) for each in old), *new]


def draft_contracts(draft: Draft, contracts: Mapping[str, Contract]) -> None:
    """Manifests that are not there yet."""
    known = draft.snapshot.fetch((f"contract#{each}", padded(0)) for each in contracts)
    for contract in contracts.values():
        if (f"contract#{contract.hash}", padded(0)) not in known:
            for number, text in enumerate(cut(contract.text, TEXT_PIECE)):
                draft.fact((f"contract#{contract.hash}", padded(number)), text=text)


def draft_delivery(draft: Draft, each: Touching) -> None:
    """A delivery, and its days."""
    text = json.dumps({**asdict(each.delivery), "loaded_at": each.delivery.loaded_at.isoformat()})
    long = len(text) > LONG  # by what is wrong with each of its columns
    draft.fact(delivery_key(each.delivery.seq), **{"packed" if long else "json": packed(text) if long else text})
    pieces = list(batched(sorted(each.days.items()), DAYS_PIECE))
    for number, piece in enumerate(pieces):
        days = json.dumps({day.isoformat(): rows for day, rows in piece})
        draft.fact(touched_key(each.delivery.seq, number), pieces=len(pieces), days=days)


def draft_entries(draft: Draft, came: Sequence[Touching], gone: Sequence[Touching]) -> None:
    """Where deliveries are found by what they have; a name also tells which of its deliveries went out of effect."""
    entries: list[tuple[str, dict[str, int | str]]] = []
    for each in (touching.delivery for touching in came):
        draft.fact((loaded_as(each.load_id), padded(0)), seq=each.seq)
        entries.extend((pk, {"seq": each.seq}) for pk in found_by(each))
    leaving: dict[str, list[int]] = {}
    for each in (touching.delivery for touching in gone if touching.delivery.status == IN_EFFECT):
        leaving.setdefault(named(each.dataset, each.uri), []).append(each.seq)
    for pk, seqs in leaving.items():
        entries.extend((pk, {"gone": json.dumps(some)}) for some in batched(seqs, BUCKET))
    numbers = draft.snapshot.counts_of(dict.fromkeys(pk for pk, _ in entries))
    for pk, values in entries:
        number = numbers.get(pk, 0)
        draft.fact((pk, padded(number)), **values)
        numbers[pk] = number + 1


def draft_rolls(draft: Draft, came: Sequence[Touching], gone: Sequence[Touching]) -> None:
    """Deliveries by status and by day. Who comes and goes with one commit stands in one roll, by seq."""
    members: dict[Key, list[Member]] = {}
    leaving: dict[Key, list[int]] = {}
    for each in came:
        members.setdefault(roll_of_status(draft, each), []).append(each.member(each.delivery.rows_loaded))
        for day, rows in each.days.items():
            members.setdefault(roll_of_day(draft, each, day), []).append(each.member(rows))
    for each in gone:
        for key in (roll_of_status(draft, each), *(roll_of_day(draft, each, day) for day in each.days)):
            leaving.setdefault(key, []).append(each.delivery.seq)
    for key in sorted({*members, *leaving}):
        rows_of = [[each.seq, each.load_id, each.dataset, each.status, each.rows] for each in members.get(key, [])]
        draft.fact(key, members=json.dumps(rows_of), gone=json.dumps(leaving.get(key, [])))


def roll_of_status(draft: Draft, each: Touching) -> Key:
    """Of deliveries recorded with the same status."""
    pk = recorded_as(each.delivery.dataset, each.delivery.status)
    return pk, f"{padded(draft.n)}#{padded(each.delivery.seq // BUCKET)}"


def roll_of_day(draft: Draft, each: Touching, day: date) -> Key:
    """Of deliveries that touched a day."""
    return of_year(day), f"{day.isoformat()}#{padded(draft.n)}#{padded(each.delivery.seq // BUCKET)}"


def draft_days(draft: Draft, came: Sequence[Touching], gone: Sequence[Touching]) -> None:
    """Per day the highest seq that touched it, and the rows in effect."""
    days = {day for each in (*came, *gone) for day in each.days}
    cells = draft.snapshot.cells(("days", month) for month in {of_month(day) for day in days})
    months: dict[Key, dict[str, list[int]]] = {}
    for day in sorted(days):
        key = ("days", of_month(day))
        months.setdefault(key, {})[day.isoformat()] = list(cells.get(key, {}).get(day.isoformat(), (0, 0)))
    for each in came:
        for day, rows in each.days.items():
            kept = months["days", of_month(day)][day.isoformat()]
            kept[0] = each.delivery.seq
            kept[1] += rows if each.delivery.status == IN_EFFECT else 0
    for each in gone:
        for day, rows in each.days.items():
            months["days", of_month(day)][day.isoformat()][1] -= rows if each.delivery.status == IN_EFFECT else 0
    draft.merge(months)


def draft_counts(
    draft: Draft, came: Iterable[Touching], gone: Iterable[Touching], *, gone_as: Status = "superseded"
) -> None:
    """Files and rows by dataset and status."""
    counts: dict[str, list[int]] = draft.snapshot.cells([COUNTS]).get(COUNTS, {})
    changed: dict[str, list[int]] = {}
    changes = [
        *((each.delivery, each.delivery.status, 1) for each in came),
        *((each.delivery, each.delivery.status, -1) for each in gone),
        *((each.delivery, gone_as, 1) for each in gone),
    ]
    for delivery, status, sign in changes:
        name = f"{delivery.dataset} {status}"
        numbers = (1, delivery.rows_read, delivery.rows_loaded, delivery.rows_rejected)
        before = changed.get(name) or counts.get(name) or [0, 0, 0, 0]
        changed[name] = [had + sign * number for had, number in zip(before, numbers, strict=True)]
    draft.merge({COUNTS: changed})
