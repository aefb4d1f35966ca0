"""The KPIs that are computed in a warehouse, as CSV: the rows of its views of these names."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from contextlib import closing

from hitparade.export.place import Exported, Place, write_text
from hitparade.workspace import Workspace

VIEWS = ("genre_kpis", "hourly_kpis")
WAREHOUSES = ("postgresql:", "redshift:")
DECIMALS: Mapping[str, int] = {"avg_popularity": 1, "avg_duration_sec": 2, "track_diversity_index": 3}


def warehouse(ws: Workspace) -> str | None:
    """The first sink that is a warehouse."""
    return next((url for url in ws.settings.sinks if url.startswith(WAREHOUSES)), None)


def write_kpis(ws: Workspace, place: Place, outcome: Exported) -> None:
    """Write the rows of the warehouse's views; nothing where there is no warehouse."""
    from hitparade.sinks.warehouse import open_reader

    url = warehouse(ws)
    if url is None:
        return
    with closing(open_reader(url, place=ws.settings.place)) as reader:
        tables = {name: reader.view(name) for name in VIEWS}
    for name, table in tables.items():
        rows = ([as_text(column, value) for column, value in row.items()] for row in table.to_pylist())
        write_text(place, f"{name}.csv", [",".join(table.column_names), *map(as_line, rows)], outcome, heads=1)


def as_text(column: str, value: object) -> str:
    """A value with as many decimals as the column has, whichever warehouse it comes from; nothing for none."""
    if value is None:
        return ""
    return f"{value:.{DECIMALS[column]}f}" if column in DECIMALS else str(value)


def as_line(values: Sequence[str]) -> str:
    """A line of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()
