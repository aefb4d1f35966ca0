"""What a sink must be able to do, and how one is found by its URL's scheme."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from hitparade.errors import ConfigError
from hitparade.model import Kpi
from hitparade.progress import Advance
from hitparade.storage import Storage

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMES = ("dynamodb", "files")
READABLE = ("dynamodb",)


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

    def close(self) -> None:
        """Let go of everything."""
        ...


class Reader(Protocol):
    """A place that KPIs are read from as the lake gives them: same columns, types and order, no rows of zeros."""

    def days(self) -> tuple[date, ...]:
        """Days that have listens, in order."""
        ...

    def read(self, kpi: Kpi, *, where: Mapping[str, object], positions: int | None) -> pa.Table:
        """A KPI's rows in the order of its keys; `where` wants values, `positions` at most so many of a chart."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def open_sink(url: str, *, place: Callable[[str], str], storage: Storage | None = None) -> Sink:
    """The sink at a URL, by its scheme; `place` gives the path of a location in the workspace, `storage` its files."""
    sink: Sink = module_of(url, SCHEMES).open_sink(url, place=place, storage=storage or Storage())
    return sink


def open_reader(url: str) -> Reader:
    """A reader of what the sink at a URL has written."""
    reader: Reader = module_of(url, READABLE).open_reader(url)
    return reader


def module_of(url: str, schemes: tuple[str, ...]) -> Any:
    """The module of a URL's scheme, if it is one of these."""
    scheme = url.partition(":")[0]
    if scheme not in schemes:
        known = ", ".join(f"{name}:..." for name in schemes)
        raise ConfigError(f"sinks: no sink for '{url}'", hint=f"there is {known}")
    return import_module(f"hitparade.sinks.{scheme}")
