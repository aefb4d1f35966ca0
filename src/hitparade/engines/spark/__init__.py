"""The Spark engine: for more than one machine holds. The rules and the KPIs are those of the DuckDB engine.

Files and batches of days are spread over executors, each of which does on its share what the DuckDB engine does on
everything; what is too large for one of them is SQL on all.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hitparade.engines.spark.compute import Computing
from hitparade.engines.spark.load import Loading
from hitparade.engines.spark.session import Cluster
from hitparade.storage import Storage

__all__ = ["Cluster", "SparkEngine", "open_engine"]


class SparkEngine(Loading, Computing):
    """See Engine."""


def open_engine(
    cluster: Cluster, *, day_rows: int, scratch: Path, zone: str, storage: Storage, translate: Callable[[str], str]
) -> SparkEngine:
    """An engine on a cluster, which is started or joined when first needed.

    Days of more than `day_rows` listens are computed by SQL, which `translate` makes of DuckDB's; days are counted
    in `zone`.
    """
    return SparkEngine(
        cluster=cluster, day_rows=day_rows, scratch=scratch, zone=zone, storage=storage, translate=translate
    )
