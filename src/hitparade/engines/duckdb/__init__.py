"""The DuckDB engine: one process, bounded memory, spilling to disk when it must."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from hitparade.engines.base import BadRows, Flawed
from hitparade.engines.duckdb.compute import Computing
from hitparade.engines.duckdb.load import Loading
from hitparade.engines.duckdb.remote import Outbox
from hitparade.model import ComputedDays, Dataset, InEffect, Kpi, Source, Staging
from hitparade.storage import Storage, is_remote

__all__ = ["DuckDBEngine", "open_engine"]


class DuckDBEngine(Loading, Computing):
    """Turns files into Parquet and days into KPIs; see Loading and Computing.

    What belongs in a bucket is written on this disk first, and put there when it is whole.
    """

    def stage_listens(self, sources: Sequence[Source], folder: str) -> Staging:
        """See Engine."""
        if is_remote(folder):
            self.storage.remove_below(folder)  # of an earlier go, with files that are not among these
        with Outbox(self.storage, {"listens": folder}, self.scratch) as box:
            done = super().stage_listens(sources, box.local["listens"])
            return replace(done, files={"listens": box.placed("listens", done.files["listens"])})

    def stage_catalogue(
        self,
        source: Source,
        dataset: Dataset,
        folders: Mapping[str, str],
        *,
        in_effect: InEffect,
        watched: Mapping[str, frozenset[str]],
    ) -> Staging:
        """See Engine."""
        with Outbox(self.storage, folders, self.scratch) as box:
            done = super().stage_catalogue(source, dataset, box.local, in_effect=in_effect, watched=watched)
            return replace(done, files={table: box.placed(table, files) for table, files in done.files.items()})

    def problems(self, files: Sequence[Flawed], *, now: datetime) -> Mapping[int, BadRows]:
        """See Engine."""
        folders = {str(each.source.load_id): each.folder for each in files}
        with Outbox(self.storage, folders, self.scratch) as box:
            here = [replace(each, folder=box.local[str(each.source.load_id)]) for each in files]
            found = super().problems(here, now=now)
            return {load_id: replace(bad, files=box.placed(str(load_id), bad.files)) for load_id, bad in found.items()}

    def compute_days(
        self,
        kpis: Sequence[Kpi],
        days: Collection[date],
        listens: InEffect,
        *,
        rows: int,
        previous: Mapping[str, Sequence[str]],
        folders: Mapping[str, str],
    ) -> ComputedDays:
        """See Engine."""
        with Outbox(self.storage, folders, self.scratch) as box:
            done = super().compute_days(kpis, days, listens, rows=rows, previous=previous, folders=box.local)
            return replace(done, files={name: box.placed(name, files) for name, files in done.files.items()})


def open_engine(*, memory: str, threads: int, scratch: Path, zone: str, storage: Storage) -> DuckDBEngine:
    """An engine that takes at most `memory` (such as "1GB"), spills into `scratch`, and counts days in `zone`."""
    return DuckDBEngine(memory=memory, threads=threads, scratch=scratch, zone=zone, storage=storage)
