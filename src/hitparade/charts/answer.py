"""An answer: the rows of a KPI, and how fresh they are."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hitparade.errors import MissingLibrary
from hitparade.freshness import Freshness
from hitparade.model import Kpi

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of a KPI in the order of its keys; `freshness` is that of the days that were asked for.

    It is found out before the rows are read, so these are at least as fresh.
    """

    kpi: Kpi
    table: pa.Table
    freshness: Freshness

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dicts, by the names of the columns."""
        found: list[dict[str, Any]] = self.table.to_pylist()
        return found

    def to_pandas(self) -> Any:
        """The rows as a pandas DataFrame."""
        library("pandas")
        return self.table.to_pandas()

    def to_polars(self) -> Any:
        """The rows as a Polars DataFrame."""
        return library("polars").from_arrow(self.table)


def library(name: str) -> Any:
    """A library that this project does not bring."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise MissingLibrary(f"to_{name}()", name) from error
