"""Rows of the ledger's tables, read back as the values they were."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hitparade.ledger.schema import deliveries
from hitparade.model import Computation, Delivery


def as_delivery(row: sa.Row[Any]) -> Delivery:
    """A delivery from a row of its table, whatever else the row has."""
    values = {column.name: getattr(row, column.name) for column in deliveries.columns}
    return Delivery(**{**values, "loaded_at": datetime.fromisoformat(values["loaded_at"])})


def as_computation(row: sa.Row[Any]) -> Computation:
    """A computation from a row of its table."""
    values = dict(row._mapping)
    return Computation(**{**values, "computed_at": datetime.fromisoformat(values["computed_at"])})
