"""What PostgreSQL and Redshift have in common, as far as the sink needs it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from hitparade.sinks.base import arrow_schema
from hitparade.sinks.warehouse.tables import Dialect, Table

if TYPE_CHECKING:
    import pyarrow as pa

REFUSALS = ("25006", "28", "3D", "3F", "42501")
"""SQLSTATEs, or classes of them, of what is for someone to set right: rights, names, a server that only reads."""
STANDS_ON = "2BP01"
"""The SQLSTATE of what cannot be dropped since something else stands on it."""
STANDS_ON_HINT = "drop what stands on it, publish, and make it again: a view of ours changes with its KPI"


class Database(Protocol):
    """One connection. Statements are in the part of SQL that both understand; values stand as `%s`."""

    dialect: Dialect
    lost: bool
    """Whether it may be of no more use, since the server did not answer."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is done within becomes true at its end, or not at all."""
        ...

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run a statement; how many rows it touched."""
        ...

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        ...

    def copy(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        """Append rows, whose columns are the table's in their order; how many."""
        ...

    def analyze(self, table: str) -> None:
        """See that the planner knows what is in a table that was just filled: what it guesses may take hours."""
        ...

    def close(self) -> None:
        """Let go of the connection; what is not committed is undone."""
        ...


def shaped(table: Table, batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    """Batches with just the table's names and types, by their place."""
    import pyarrow as pa

    schema = arrow_schema(table.columns)
    for batch in batches:
        columns = [column.cast(kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
