"""Functions that the two have under one name and with another meaning, or that only Redshift has."""

from __future__ import annotations

from sqlglot import exp

from hitparade.emulator.warehouse.refusals import UNSUPPORTED, Refused

SCHEMA = "redshift"
# Redshift's AVG is of the type of what it is of: of whole numbers a whole one, of decimals one of as many places.
# PostgreSQL's own average comes first, and one of the values second, which tells the type.
MADE = """
    CREATE SCHEMA IF NOT EXISTS redshift;
    CREATE OR REPLACE FUNCTION redshift.avg(NUMERIC, SMALLINT) RETURNS BIGINT IMMUTABLE LANGUAGE SQL
        AS 'SELECT TRUNC($1)::BIGINT';
    CREATE OR REPLACE FUNCTION redshift.avg(NUMERIC, INTEGER) RETURNS BIGINT IMMUTABLE LANGUAGE SQL
        AS 'SELECT TRUNC($1)::BIGINT';
    CREATE OR REPLACE FUNCTION redshift.avg(NUMERIC, BIGINT) RETURNS BIGINT IMMUTABLE LANGUAGE SQL
        AS 'SELECT TRUNC($1)::BIGINT';
    CREATE OR REPLACE FUNCTION redshift.avg(NUMERIC, NUMERIC) RETURNS NUMERIC IMMUTABLE LANGUAGE SQL
        AS 'SELECT ROUND($1, SCALE($2))';
    CREATE OR REPLACE FUNCTION redshift.avg(DOUBLE PRECISION, DOUBLE PRECISION) RETURNS DOUBLE PRECISION
        IMMUTABLE LANGUAGE SQL AS 'SELECT $1';
"""
"""What a database needs for the statements that are made here."""


def adapt_function(node: exp.Expr) -> None:
    """Put what PostgreSQL takes in the place of a function, if it is one of these."""
    if isinstance(node, exp.CurrentTimestamp):
        node.replace(exp.Localtimestamp())  # GETDATE and SYSDATE have no zone
    elif isinstance(node, exp.Extract):
        kind = "BIGINT" if node.name.upper() == "EPOCH" else "INT"
        node.replace(exp.cast(exp.Floor(this=node.copy()), kind))
    elif isinstance(node, exp.TsOrDsDiff):
        node.replace(days_between(node))
    elif isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.GroupConcat):
        node.replace(listed(node.this, node.expression))
    elif isinstance(node, exp.Avg) and not isinstance(node.parent, exp.Window):
        node.replace(average(node.copy(), exp.Max(this=valued(node))))
    elif isinstance(node, exp.Window) and isinstance(node.this, exp.Avg):
        other = node.copy()
        other.set("this", exp.Max(this=valued(node.this)))
        node.replace(average(node.copy(), other))


def days_between(node: exp.TsOrDsDiff) -> exp.Expr:
    """DATEDIFF counts the midnights between."""
    if node.text("unit").upper() not in {"DAY", "DAYS", "D"}:
        raise Refused(UNSUPPORTED, "the emulator has DATEDIFF of days only")
    return exp.paren(exp.Sub(this=exp.cast(node.this, "DATE"), expression=exp.cast(node.expression, "DATE")))


def listed(node: exp.GroupConcat, order: exp.Expr) -> exp.Expr:
    """LISTAGG, whose order stands within the parentheses of STRING_AGG."""
    within = exp.Order(this=node.this.copy(), expressions=[each.copy() for each in order.expressions])
    return exp.GroupConcat(this=within, separator=node.args.get("separator"))


def valued(node: exp.Avg) -> exp.Expr:
    """What an average is of."""
    value: exp.Expr = node.this.expressions[0] if isinstance(node.this, exp.Distinct) else node.this
    return value.copy()


def average(found: exp.Expr, value: exp.Expr) -> exp.Expr:
    """An average as Redshift gives it."""
    return exp.Dot(this=exp.to_identifier(SCHEMA), expression=exp.Anonymous(this="avg", expressions=[found, value]))
