"""What a sink must be able to do, and how one is found by its URL's scheme."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from hitparade.errors import ConfigError
from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.model import Dataset, Delivery, Kpi
from hitparade.progress import Advance
from hitparade.storage import Storage

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMES = {"dynamodb": "dynamodb", "files": "files", "postgresql": "warehouse", "redshift": "warehouse"}
"""Scheme -> the part of this folder that knows it."""
EVERY_DAY = "hourly"
"""The KPI that has a row for every day with listens."""
Rows = TypeVar("Rows", "pa.Table", "pa.RecordBatch")


def unseen(units: int) -> None:
    """Progress that nobody watches."""


class Sink(Protocol):
    """A place that KPI days are written to, each whole or not at all, as often as needed.

    A write carries the number of the run that makes it; a sink that holds a later run's refuses it (Fenced).
    """

    url: str

    def table(self, kpi: Kpi) -> str | None:
        """The name under which the sink keeps a KPI, no other KPI's; None where it has no place for it."""
        ...

    def write(self, kpi: Kpi, day: date, rows: pa.Table, *, run: int, advance: Advance = unseen) -> int:
        """Put a KPI's day there, in the place of what it held; how many rows it holds now, but for those of zeros.

        `rows` has the KPI's columns and every stored row, those of zeros (vanished keys) too. `advance` is told of
        each of them.
        """
        ...

    def holds(self, kpi: Kpi, day: date) -> int | None:
        """The run that wrote a KPI's day, None where nobody did."""
        ...

    def counted(self, kpi: Kpi) -> Mapping[date, int]:
        """The rows that it holds of each day of a KPI, but for those of zeros, as cheaply as it can tell."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


@runtime_checkable
class Warehouse(Sink, Protocol):
    """A sink that keeps listens and the catalogue too, and may compute KPIs of them itself (`computes`)."""

    computes: bool

    def version(self) -> str:
        """What the database says it is, once it is reached."""
        ...

    def is_new(self) -> bool:
        """Whether no lake has written here yet, whatever the ledger says of a warehouse that was here before."""
        ...

    def merged(self, dataset: Dataset) -> frozenset[int]:
        """The load_ids of a catalogue that are here."""
        ...

    def turn(self, kpis: Iterable[Kpi], *, run: int, lake: str | None = None) -> AbstractContextManager[Turn]:
        """A transaction in which nobody else writes; the tables and views of KPIs are there in it.

        LakeError where the warehouse belongs to another lake than this one.
        """
        ...


class Turn(Protocol):
    """What is done in one transaction of a warehouse; all of it is true at its end, or nothing.

    Where a later run has written the same before, it is refused (Fenced).
    """

    def held(self, days: Collection[date]) -> Mapping[date, frozenset[int]]:
        """The load_ids whose listens are here, for each of some days."""
        ...

    def take_out(self, days: Collection[date]) -> None:
        """Remove the listens of days, and that their loads are here."""
        ...

    def add_listens(self, batches: Iterable[pa.RecordBatch], loads: Mapping[date, Mapping[Delivery, int]]) -> int:
        """Append listens, and record the deliveries, with their rows of each day, that they come from."""
        ...

    def merge(
        self,
        dataset: Dataset,
        rows: Iterable[tuple[str, Iterator[pa.RecordBatch]]],
        deliveries: Collection[Delivery],
    ) -> int:
        """Put rows of a catalogue, by relation, in the place of those with their keys; how many keys there were."""
        ...

    def put(self, kpi: Kpi, days: Collection[date], batches: Iterable[pa.RecordBatch]) -> Mapping[date, int]:
        """Put days of a KPI in the place of what is here of them; the rows of each."""
        ...

    def compute(self, wanted: Sequence[tuple[Kpi, Collection[date]]]) -> Mapping[tuple[str, date], int]:
        """Compute days of KPIs from the rows that are here; the rows of each KPI's day."""
        ...


class Reader(Protocol):
    """A place that KPIs are read from as the lake gives them: same columns, types and order, no rows of zeros."""

    def days(self) -> tuple[date, ...]:
        """Days that have listens, in order."""
        ...

    def read(self, kpi: Kpi, *, where: Mapping[str, object], positions: int | None, days: Span = ALWAYS) -> pa.Table:
        """A KPI's rows, of some days, in the order of its keys.

        `where` wants values, `positions` at most so many of a chart. `days` are for KPIs that have a `listen_date`.
        """
        ...

    def freshness(self, kpi: Kpi, days: Span = ALWAYS) -> Freshness:
        """How fresh some days of a KPI are, as far as is known here. Rows read afterwards are at least so."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def heard(rows: Rows) -> Rows:
    """The rows of a stored KPI but those of zeros, whose keys have vanished."""
    import pyarrow.compute as pc

    return rows.filter(pc.field("listen_count") > 0)


def as_served(kpi: Kpi, rows: Rows) -> Rows:
    """The rows of a stored KPI that are served: of a chart its first positions."""
    import pyarrow.compute as pc

    return rows if kpi.served is None else rows.filter(pc.field("position") <= kpi.served)


def see_served(kpi: Kpi, positions: int | None, *, url: str) -> None:
    """ConfigError where more of a chart is wanted than a sink has."""
    if positions is not None and kpi.served is not None and positions > kpi.served:
        raise ConfigError(
            f"{url} holds {kpi.name} to position {kpi.served}, not to {positions}",
            hint="read it from the lake, which holds more",
        )


def open_sink(url: str, *, place: Callable[[str], str], storage: Storage | None = None) -> Sink:
    """The sink at a URL, by its scheme; `place` gives the path of a location in the workspace, `storage` its files."""
    sink: Sink = module_of(url).open_sink(url, place=place, storage=storage or Storage())
    return sink


def open_reader(url: str, *, place: Callable[[str], str] = str) -> Reader:
    """A reader of what the sink at a URL has written; `place` as for sinks."""
    reader: Reader = module_of(url).open_reader(url, place=place)
    return reader


def arrow_schema(kinds: Mapping[str, str]) -> pa.Schema:
    """Columns as Arrow knows them, by their types' names."""
    import pyarrow as pa

    arrow = {
        "string": pa.string(),
        "int": pa.int32(),
        "long": pa.int64(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }
    return pa.schema([(name, arrow[kind]) for name, kind in kinds.items()])


def kpi_schema(kpi: Kpi) -> pa.Schema:
    """A KPI's columns as the lake has them."""
    return arrow_schema({column.name: column.type for column in kpi.columns})


def is_sink(location: str) -> bool:
    """Whether a location is the URL of a sink."""
    return location.partition(":")[0] in SCHEMES and ":" in location


def module_of(url: str) -> Any:
    """The module of a URL's scheme; ConfigError where there is none."""
    scheme = url.partition(":")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}:..." for name in SCHEMES)
        shown = f"{scheme}:..." if "@" in url else url  # there may be a password before the @
        raise ConfigError(f"sinks: no sink for '{shown}'", hint=f"there is {known}")
    return import_module(f"hitparade.sinks.{SCHEMES[scheme]}")
