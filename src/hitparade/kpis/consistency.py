"""A header against the SQL below it: the columns it names are those that the SQL reads and gives."""

from __future__ import annotations

from hitparade.errors import KpiError
from hitparade.kpis.header import KpiHeader, RelationHeader
from hitparade.kpis.lineage import Lineage


def check_header(header: KpiHeader | RelationHeader, found: Lineage, source: str) -> None:
    """KpiError where the header and the SQL say different things, or a KPI lacks what every KPI has."""
    _check_reads(header, found, source)
    if isinstance(header, KpiHeader):
        _check_columns(header, found, source)
        _check_shape(header, source)


def _check_reads(header: KpiHeader | RelationHeader, found: Lineage, source: str) -> None:
    for name in {**found.reads, **header.reads}:
        said, read = set(header.reads.get(name, ())), found.reads.get(name, frozenset())
        for columns, problem in ((read - said, "left out"), (said - read, "not read by the SQL")):
            if columns:
                what = f"reads: {name}: {', '.join(sorted(columns))}: {problem}"
                raise KpiError(source, what, line=header.lines.get(f"reads.{name}", header.lines["reads"]))


def _check_columns(header: KpiHeader, found: Lineage, source: str) -> None:
    said = tuple(column.name for column in header.columns)
    if said != found.columns:
        problem = f"columns: the header has {', '.join(said)}; the SELECT gives {', '.join(found.columns)}"
        raise KpiError(source, problem, line=header.lines["columns"])


def _check_shape(header: KpiHeader, source: str) -> None:
    first = header.columns[0]
    types = {column.name: column.type for column in header.columns}
    keys = [column.name for column in header.columns if column.measure == "key"]
    if types.get("listen_count") != "long":
        problem = "there is no listen_count of type long, which tells the row of zeros of a vanished key"
    elif header.scope == "day" and (first.name, first.type, first.measure) != ("listen_date", "date", "key"):
        problem = "a KPI of scope day begins with listen_date, of type date and measure class key"
    elif not keys:
        problem = "no column has measure class key"
    elif header.served is not None and "position" not in keys:
        problem = "served counts positions, and there is no key position"
    else:
        return
    raise KpiError(source, f"columns: {problem}", line=header.lines["columns"])
