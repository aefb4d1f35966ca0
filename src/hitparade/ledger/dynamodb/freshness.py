"""What waits to be computed, and how fresh the rest is, worked out of what one state of the ledger holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from math import inf

from hitparade.freshness import Freshness, Span
from hitparade.ledger.dynamodb.reading import IN_EFFECT, Snapshot
from hitparade.model import Computation


def stale_in(
    highest: Mapping[date, int], done: Mapping[str, Mapping[date, Computation]], hashes: Mapping[str, str]
) -> tuple[tuple[date, int, str], ...]:
    """See Ledger.stale; of the highest seq that touched each day, and the last computations of each KPI."""
    return tuple(
        (day, seq, kpi)
        for kpi, hash_ in hashes.items()
        for day, seq in highest.items()
        if (last := done[kpi].get(day)) is None or last.seq < seq or last.hash != hash_
    )


def freshness_of(snapshot: Snapshot, hashes: Mapping[str, str], days: Span) -> Freshness:
    """See Ledger."""
    highest, done = snapshot.highest(), snapshot.computations_of(hashes)
    computed = [each for last in done.values() for day, each in last.items() if day in days]
    members, gone = snapshot.touching_between(years(highest, days))
    arrived = [
        (day, seq, member.rows)
        for (day, seq), member in members.items()
        if member.status == IN_EFFECT and member.rows > 0 and seq not in gone
    ]
    return Freshness(
        as_of=max((each.computed_at for each in computed), default=None),
        version=max((each.seq for each in computed), default=None),
        files=len({seq for day, seq, _ in arrived if day in days}),
        late_rows=late_rows(arrived, days),
        behind=len({day for day, _, _ in stale_in(highest, done, hashes) if day in days}),
    )


def years(touched: Mapping[date, int], days: Span) -> Iterator[tuple[date, date]]:
    """The years that have touched days, from the first day that is wanted on."""
    for year in sorted({day.year for day in touched if days.first is None or days.first <= day}):
        begin = date(year, 1, 1)
        yield begin if days.first is None else max(begin, days.first), date(year, 12, 31)


def late_rows(arrived: Collection[tuple[date, int, int]], days: Span) -> int:
    """The rows of some days that came after rows of a later day; of (day, seq, rows)."""
    by_day: dict[date, list[tuple[int, int]]] = {}
    for day, seq, rows in arrived:
        by_day.setdefault(day, []).append((seq, rows))
    late, later = 0, inf  # the lowest seq of the days gone through, the last one first
    for day, came in sorted(by_day.items(), reverse=True):
        if day in days:
            late += sum(rows for seq, rows in came if seq > later)
        later = min(later, *(seq for seq, _ in came))
    return late
