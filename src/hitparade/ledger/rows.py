"""Rows of the ledger's tables, read back as the values they were; and what changes of a row, its status."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hitparade.ledger.database import chunks
from hitparade.ledger.schema import deliveries
from hitparade.model import Computation, Delivery, Settled


def as_delivery(row: sa.Row[Any]) -> Delivery:
    """A delivery from a row of its table, whatever else the row has."""
    values = {column.name: getattr(row, column.name) for column in deliveries.columns}
    return Delivery(**{**values, "loaded_at": datetime.fromisoformat(values["loaded_at"])})


def as_computation(row: sa.Row[Any]) -> Computation:
    """A computation from a row of its table."""
    values = dict(row._mapping)
    return Computation(**{**values, "computed_at": datetime.fromisoformat(values["computed_at"])})


def settle_quarantined(db: sa.Connection, status: Settled, reasons: Mapping[int, str]) -> tuple[int, ...]:
    """Give those deliveries that are in quarantine another status and reason; their seqs."""
    columns = deliveries.c
    found: list[int] = []
    for chunk in chunks(sorted(reasons)):
        found.extend(db.scalars(sa.select(columns.seq).where(columns.seq.in_(chunk), columns.status == "quarantined")))
    if found:
        change = sa.update(deliveries).where(columns.seq == sa.bindparam("of")).values(reason=sa.bindparam("why"))
        db.execute(change.values(status=status), [{"of": seq, "why": reasons[seq]} for seq in found])
    return tuple(sorted(found))
