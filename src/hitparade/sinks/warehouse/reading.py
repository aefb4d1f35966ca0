"""KPIs out of a warehouse, with the columns, types and order of the lake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date
from functools import cached_property
from typing import TYPE_CHECKING

from hitparade.errors import ConfigError
from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.model import Kpi
from hitparade.sinks.base import kpi_schema, see_served
from hitparade.sinks.warehouse.database import Database
from hitparade.sinks.warehouse.tables import PUBLICATIONS, kpi_name
from hitparade.sinks.warehouse.views import VIEWS
from hitparade.sqltext import identifier

if TYPE_CHECKING:
    import pyarrow as pa


class WarehouseReader:
    """See Reader."""

    def __init__(self, url: str, connect: Callable[[], Database]) -> None:
        self.url = url
        self.connect = connect

    @cached_property
    def database(self) -> Database:
        """The connection."""
        return self.connect()

    def days(self) -> tuple[date, ...]:
        """See Reader."""
        self._must_hold("kpi_hourly")
        query = f"SELECT DISTINCT listen_date FROM {identifier('kpi_hourly')} WHERE listen_count > 0"
        return tuple(sorted(day for (day,) in self.database.rows(query)))

    def freshness(self, kpi: Kpi, days: Span = ALWAYS) -> Freshness:
        """See Reader. When the last of the days was written; all-time KPIs rest on what is there of all others."""
        self._must_hold(kpi_name(kpi))
        conditions, values = within(days)
        if kpi.scope == "day":
            conditions, values = [*conditions, "part = %s"], [*values, kpi_name(kpi)]
        query = f"SELECT MAX(published_at) FROM {PUBLICATIONS.name} WHERE {' AND '.join(conditions) or 'true'}"
        [(written,)] = self.database.rows(query, values)
        return Freshness(as_of=written.replace(tzinfo=UTC) if written else None)

    def read(self, kpi: Kpi, *, where: Mapping[str, object], positions: int | None, days: Span = ALWAYS) -> pa.Table:
        """See Reader. All-time KPIs are views, evaluated now."""
        import pyarrow as pa

        see_served(kpi, positions, url=self.url)
        self._must_hold(kpi_name(kpi))
        of_days, values = within(days)
        conditions = ["listen_count > 0", *of_days, *(f"{identifier(name)} = %s" for name in where)]
        if positions is not None:
            conditions.append(f"{identifier('position')} <= {positions}")
        columns, keys = (", ".join(map(identifier, names)) for names in (kpi.column_names, kpi.grain))
        rows = self.database.rows(
            f"SELECT {columns} FROM {identifier(kpi_name(kpi))} WHERE {' AND '.join(conditions)} ORDER BY {keys}",
            [*values, *where.values()],
        )
        schema = kpi_schema(kpi)
        columns_of = zip(*rows, strict=True) if rows else ([] for _ in schema)
        return pa.table(
            [pa.array(each, kind) for each, kind in zip(columns_of, schema.types, strict=True)], schema=schema
        )

    def view(self, name: str) -> pa.Table:
        """The rows of one of the documented views, in the order in which the document shows them."""
        import pyarrow as pa

        self._must_hold(name)
        columns, order = VIEWS[name].columns, VIEWS[name].order
        rows = self.database.rows(f"SELECT {', '.join(columns)} FROM {identifier(name)} ORDER BY {order}")
        return pa.table(dict(zip(columns, zip(*rows, strict=True) if rows else ([] for _ in columns), strict=True)))

    def _must_hold(self, name: str) -> None:
        query = (
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_name = %s AND table_schema = current_schema()"
        )
        [(count,)] = self.database.rows(query, [name])
        if not count:
            raise ConfigError(f"{self.url} holds no {name}", hint="publish to it: hitparade run")

    def close(self) -> None:
        """See Reader."""
        if "database" in self.__dict__:
            self.database.close()


def within(days: Span) -> tuple[list[str], list[object]]:
    """That a row is of some days, as conditions and their values."""
    ends = {"listen_date >= %s": days.first, "listen_date <= %s": days.last}
    given = {condition: day for condition, day in ends.items() if day is not None}
    return list(given), list(given.values())
