"""All that a workspace tells of what was delivered to it, in a form in which two workspaces can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hitparade.charts import Charts
from hitparade.workspace import TABLES, Workspace
from tests.shop import Shop, rows_of

Row = dict[str, Any]
LISTED = ("seq", "dataset", "name", "status", "rows_read", "rows_loaded", "rows_rejected", "reason")
COMPUTED = ("seq", "hash", "rows", "listens", "repeats")


@dataclass(frozen=True, slots=True)
class Seen:
    """What must not depend on the engine. Rows name their delivery by its seq, since load_ids are each attempt's own.

    `kpis` are answers, `stored` the KPI tables with their rows of zeros, `exports` what the files sink was given.
    """

    deliveries: list[tuple[object, ...]]
    lake: Mapping[str, list[Row]]
    rejects: list[Row]
    computations: Mapping[tuple[str, str], tuple[object, ...]]
    stored: Mapping[str, list[Row]]
    columns: Mapping[str, list[str]]
    kpis: Mapping[str, list[Row]]
    exports: Mapping[str, str]


ASPECTS = [field.name for field in fields(Seen)]


def seen(shop: Shop) -> Seen:
    """What a workspace tells, read by its engine."""
    with shop.open() as ws:
        charts = Charts.of(ws)
        files = {kpi.name: [file.path for file in ws.lake.files(f"kpi_{kpi.name}")] for kpi in ws.daily_kpis}
        tables = {kpi.name: ws.engine.stored(kpi, files[kpi.name]) for kpi in ws.daily_kpis}
        return Seen(
            deliveries=[tuple(getattr(each, name) for name in LISTED) for each in reversed(ws.ledger.deliveries())],
            lake={table: lake_rows(ws, table) for tables in TABLES.values() for table in tables},
            rejects=lake_rows(ws, "rejects"),
            computations={
                (each.kpi, str(each.listen_date)): tuple(getattr(each, name) for name in COMPUTED)
                for kpi in ws.daily_kpis
                for each in ws.ledger.computations(kpi=kpi.name)
            },
            stored={name: table.to_pylist() for name, table in tables.items()},
            columns={name: sorted({columns_of(path) for path in paths}) for name, paths in files.items()},
            kpis={
                **{kpi.name: rows_of(charts, kpi.name) for kpi in charts.kpis},
                "hourly to the last day but one": charts.read("hourly", last=charts.days()[-2]).to_pylist(),
            },
            exports=exported(shop.root / "exports"),
        )


def lake_rows(ws: Workspace, table: str) -> list[Row]:
    """Every row of a table that some delivery names, in an order of their own."""
    seqs = {each.load_id: each.seq for each in ws.ledger.deliveries()}
    rows = [row for file in ws.lake.files(table) for row in pq.ParquetFile(file.path).read().to_pylist()]
    for row in rows:
        row["delivery"] = seqs.get(row.pop("load_id"))
        row.pop("rejected_at", None)
    return sorted((row for row in rows if row["delivery"] is not None), key=repr)


def columns_of(path: str) -> str:
    """The columns of a Parquet file, with their types. In the lake each may be null, whatever a file says."""
    return ", ".join(f"{field.name} {field.type}" for field in pq.read_schema(path))


def exported(folder: Path) -> Mapping[str, str]:
    """The CSV files that were published."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.csv"))}
