"""docs/kpis.md, written from the headers: `python -m hitparade.kpis.reference > docs/kpis.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from hitparade.kpis.registry import load_kpis
from hitparade.model import Column, Kpi, Relation

_OPENING = """\
# KPIs

Generated from the headers of `src/hitparade/kpis/sql/*.sql` by `python -m hitparade.kpis.reference`; a test
checks that this page is current.

A **listen** is one row of streams, identified by user, track and time: its repeats, within a file or over
files, count once. Its listening time is the track's duration. Listens of unknown duration are in no sum of
time, and an average of time divides by what has a duration; where nothing has one it is empty. Counts and
times are exact integers, and nothing is rounded.

A KPI of scope *day* is stored, one partition for each day. One of scope *all time* is a view, evaluated when
it is read. A column's measure class says how its values combine:

| class | meaning |
|---|---|
| key | part of the grain: one row for each combination of the keys |
| attribute | describes the keys of its row |
| additive | may be summed over any key that splits the listens into disjoint parts, such as the day |
| distinct | counts different things: must be counted anew at every grain, never summed |
| ratio | a quotient of sums: must be divided anew at every grain, never summed or averaged |
| rank | a place among the rows of its chart |
"""

_RELATIONS = """\
## Shared relations

Computed once for each batch of days, and read by the KPIs above.

| relation | reads | meaning |
|---|---|---|
"""

_ADDING = """\
## Adding a KPI

A KPI is one file, `<name>.sql`: the header as a YAML comment, then one SELECT in DuckDB's dialect. It reads
`plays` or another shared relation, and the catalogue: `songs`, `song_genres`, `song_artists`, `users`; one
of scope all time may also read KPIs of scope day. Every KPI has a `listen_count`, and one of scope day
begins with `listen_date`.

The SELECT is rendered for Spark, Redshift and PostgreSQL too, so only SQL that means the same on all of
them is accepted: joins with ON, CTEs, GROUP BY written out, COUNT, MIN, MAX, `CAST(SUM(x) AS BIGINT)`,
CASE, COALESCE, `CAST(x AS DOUBLE) / NULLIF(y, 0)`, ROW_NUMBER and RANK with an ORDER BY. Anything else is
refused by name and line.

A KPI of this project also has a folder of cases, `tests/kpis/cases/<name>/`.
"""


def reference(kpis: Iterable[Kpi]) -> str:
    """The page, in Markdown."""
    listed = list(kpis)
    relations = {relation.name: relation for kpi in listed for relation in kpi.relations}
    pages = [
        _OPENING,
        *map(_section, listed),
        _RELATIONS + "".join(map(_relation, relations.values())),
        _ADDING,
    ]
    return "\n".join(pages)


def _section(kpi: Kpi) -> str:
    return "\n".join(_lines(kpi)) + "\n"


def _lines(kpi: Kpi) -> Iterator[str]:
    yield f"## {kpi.name}\n"
    yield f"{kpi.description}\n"
    yield f"* Scope: {'day' if kpi.scope == 'day' else 'all time'}"
    yield f"* Grain: {_code(kpi.grain)}"
    if kpi.served is not None:
        yield f"* Shown and served: positions 1 to {kpi.served}"
    if kpi.settings:
        yield f"* Settings: {_code(kpi.settings)}"
    yield f"* Reads: {_code(kpi.reads)}\n"
    yield "| column | type | unit | measure | meaning |"
    yield "|---|---|---|---|---|"
    yield from map(_row, kpi.columns)


def _row(column: Column) -> str:
    cells = (f"`{column.name}`", column.type, column.unit or "", column.measure, column.description)
    return f"| {' | '.join(map(_cell, cells))} |"


def _relation(relation: Relation) -> str:
    return f"| `{relation.name}` | {_code(relation.reads)} | {_cell(relation.description)} |\n"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(reference(load_kpis(settings={"genre_attribution": "all"})))
