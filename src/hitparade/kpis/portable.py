"""The part of SQL that means the same on DuckDB, Spark, Redshift and PostgreSQL.

SQLGlot renders much that then fails or, worse, answers differently, and says nothing. So this is an
allow-list: of each syntax node the arguments that may be set, and for some a rule. What is not named
here is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from sqlglot import exp

from hitparade.errors import KpiError
from hitparade.kpis.syntax import Node, argument_name, line_of, name_of

_BINARY: Final = frozenset({"this", "expression"})

_ALLOWED: Final[Mapping[type[Node], frozenset[str]]] = {
    exp.Select: frozenset({"with_", "distinct", "expressions", "from_", "joins", "where", "group"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.From: frozenset({"this"}),
    exp.Join: frozenset({"this", "on", "side", "kind"}),
    exp.Table: frozenset({"this", "alias"}),
    exp.TableAlias: frozenset({"this"}),
    exp.Where: frozenset({"this"}),
    exp.Group: frozenset({"expressions"}),
    exp.Distinct: frozenset({"expressions"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Identifier: frozenset({"this"}),
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Null: frozenset(),
    exp.Star: frozenset(),
    exp.Placeholder: frozenset({"this"}),
    exp.Paren: frozenset({"this"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Nullif: _BINARY,
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this"}),
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: _BINARY | {"typed", "safe"},
    exp.Neg: frozenset({"this"}),
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Not: frozenset({"this"}),
    exp.Is: _BINARY,
    exp.In: frozenset({"this", "expressions"}),
    exp.Count: frozenset({"this", "big_int"}),
    exp.Sum: frozenset({"this"}),
    exp.Min: frozenset({"this"}),
    exp.Max: frozenset({"this"}),
    exp.Window: frozenset({"this", "partition_by", "order", "over"}),
    exp.RowNumber: frozenset(),
    exp.Rank: frozenset(),
    exp.Order: frozenset({"expressions"}),
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
}


def check(expression: Node, source: str) -> exp.Select:
    """`expression` again; KpiError for the first construct in it not known to mean the same everywhere."""
    if not isinstance(expression, exp.Select):
        name = name_of(expression)
        raise KpiError(source, f"{name} is not portable: a file is one SELECT", line=line_of(expression))
    for node in expression.walk(bfs=False):
        if type(node) not in _ALLOWED:
            raise KpiError(source, f"{name_of(node)} is not portable", line=line_of(node))
        _check_arguments(node, source)
        rule = _RULES.get(type(node))
        problem = None if rule is None else rule(node)
        if problem is not None:
            raise KpiError(source, problem, line=line_of(node))
    return expression


def _check_arguments(node: Node, source: str) -> None:
    for argument, value in node.args.items():
        if argument not in _ALLOWED[type(node)] and value not in (None, False, []):
            first = value[0] if isinstance(value, list) else value
            line = line_of(first if isinstance(first, exp.Expr) else node)
            raise KpiError(source, f"{argument_name(node, argument)} is not portable", line=line)


# ---- rules: what is wrong with a node whose arguments are allowed, or None


def _identifier(node: Node) -> str | None:
    if re.fullmatch(r"[a-z][a-z0-9_]*", str(node.this)):
        return None
    return f"the name {node.this} is not portable: small letters, digits and _ only"


def _star(node: Node) -> str | None:
    return None if isinstance(node.parent, exp.Count) else "SELECT * is not portable"


def _join(node: Node) -> str | None:
    words = " ".join(str(node.args[key]) for key in ("side", "kind") if node.args.get(key))
    if words not in ("", "INNER", "LEFT"):
        return f"{words} JOIN is not portable"
    return None if node.args.get("on") else "a join without ON is not portable"


def _group(node: Node) -> str | None:
    if any(isinstance(key, exp.Literal) for key in node.expressions):
        return "GROUP BY a number is not portable: write the expression out"
    return None


def _count(node: Node) -> str | None:
    if node.this is None:
        return "COUNT() is not portable: write COUNT(*)"
    return None


def _distinct(node: Node) -> str | None:
    if isinstance(node.parent, exp.Count):
        return None if len(node.expressions) == 1 else "COUNT(DISTINCT ...) of several columns is not portable"
    return None if isinstance(node.parent, exp.Select) else f"DISTINCT in {_parent(node)} is not portable"


def _sum(node: Node) -> str | None:
    if not isinstance(node.parent, exp.Cast):
        return "SUM is not portable without its type: write CAST(SUM(...) AS BIGINT), or AS DOUBLE for a ratio"
    if any(isinstance(part, exp.Div) or _is_double(part) for part in node.walk()):
        return "SUM of DOUBLE is not portable, it depends on the order of rows: sum integers, then divide"
    return None


def _is_double(node: Node) -> bool:
    return isinstance(node, exp.Cast) and node.to.this == exp.DType.DOUBLE


def _cast(node: Node) -> str | None:
    kind = node.args["to"].this
    if kind == exp.DType.DOUBLE:
        return None
    if kind != exp.DType.BIGINT:
        return f"CAST AS {kind.value} is not portable"
    summed = isinstance(node.this, exp.Sum | exp.Window)
    return None if summed else "CAST AS BIGINT is not portable but around SUM: it rounds"


def _div(node: Node) -> str | None:
    divisor = node.args["expression"]
    if not (isinstance(divisor, exp.Nullif) and divisor.args["expression"] == exp.Literal.number(0)):
        return "division without NULLIF(divisor, 0) is not portable"
    return None if _is_double(node.this) else "division of anything but CAST(... AS DOUBLE) is not portable"


def _literal(node: Node) -> str | None:
    if node.args["is_string"] or re.fullmatch(r"[0-9]+", str(node.this)):
        return None
    return f"the number {node.this} is not portable: only integers are"


def _placeholder(node: Node) -> str | None:
    return None if node.this else "? is not portable: settings are $name"


def _is(node: Node) -> str | None:
    return None if isinstance(node.args["expression"], exp.Null) else "IS is not portable but with NULL"


def _window(node: Node) -> str | None:
    if not isinstance(node.this, exp.RowNumber | exp.Rank):
        return f"{name_of(node.this)} OVER is not portable: only ROW_NUMBER and RANK are"
    return None if node.args.get("order") else f"{name_of(node.this)} without ORDER BY is not portable"


def _ranking(node: Node) -> str | None:
    return None if isinstance(node.parent, exp.Window) else f"{name_of(node)} without OVER is not portable"


def _order(node: Node) -> str | None:
    return None if isinstance(node.parent, exp.Window) else f"ORDER BY in {_parent(node)} is not portable"


def _if(node: Node) -> str | None:
    return None if isinstance(node.parent, exp.Case) else "IF is not portable: write CASE"


def _parent(node: Node) -> str:
    return "this place" if node.parent is None else name_of(node.parent)


_RULES: Final[Mapping[type[Node], Callable[[Node], str | None]]] = {
    exp.Identifier: _identifier,
    exp.Star: _star,
    exp.Join: _join,
    exp.Group: _group,
    exp.Count: _count,
    exp.Distinct: _distinct,
    exp.Sum: _sum,
    exp.Cast: _cast,
    exp.Div: _div,
    exp.Literal: _literal,
    exp.Placeholder: _placeholder,
    exp.Is: _is,
    exp.Window: _window,
    exp.RowNumber: _ranking,
    exp.Rank: _ranking,
    exp.Order: _order,
    exp.If: _if,
}
