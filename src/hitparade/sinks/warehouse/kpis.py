"""KPI SQL over the warehouse's own tables: the same files, with the names that relations have there.

No query here has a WITH within a WITH, and what is computed for a batch of days stands in temporary tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import sqlglot
from sqlglot import exp

from hitparade.model import Kpi, Relation
from hitparade.sinks.warehouse.tables import LISTENS, SONGS, TYPES, USERS, Dialect, kpi_name
from hitparade.sqltext import identifier

CATALOGUE: Final = {
    "songs": SONGS.name,
    "users": USERS.name,
    "song_genres": "song_genres",
    "song_artists": "song_artists",
}
"""The catalogue's relations as the warehouse calls them; they have the columns that KPIs know."""
LISTENS_AS_KNOWN: Final = (
    f"SELECT listen_date, hour AS listen_hour, user_id, track_id, listen_time AS listened_at FROM {LISTENS.name}"
)
UNDECLARED: Final = {"postgres": {**TYPES["postgres"], "string": "TEXT"}, "redshift": TYPES["redshift"]}


def temporary(relation: str) -> str:
    """The name of a relation that is made for a batch of days."""
    return f"batch_{relation}"  # hitparade_ is of tables, which it would hide


def of_batch(
    relations: Sequence[Relation], kpis: Sequence[Kpi], days: str, dialect: Dialect
) -> Iterator[tuple[str, str]]:
    """The temporary tables that KPIs of some days are computed by, with their queries; `days` is a list in SQL."""
    names = {**CATALOGUE, "listens": temporary("listens")}
    yield temporary("listens"), f"{LISTENS_AS_KNOWN} WHERE listen_date IN ({days})"
    for relation in relations:
        yield temporary(relation.name), rendered(renamed(relation.sql, names), dialect)
        names[relation.name] = temporary(relation.name)
    for kpi in kpis:
        yield temporary(kpi.name), rendered(renamed(kpi.sql, names), dialect)


def view(kpi: Kpi, daily: Mapping[str, Kpi], dialect: Dialect) -> str:
    """The query of an all-time KPI: all that it rests on, one after the other, and its columns in their types."""
    names = {**CATALOGUE, **{name: kpi_name(other) for name, other in daily.items()}}
    parts: list[exp.CTE] = []
    if any("listens" in relation.reads for relation in kpi.relations) or "listens" in kpi.reads:
        parts.append(part("listens", sqlglot.parse_one(LISTENS_AS_KNOWN, dialect="duckdb")))
    for name, sql in (*((each.name, each.sql) for each in kpi.relations), (kpi.name, kpi.sql)):
        query = renamed(sql, names)
        parts.extend(hoisted(query, name))
        parts.append(part(name, query))
    columns = ", ".join(
        f"CAST({identifier(each.name)} AS {UNDECLARED[dialect][each.type]}) AS {identifier(each.name)}"
        for each in kpi.columns
    )
    ctes = ", ".join(rendered(each, dialect) for each in parts)
    return f"WITH {ctes} SELECT {columns} FROM {kpi.name}"


def hoisted(query: exp.Expr, prefix: str) -> Iterator[exp.CTE]:
    """A query's own CTEs, taken out of it under names that no other query has."""
    inner = query.args.get("with_")
    if inner is None:
        return
    query.set("with_", None)
    names = {cte.alias: f"{prefix}__{cte.alias}" for cte in inner.expressions}
    for body in (*(cte.this for cte in inner.expressions), query):
        rename(body, names)
    for cte in inner.expressions:
        yield part(names[cte.alias], cte.this)


def part(name: str, query: exp.Expr) -> exp.CTE:
    """A named part of a WITH."""
    return exp.CTE(this=query, alias=exp.TableAlias(this=exp.to_identifier(name)))


def renamed(sql: str, names: Mapping[str, str]) -> exp.Expr:
    """A SELECT whose relations have other names, and are known in it by the ones that they had."""
    query = sqlglot.parse_one(sql, dialect="duckdb")
    own = {cte.alias for cte in query.find_all(exp.CTE)}
    rename(query, {name: other for name, other in names.items() if name not in own})
    return query


def rename(query: exp.Expr, names: Mapping[str, str]) -> None:
    """Give relations other names, in place."""
    for table in list(query.find_all(exp.Table)):
        if table.name in names and names[table.name] != table.name:
            known_as = table.alias_or_name
            table.set("this", exp.to_identifier(names[table.name]))
            table.set("alias", exp.TableAlias(this=exp.to_identifier(known_as)))


def rendered(query: exp.Expr, dialect: Dialect) -> str:
    """SQL in a dialect, without comments."""
    return query.sql(dialect, comments=False)
