"""What a sink must be able to do, and how one is found by its URL's scheme."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from hitparade.errors import ConfigError
from hitparade.model import Kpi

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMES = ("files",)


class Sink(Protocol):
    """A place that KPI days are written to, each whole or not at all, as often as needed.

    A write carries the number of the run that makes it; a sink that holds a later run's refuses it (Fenced).
    """

    url: str

    def table(self, kpi: Kpi) -> str | None:
        """The name under which the sink keeps a KPI, None where it has no place for it."""
        ...

    def write(self, kpi: Kpi, day: date, rows: pa.Table, *, run: int) -> int:
        """Put a KPI's day there, in the place of what it held; how many rows it holds now.

        `rows` has the KPI's columns and every stored row, those of zeros (vanished keys) too.
        """
        ...

    def holds(self, kpi: Kpi, day: date) -> int | None:
        """The run that wrote a KPI's day, None where nobody did."""
        ...


def open_sink(url: str, *, place: Callable[[str], str]) -> Sink:
    """The sink at a URL, by its scheme; `place` gives the path of a location in the workspace."""
    scheme = url.partition(":")[0]
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}:..." for name in SCHEMES)
        raise ConfigError(f"sinks: no sink for '{url}'", hint=f"there is {known}")
    sink: Sink = import_module(f"hitparade.sinks.{scheme}").open_sink(url, place=place)
    return sink
