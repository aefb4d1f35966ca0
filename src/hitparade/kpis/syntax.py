"""What messages call a piece of SQL, and the line on which it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from sqlglot import exp

Node = exp.Expr

_NAMES: Final[Mapping[type[Node], str]] = {
    exp.Bracket: "a subscript",
    exp.Subquery: "a subquery",
    exp.Tuple: "a tuple",
    exp.Boolean: "TRUE or FALSE",
    exp.GroupConcat: "STRING_AGG",
    exp.IntDiv: "//",
    exp.Mod: "%",
    exp.DPipe: "||",
}

_ARGUMENTS: Final[Mapping[tuple[type[Node], str], str]] = {
    (exp.Distinct, "on"): "DISTINCT ON",
    (exp.Group, "all"): "GROUP BY ALL",
    (exp.Identifier, "quoted"): "a quoted name",
    (exp.If, "false"): "IF",
    (exp.In, "query"): "a subquery",
    (exp.Join, "method"): "a NATURAL, ASOF or POSITIONAL join",
    (exp.Join, "using"): "USING",
    (exp.Max, "count"): "MAX of several",
    (exp.Min, "count"): "MIN of several",
    (exp.Order, "this"): "ORDER BY in an aggregate",
    (exp.Select, "order"): "ORDER BY of a SELECT",
    (exp.Select, "windows"): "a named window",
    (exp.Table, "db"): "a table with its schema",
    (exp.Window, "spec"): "a window frame",
    (exp.With, "recursive"): "WITH RECURSIVE",
}


def name_of(node: Node) -> str:
    """A function by DuckDB's name, anything else by its keyword."""
    if type(node) in _NAMES:
        return _NAMES[type(node)]
    if isinstance(node, exp.IgnoreNulls):
        return name_of(node.this)
    if isinstance(node, exp.Anonymous):
        return str(node.this).upper()
    if isinstance(node, exp.Func):
        written = re.match(r"\w+(?=\()", node.sql("duckdb"))
        return written[0] if written else node.sql_name()
    return _spaced(type(node).__name__)


def argument_name(node: Node, argument: str) -> str:
    """What is meant by an argument that is set on a node."""
    if (type(node), argument) in _ARGUMENTS:
        return _ARGUMENTS[type(node), argument]
    value = node.args[argument]
    inner = value[0] if isinstance(value, list) else value
    if isinstance(inner, exp.Expr) and not isinstance(inner, exp.Condition | exp.Identifier):
        return name_of(inner)
    return f"{_spaced(argument.rstrip('_'))} of {name_of(node)}"


def line_of(node: Node) -> int | None:
    """The line on which `node` begins; of what stands nearest where SQLGlot did not keep it."""
    for near in (node, *_ancestors(node)):
        lines = [part.meta["line"] for part in near.walk() if "line" in part.meta]
        if lines:
            return int(min(lines))
    return None


def _ancestors(node: Node) -> Iterator[Node]:
    while node.parent is not None:
        node = node.parent
        yield node


def _spaced(camel: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", camel).upper()
