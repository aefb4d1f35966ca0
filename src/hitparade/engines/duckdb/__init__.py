"""The DuckDB engine: one process, bounded memory, spilling to disk when it must."""

from __future__ import annotations

from pathlib import Path

from hitparade.engines.duckdb.compute import Computing
from hitparade.engines.duckdb.counting import Counting
from hitparade.engines.duckdb.export import Exporting
from hitparade.engines.duckdb.load import Loading
from hitparade.engines.duckdb.rewrite import Rewriting
from hitparade.engines.duckdb.rows import Rows
from hitparade.storage import Storage

__all__ = ["DuckDBEngine", "open_engine"]


class DuckDBEngine(Loading, Computing, Rows, Exporting, Rewriting, Counting):
    """Turns files into Parquet and days into KPIs; see each of what it is made of.

    What belongs in a bucket is written on this disk first, and put there when it is whole.
    """


def open_engine(*, memory: str, threads: int, scratch: Path, zone: str, storage: Storage) -> DuckDBEngine:
    """An engine that takes at most `memory` (such as "1GB"), spills into `scratch`, and counts days in `zone`."""
    return DuckDBEngine(memory=memory, threads=threads, scratch=scratch, zone=zone, storage=storage)
