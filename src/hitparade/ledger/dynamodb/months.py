"""Computations and publications as cells keep them: a month of one KPI or table together, by day.

So ten years of a KPI are 120 items, read at once, and a delivery that touches thousands of days changes some hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from hitparade.ledger.dynamodb.items import Key
from hitparade.model import Computation, Publication

COMPUTATIONS = "computations"
COMPUTED = [each.name for each in fields(Computation) if each.name not in ("kpi", "listen_date")]
PUBLISHED = [each.name for each in fields(Publication) if each.name not in ("sink", "table", "listen_date")]


def of_month(day: date) -> str:
    """The month by which a day is kept."""
    return day.isoformat()[:7]


def publications_in(sink: str) -> str:
    """Partition of what a sink took."""
    return f"publications#{sink}"


def kept(records: Iterable[Computation | Publication]) -> dict[Key, dict[str, Any]]:
    """Records as changes of cells."""
    changes: dict[Key, dict[str, Any]] = {}
    for each in records:
        if isinstance(each, Computation):
            pk, name, at, columns = COMPUTATIONS, each.kpi, each.computed_at, COMPUTED
        else:
            pk, name, at, columns = publications_in(each.sink), each.table, each.published_at, PUBLISHED
        values = asdict(each) | {"computed_at": at.isoformat(), "published_at": at.isoformat()}
        cell = changes.setdefault((pk, f"{name}#{of_month(each.listen_date)}"), {})
        cell[each.listen_date.isoformat()] = [values[column] for column in columns]
    return changes


def computations_of(sk: str, cell: Mapping[str, Any]) -> list[Computation]:
    """What a cell keeps of a KPI's month."""
    found = []
    for day, row in cell.items():
        values = dict(zip(COMPUTED, row, strict=True))
        values["computed_at"] = datetime.fromisoformat(values["computed_at"])
        found.append(Computation(kpi=sk.rpartition("#")[0], listen_date=date.fromisoformat(day), **values))
    return found


def publications_of(sink: str, sk: str, cell: Mapping[str, Any]) -> list[Publication]:
    """What a cell keeps of a table's month."""
    found = []
    for day, row in cell.items():
        values = dict(zip(PUBLISHED, row, strict=True))
        values["published_at"] = datetime.fromisoformat(values["published_at"])
        table = sk.rpartition("#")[0]
        found.append(Publication(sink=sink, table=table, listen_date=date.fromisoformat(day), **values))
    return found


def by_day(cells: Iterable[Mapping[str, Any]]) -> dict[date, Any]:
    """What cells of several months keep, by day."""
    return {date.fromisoformat(day): value for cell in cells for day, value in cell.items()}
