"""What waits to be computed, and how fresh the rest is, asked of SQL: one statement a question, whatever the days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa

from hitparade.freshness import Freshness, Span
from hitparade.ledger.schema import computations, deliveries, touched_days


def stale_in(db: sa.Connection, hashes: Mapping[str, str]) -> tuple[tuple[date, int, str], ...]:
    """See Ledger."""
    wanted = (
        sa.select(touched_days.c.listen_date, sa.func.max(touched_days.c.seq).label("seq"))
        .group_by(touched_days.c.listen_date)
        .subquery()
    )
    found: list[tuple[date, int, str]] = []
    for kpi, hash_ in hashes.items():
        last = sa.and_(computations.c.kpi == kpi, computations.c.listen_date == wanted.c.listen_date)
        behind = sa.or_(computations.c.seq.is_(None), computations.c.seq < wanted.c.seq, computations.c.hash != hash_)
        query = sa.select(wanted).join(computations, last, isouter=True).where(behind)
        found.extend((row.listen_date, row.seq, kpi) for row in db.execute(query))
    return tuple(found)


def freshness_of(db: sa.Connection, hashes: Mapping[str, str], days: Span) -> Freshness:
    """See Ledger."""
    columns = computations.c
    last = sa.select(sa.func.max(columns.computed_at).label("at"), sa.func.max(columns.seq).label("seq"))
    computed = db.execute(last.where(columns.kpi.in_(sorted(hashes)), *within(columns.listen_date, days))).one()
    arrived = db.execute(arrivals(days)).one()
    stale = {day for day, _, _ in stale_in(db, hashes)}
    return Freshness(
        as_of=datetime.fromisoformat(computed.at) if computed.at else None,
        version=computed.seq,
        files=arrived.files,
        late_rows=int(arrived.late_rows),
        behind=len({day for day in stale if day in days}),
    )


def arrivals(days: Span) -> sa.Select[tuple[int, int]]:
    """The deliveries in effect that have rows of the days, and how many of these came after rows of a later day.

    Of each later day its first delivery says it, so the days before the span need not be looked at.
    """
    columns = touched_days.c
    counts = sa.and_(deliveries.c.seq == columns.seq, deliveries.c.status == "loaded", columns.rows > 0)
    begun = (
        sa.select(columns.listen_date, sa.func.min(columns.seq).label("seq"))
        .join(deliveries, counts)
        .where(*within(columns.listen_date, Span(days.first)))
        .group_by(columns.listen_date)
        .cte("begun")
    )
    # Of the last day it is NULL, than which nothing is later.
    earliest = sa.func.min(begun.c.seq).over(order_by=begun.c.listen_date.desc(), rows=(None, -1))
    later = sa.select(begun.c.listen_date, earliest.label("seq")).cte("later")
    late = sa.case((columns.seq > later.c.seq, columns.rows), else_=0)
    return (
        sa.select(
            sa.func.count(columns.seq.distinct()).label("files"),
            sa.func.coalesce(sa.func.sum(late), 0).label("late_rows"),
        )
        .join(deliveries, counts)
        .join(later, later.c.listen_date == columns.listen_date)
        .where(*within(columns.listen_date, days))
    )


def within(column: sa.ColumnElement[date], days: Span) -> list[sa.ColumnElement[bool]]:
    """That a day is among some."""
    ends = [] if days.first is None else [column >= days.first]
    return ends if days.last is None else [*ends, column <= days.last]
