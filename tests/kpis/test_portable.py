"""What is not known to mean the same on every engine is refused, by name and line."""

from __future__ import annotations

import pytest
import sqlglot

from hitparade.errors import KpiError
from hitparade.kpis.portable import check

REFUSED = [
    # what a SELECT may not have
    ("SELECT\n  *\nFROM t", "SELECT *", 2),
    ("SELECT\n  t.*\nFROM t", "SELECT *", 2),
    ("SELECT t.a FROM t\nGROUP BY ALL", "GROUP BY ALL", 1),
    ("SELECT t.a FROM t\nGROUP BY 1", "GROUP BY a number", 2),
    ("SELECT t.a FROM t\nGROUP BY ROLLUP (t.a)", "ROLLUP", 2),
    ("SELECT t.a FROM t\nGROUP BY GROUPING SETS ((t.a), ())", "GROUPING SETS", 2),
    ("SELECT t.a, COUNT(*) AS n FROM t GROUP BY t.a\nHAVING COUNT(*) > 1", "HAVING", 2),
    ("SELECT t.a FROM t\nQUALIFY ROW_NUMBER() OVER (ORDER BY t.a) = 1", "QUALIFY", 2),
    ("SELECT t.a\nFROM t\nORDER BY\n  t.a", "ORDER BY of a SELECT", 4),
    ("SELECT t.a FROM t\nLIMIT 3", "LIMIT", 2),
    ("SELECT t.a FROM t\nOFFSET 3", "OFFSET", 2),
    ("SELECT DISTINCT ON (t.a) t.b FROM t", "DISTINCT ON", 1),
    ("SELECT t.a FROM t TABLESAMPLE (10 PERCENT)", "TABLE SAMPLE", 1),
    ("SELECT t.a FROM t UNION ALL SELECT t.a FROM t", "UNION", 1),
    ("SELECT x.a FROM (SELECT t.a FROM t) AS x", "a subquery", 1),
    ("SELECT t.a FROM t WHERE t.a IN (SELECT u.a FROM u)", "a subquery", 1),
    ("SELECT t.a FROM t WHERE EXISTS (SELECT u.a FROM u)", "EXISTS", 1),
    ("WITH RECURSIVE r AS (SELECT t.a FROM t) SELECT r.a FROM r", "WITH RECURSIVE", 1),
    ("WITH r AS MATERIALIZED (SELECT t.a FROM t) SELECT r.a FROM r", "MATERIALIZED of CTE", 1),
    ("WITH r(b) AS (SELECT t.a FROM t) SELECT r.b FROM r", "COLUMNS of TABLE ALIAS", 1),
    ("INSERT INTO t SELECT u.a FROM u", "INSERT", 1),
    ("DROP TABLE t", "DROP", 1),
    ("FROM t", "SELECT *", 1),
    # joins and tables
    ("SELECT t.a FROM t\nJOIN u USING (a)", "USING", 2),
    ("SELECT t.a FROM t\nNATURAL JOIN u", "a NATURAL, ASOF or POSITIONAL join", 2),
    ("SELECT t.a FROM t\nCROSS JOIN u", "CROSS JOIN", 2),
    ("SELECT t.a FROM t\nRIGHT JOIN u ON t.a = u.a", "RIGHT JOIN", 2),
    ("SELECT t.a FROM t\nFULL JOIN u ON t.a = u.a", "FULL JOIN", 2),
    ("SELECT t.a FROM t\nSEMI JOIN u ON t.a = u.a", "SEMI JOIN", 2),
    ("SELECT t.a FROM t\nASOF JOIN u ON t.a >= u.a", "a NATURAL, ASOF or POSITIONAL join", 2),
    ("SELECT t.a FROM t\nPOSITIONAL JOIN u", "a NATURAL, ASOF or POSITIONAL join", 2),
    ("SELECT t.a FROM t,\nu", "a join without ON", 2),
    ("SELECT t.a FROM main.t", "a table with its schema", 1),
    ("SELECT t.a FROM read_csv('x.csv') AS t", "READ_CSV", 1),
    ("SELECT t.a FROM 'x.parquet' AS t", "a quoted name", 1),
    ("SELECT UNNEST(t.a) AS b FROM t", "UNNEST", 1),
    ("SELECT t.a FROM t, LATERAL (SELECT 1 AS b) AS l", "a join without ON", 1),
    ("PIVOT t ON a USING COUNT(*)", "PIVOT", 1),
    ('SELECT t."a b" AS c FROM t', "a quoted name", 1),
    ("SELECT t.Total FROM t", "the name Total", 1),
    # aggregates
    ("SELECT\n  SUM(t.a) AS s\nFROM t", "SUM is not portable without its type", 2),
    ("SELECT CAST(SUM(DISTINCT t.a) AS BIGINT) AS s FROM t", "DISTINCT in SUM", 1),
    ("SELECT CAST(SUM(CAST(t.a AS DOUBLE)) AS DOUBLE) AS s FROM t", "SUM of DOUBLE", 1),
    ("SELECT CAST(SUM(t.a / t.b) AS DOUBLE) AS s FROM t", "SUM of DOUBLE", 1),
    ("SELECT AVG(t.a) AS s FROM t", "AVG", 1),
    ("SELECT MEDIAN(t.a) AS s FROM t", "MEDIAN", 1),
    ("SELECT QUANTILE_CONT(t.a, 0.5) AS s FROM t", "QUANTILE_CONT", 1),
    ("SELECT COUNT() AS n FROM t", "COUNT()", 1),
    ("SELECT COUNT(DISTINCT t.a, t.b) AS n FROM t", "COUNT(DISTINCT ...) of several columns", 1),
    ("SELECT COUNT(*) FILTER (WHERE t.a > 1) AS n FROM t", "FILTER", 1),
    ("SELECT COUNT_IF(t.a > 1) AS n FROM t", "COUNT_IF", 1),
    ("SELECT APPROX_COUNT_DISTINCT(t.a) AS n FROM t", "APPROX_COUNT_DISTINCT", 1),
    ("SELECT MAX(t.a, 3) AS n FROM t", "MAX of several", 1),
    ("SELECT ARG_MAX(t.a, t.b) AS n FROM t", "ARG_MAX", 1),
    ("SELECT ANY_VALUE(t.a) AS n FROM t", "ANY_VALUE", 1),
    ("SELECT FIRST(t.a) AS n FROM t", "FIRST", 1),
    ("SELECT MODE(t.a) AS n FROM t", "MODE", 1),
    ("SELECT MIN(t.a ORDER BY t.b) AS n FROM t", "ORDER BY in an aggregate", 1),
    ("SELECT\n  STRING_AGG(t.a, ',' ORDER BY t.b) AS n\nFROM t", "STRING_AGG", 2),
    ("SELECT LIST(t.a ORDER BY t.b) AS n FROM t", "ARRAY_AGG", 1),
    ("SELECT ARRAY_AGG(t.a) AS n FROM t", "ARRAY_AGG", 1),
    ("SELECT BOOL_AND(t.a) AS n FROM t", "BOOL_AND", 1),
    # windows
    ("SELECT DENSE_RANK() OVER (ORDER BY t.a) AS r FROM t", "DENSE_RANK OVER", 1),
    ("SELECT COUNT(*) OVER (PARTITION BY t.a) AS r FROM t", "COUNT OVER", 1),
    ("SELECT CAST(SUM(t.a) OVER (ORDER BY t.b) AS BIGINT) AS r FROM t", "SUM OVER", 1),
    ("SELECT LAG(t.a) OVER (ORDER BY t.b) AS r FROM t", "LAG OVER", 1),
    ("SELECT ROW_NUMBER() OVER () AS r FROM t", "ROW_NUMBER without ORDER BY", 1),
    ("SELECT RANK() OVER (PARTITION BY t.a) AS r FROM t", "RANK without ORDER BY", 1),
    ("SELECT ROW_NUMBER() OVER (ORDER BY t.a ROWS 3 PRECEDING) AS r FROM t", "a window frame", 1),
    ("SELECT ROW_NUMBER() OVER w AS r FROM t WINDOW w AS (ORDER BY t.a)", "a named window", 1),
    # arithmetic and types
    ("SELECT CAST(t.a AS DOUBLE) / t.b AS q FROM t", "division without NULLIF(divisor, 0)", 1),
    ("SELECT CAST(t.a AS DOUBLE) / NULLIF(t.b, 1) AS q FROM t", "division without NULLIF(divisor, 0)", 1),
    ("SELECT t.a / NULLIF(t.b, 0) AS q FROM t", "division of anything but CAST(... AS DOUBLE)", 1),
    ("SELECT t.a // t.b AS q FROM t", "//", 1),
    ("SELECT t.a % t.b AS q FROM t", "%", 1),
    ("SELECT t.a ** 2 AS q FROM t", "POWER", 1),
    ("SELECT t.a & 1 AS q FROM t", "BITWISE AND", 1),
    ("SELECT\n  t.b,\n  ROUND(t.a, 2) AS q\nFROM t", "ROUND", 3),
    ("SELECT FLOOR(t.a) AS q FROM t", "FLOOR", 1),
    ("SELECT ABS(t.a) AS q FROM t", "ABS", 1),
    ("SELECT t.a * 0.5 AS q FROM t", "the number 0.5", 1),
    ("SELECT TRY_CAST(t.a AS BIGINT) AS q FROM t", "TRY_CAST", 1),
    ("SELECT CAST(t.a AS BIGINT) AS q FROM t", "CAST AS BIGINT", 1),
    ("SELECT t.a::INTEGER AS q FROM t", "CAST AS INT", 1),
    ("SELECT CAST(t.a AS VARCHAR) AS q FROM t", "CAST AS TEXT", 1),
    ("SELECT CAST(t.a AS FLOAT) AS q FROM t", "CAST AS FLOAT", 1),
    # conditions
    ("SELECT IF(t.a = 1, 2, 3) AS q FROM t", "IF", 1),
    ("SELECT GREATEST(t.a, 2) AS q FROM t", "GREATEST", 1),
    ("SELECT t.a FROM t WHERE t.a BETWEEN 1 AND 2", "BETWEEN", 1),
    ("SELECT t.a FROM t WHERE t.a IS DISTINCT FROM 2", "NULL SAFE NEQ", 1),
    ("SELECT t.a FROM t WHERE t.a IS TRUE", "IS is not portable but with NULL", 1),
    ("SELECT t.a FROM t WHERE TRUE", "TRUE or FALSE", 1),
    ("SELECT t.a FROM t WHERE (t.a, t.b) = (1, 2)", "a tuple", 1),
    ("SELECT t.a FROM t WHERE t.a = ?", "?", 1),
    # text, dates, lists
    ("SELECT t.a || 'x' AS q FROM t", "||", 1),
    ("SELECT LOWER(t.a) AS q FROM t", "LOWER", 1),
    ("SELECT t.a FROM t WHERE t.a LIKE 'x%'", "LIKE", 1),
    ("SELECT REGEXP_MATCHES(t.a, 'x') AS q FROM t", "REGEXP_MATCHES", 1),
    ("SELECT STRING_SPLIT(t.a, ';') AS q FROM t", "STR_SPLIT", 1),
    ("SELECT\n  EXTRACT(dow FROM t.a) AS q\nFROM t", "EXTRACT", 2),
    ("SELECT DATE_DIFF('day', t.a, t.b) AS q FROM t", "DATE_DIFF", 1),
    ("SELECT DATE_TRUNC('day', t.a) AS q FROM t", "DATE_TRUNC", 1),
    ("SELECT CURRENT_DATE AS q FROM t", "CURRENT_DATE", 1),
    ("SELECT t.a + INTERVAL 1 DAY AS q FROM t", "INTERVAL", 1),
    ("SELECT DATE '2024-06-25' AS q FROM t", "CAST AS DATE", 1),
    ("SELECT t.a[1] AS q FROM t", "a subscript", 1),
    ("SELECT [1, 2] AS q FROM t", "ARRAY", 1),
    ("SELECT COLUMNS('a.*') FROM t", "COLUMNS", 1),
    ("SELECT MY_FUNCTION(t.a) AS q FROM t", "MY_FUNCTION", 1),
]


@pytest.mark.parametrize(("sql", "construct", "line"), REFUSED, ids=[sql for sql, _, _ in REFUSED])
def test_a_construct_is_refused_by_name_and_line(sql: str, construct: str, line: int) -> None:
    with pytest.raises(KpiError) as raised:
        check(sqlglot.parse_one(sql, dialect="duckdb"), "mine.sql")
    assert str(raised.value).startswith(f"mine.sql:{line}: {construct}")


ALLOWED = [
    "SELECT t.a, COUNT(*) AS n FROM t GROUP BY t.a",
    "SELECT DISTINCT t.a FROM t",
    "SELECT a FROM t",
    "WITH x AS (SELECT t.a FROM t) SELECT y.a FROM x AS y",
    "SELECT CAST(SUM(t.a * 2 - -1) AS BIGINT) AS s, MIN(t.a) AS a, MAX(t.a) AS b, COUNT(t.a) AS c FROM t",
    "SELECT CAST(SUM(t.a) AS DOUBLE) / NULLIF(COUNT(DISTINCT t.b), 0) AS q FROM t",
    "SELECT CASE WHEN t.a IS NULL AND NOT (t.b <> 'x' OR t.c IN (1, 2)) THEN 1 ELSE 0 END AS q FROM t",
    "SELECT COALESCE(t.a, u.a, '') AS q FROM t LEFT JOIN u ON t.b = u.b INNER JOIN v ON v.b >= u.b",
    "SELECT ROW_NUMBER() OVER (PARTITION BY t.a ORDER BY t.b DESC, t.c ASC NULLS FIRST) AS r FROM t",
    "SELECT RANK() OVER (ORDER BY t.b) AS r FROM t WHERE t.a = $setting",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_the_portable_part_passes(sql: str) -> None:
    expression = sqlglot.parse_one(sql, dialect="duckdb")
    assert check(expression, "mine.sql") is expression
