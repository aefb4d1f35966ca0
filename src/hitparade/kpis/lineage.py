"""What a SELECT reads and what it gives, by a walk of its own.

The SQL that `portable` lets through is flat (CTEs, tables and joins, no subqueries), so this is a page long
and many times as fast as a general qualifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from sqlglot import exp

from hitparade.errors import KpiError
from hitparade.kpis.syntax import line_of

Columns = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Lineage:
    """The columns a SELECT gives, in order, and those it reads of each relation."""

    columns: tuple[str, ...]
    reads: Mapping[str, frozenset[str]]


def tables_of(select: exp.Select) -> Mapping[str, int | None]:
    """The relations a SELECT reads, CTEs left out, with the line of each one's first mention."""
    ctes = {cte.alias for cte in select.ctes}
    tables: dict[str, int | None] = {}
    for table in select.find_all(exp.Table, bfs=False):
        if table.name not in ctes:
            tables.setdefault(table.name, line_of(table))
    return tables


def lineage(select: exp.Select, relations: Columns, source: str) -> Lineage:
    """Resolve every column of `select`, given the columns of every relation it reads.

    KpiError for a column that does not exist, is ambiguous or has no name.
    """
    known = dict(relations)
    reads: dict[str, set[str]] = {table: set() for table in tables_of(select)}
    for cte in select.ctes:
        if cte.alias in known:
            raise KpiError(source, f"two CTEs are named {cte.alias}", line=line_of(cte))
        known[cte.alias] = _columns(cte.this, known, reads, source)
    columns = _columns(select, known, reads, source)
    return Lineage(columns, {table: frozenset(names) for table, names in reads.items()})


def _columns(select: exp.Select, known: Columns, reads: Mapping[str, set[str]], source: str) -> tuple[str, ...]:
    sources = _sources(select, known, source)
    for node in _own_nodes(select):
        for column in node.find_all(exp.Column):
            table = _table_of(column, sources, known, source)
            if table in reads:
                reads[table].add(column.name)
    return _output(select, source)


def _own_nodes(select: exp.Select) -> list[exp.Expr]:
    """What hangs below a SELECT, its CTEs left out."""
    return [node for node in select.iter_expressions() if not isinstance(node, exp.With)]


def _sources(select: exp.Select, known: Columns, source: str) -> Mapping[str, str]:
    tables = [node.this for node in [select.args.get("from_"), *select.args.get("joins", [])] if node is not None]
    sources: dict[str, str] = {}
    for table in tables:
        if table.name not in known:
            problem = f"no CTE {table.name} comes before this, and it hides the relation of its name"
            raise KpiError(source, problem, line=line_of(table))
        if table.alias_or_name in sources:
            raise KpiError(source, f"{table.alias_or_name} is read twice under one name", line=line_of(table))
        sources[table.alias_or_name] = table.name
    return sources


def _table_of(column: exp.Column, sources: Mapping[str, str], known: Columns, source: str) -> str:
    def fail(problem: str) -> NoReturn:
        raise KpiError(source, problem, line=line_of(column))

    if not column.table:
        if len(sources) != 1:
            fail(f"{column.name} does not say of which relation it is")
        table = next(iter(sources.values()))
    elif column.table in sources:
        table = sources[column.table]
    else:
        fail(f"{column.table} is not among the relations of this SELECT")
    if column.name not in known[table]:
        fail(f"{table} has no column {column.name}")
    return table


def _output(select: exp.Select, source: str) -> tuple[str, ...]:
    names: list[str] = []
    for expression in select.expressions:
        name = expression.alias or (expression.name if isinstance(expression, exp.Column) else "")
        if not name:
            raise KpiError(source, "an expression of the SELECT has no name", line=line_of(expression), hint="AS ...")
        if name in names:
            raise KpiError(source, f"the SELECT gives {name} twice", line=line_of(expression))
        names.append(name)
    return tuple(names)
