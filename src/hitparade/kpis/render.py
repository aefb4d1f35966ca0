"""A KPI's SQL in an engine's dialect."""

from __future__ import annotations

from typing import Literal

import sqlglot
from sqlglot import exp

Dialect = Literal["duckdb", "spark", "redshift", "postgres"]


def render(sql_or_expression: str | exp.Expr, dialect: Dialect) -> str:
    """The same SELECT in `dialect`, without its comments.

    Only SQL that `portable.check` lets through means the same in every dialect.
    """
    if isinstance(sql_or_expression, str):
        sql_or_expression = sqlglot.parse_one(sql_or_expression, dialect="duckdb")
    return sql_or_expression.sql(dialect, pretty=True, comments=False)
