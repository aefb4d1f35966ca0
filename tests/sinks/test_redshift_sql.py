"""Every statement that is sent to Redshift is one that it takes, as far as that can be told without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hitparade.sinks.warehouse.tables import MIGRATIONS, statements
from hitparade.sinks.warehouse.turn import MERGING
from hitparade.sinks.warehouse.views import VIEWS
from tests.sinks.redshift_words import BROKEN, faults

GOLDEN = Path(__file__).parent / "golden" / "redshift"
MERGE = "MERGE INTO t USING s ON t.a = s.a "
UPDATE = "WHEN MATCHED THEN UPDATE SET b = s.b "
INSERT = "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, s.b)"
COPY = "COPY t FROM 's3://b/m' IAM_ROLE 'arn:aws:iam::1:role/r' FORMAT AS PARQUET"

FAULTY = [
    ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a, b", "DISTINCT ON"),
    ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) DO NOTHING", "ON CONFLICT"),
    ("SELECT COUNT(*) FILTER (WHERE a > 1) FROM t", "FILTER"),
    ("INSERT INTO t (a) VALUES (1) RETURNING a", "RETURNING"),
    ("DELETE FROM t WHERE a = 1 RETURNING a", "RETURNING"),
    ("SELECT a FROM t FOR UPDATE", "FOR UPDATE"),
    ("SELECT a FROM t FOR SHARE", "FOR UPDATE"),
    ("CREATE INDEX i ON t (a)", "CREATE INDEX"),
    ("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a)", "CREATE INDEX"),
    ("CREATE TYPE mood AS ENUM ('sad')", "CREATE TYPE"),
    ("CREATE TYPE mood AS ENUM ('sad')", "a type that there is not"),
    ("CREATE SEQUENCE s", "CREATE SEQUENCE"),
    ("CREATE OR REPLACE TABLE t (a INTEGER)", "CREATE OR REPLACE of something other than a view"),
    ("CREATE VIEW IF NOT EXISTS v AS SELECT 1 AS a", "CREATE VIEW IF NOT EXISTS"),
    ("CREATE TABLE t (a JSONB)", "a type that there is not"),
    ("CREATE TABLE t (a UUID)", "a type that there is not"),
    ("CREATE TABLE t (a INTEGER[])", "arrays"),
    ("SELECT ARRAY[1, 2] AS a", "arrays"),
    ("SELECT a FROM t WHERE a = ANY(ARRAY(SELECT 1))", "arrays"),
    ("CREATE TABLE t (a TEXT)", "TEXT is VARCHAR(256)"),
    ("SELECT CAST(a AS TEXT) FROM t", "TEXT is VARCHAR(256)"),
    ("SELECT a::text FROM t", "TEXT is VARCHAR(256)"),
    ("CREATE TABLE t (a VARCHAR)", "VARCHAR without a length is VARCHAR(256)"),
    ("CREATE TABLE t (a VARCHAR(65536))", "VARCHAR of more than 65535 bytes"),
    ("SELECT CAST(a AS DECIMAL) FROM t", "DECIMAL without digits is DECIMAL(18, 0)"),
    ("SELECT a::decimal FROM t", "DECIMAL without digits is DECIMAL(18, 0)"),
    ("SELECT CAST(a AS NUMERIC(39, 2)) FROM t", "DECIMAL of more than 38 digits"),
    ('CREATE TABLE t (a VARCHAR(9) COLLATE "C")', "COLLATE"),
    ('SELECT a FROM t ORDER BY a COLLATE "C"', "COLLATE"),
    ("SELECT a FROM t, LATERAL (SELECT b FROM u WHERE u.a = t.a) AS x", "LATERAL"),
    ("SELECT STRING_AGG(a, ',') FROM t", "a function that there is not"),
    ("SELECT a FROM generate_series(1, 9) AS x (a)", "a function that there is not"),
    ("SELECT a -> 'b' FROM t", "operators of JSON and arrays"),
    ("CREATE TABLE t (a INTEGER GENERATED ALWAYS AS (1) STORED)", "GENERATED"),
    ("CREATE TABLE t (a INTEGER CHECK (a > 0))", "a constraint that there is not"),
    ("CREATE TABLE t (a DATE) PARTITION BY RANGE (a)", "partitions"),
    ("CREATE UNLOGGED TABLE t (a INTEGER)", "a table that there is not"),
    ("CREATE TEMP TABLE t (a INTEGER) ON COMMIT DROP", "ON COMMIT"),
    ("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INTEGER", "ADD COLUMN IF NOT EXISTS"),
    ("ALTER TABLE t ADD COLUMN a INTEGER, ADD COLUMN b INTEGER", "ALTER TABLE of more than one column"),
    (
        f"MERGE INTO t USING (SELECT a, b FROM s) AS s ON t.a = s.a {UPDATE}{INSERT}",
        "MERGE whose source is not a table",
    ),
    (f"MERGE INTO t AS x USING s ON x.a = s.a {UPDATE}{INSERT}", "MERGE with an alias on the target"),
    (f"{MERGE}{UPDATE}{UPDATE}{INSERT}", "MERGE without one clause of each kind"),
    (f"{MERGE}{UPDATE}", "MERGE without one clause of each kind"),
    (f"{MERGE}{INSERT}", "MERGE without one clause of each kind"),
    (f"{MERGE}{UPDATE}WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b)", "MERGE with INSERT without a column list"),
    (f"{MERGE}WHEN MATCHED AND s.b > 1 THEN DELETE {INSERT}", "MERGE with a condition in a clause"),
    (f"{MERGE}WHEN MATCHED THEN UPDATE SET t.b = s.b {INSERT}", "MERGE that sets a column by its table's name"),
    ("DELETE FROM t AS x USING s WHERE x.a = s.a", "DELETE with an alias on the target"),
    (COPY, "COPY without MANIFEST"),
    (f"{COPY} MANIFEST REGION 'eu-west-1'", "COPY of Parquet with REGION"),
    (f"{COPY} MANIFEST MAXERROR 5", "COPY of Parquet with MAXERROR"),
    ("COPY t FROM 's3://b/m' IAM_ROLE 'r' CSV MANIFEST", "COPY of something other than Parquet"),
    ("COPY t FROM 's3://b/m' FORMAT AS PARQUET MANIFEST", "COPY without IAM_ROLE"),
    ("TRUNCATE t", "TRUNCATE commits"),
    ("TRUNCATE TABLE t", "TRUNCATE commits"),
    ("SAVEPOINT here", "SAVEPOINT"),
    ("LOCK TABLE t IN EXCLUSIVE MODE", "LOCK with a mode"),
    ("WITH x AS (WITH y AS (SELECT 1 AS a) SELECT a FROM y) SELECT a FROM x", "WITH within WITH or a subquery"),
    ("SELECT a FROM (WITH y AS (SELECT 1 AS a) SELECT a FROM y) AS x", "WITH within WITH or a subquery"),
    ("INSERT INTO t (a) SELECT a FROM (WITH y AS (SELECT 1 AS a) SELECT a FROM y)", "WITH within WITH or a subquery"),
    ("WITH x AS MATERIALIZED (SELECT 1 AS a) SELECT a FROM x", "WITH ... AS MATERIALIZED"),
    ("SELECT a FROM (VALUES (1), (2)) AS x (a)", "VALUES as a table"),
    ("SELECT AVG(popularity) FROM t", "AVG over integers"),
    ("SELECT ROUND(AVG(popularity), 1) FROM t", "ROUND over integers"),
    ("SELECT ROUND(COUNT(DISTINCT a) / COUNT(*), 3) FROM t", "ROUND over integers"),
    ("SELECT AVG(CAST(a AS DECIMAL(18, 0))) FROM t", "AVG over integers"),
    ("SELECT AVG(CAST(a AS BIGINT)) FROM t", "AVG over integers"),
    ("SELECT SUM(a) OVER (PARTITION BY b ORDER BY c) FROM t", "an ordered window without a frame"),
    ("SELECT COUNT(DISTINCT a) OVER (PARTITION BY b) FROM t", "DISTINCT over a window"),
    ("SELECT ROW_NUMBER() OVER w FROM t WINDOW w AS (ORDER BY a)", "WINDOW"),
    ("SELECT a FROM t WHERE a IS NOT DISTINCT FROM b", "IS DISTINCT FROM"),
    ("SELECT a FROM t EXCEPT ALL SELECT a FROM u", "EXCEPT ALL and INTERSECT ALL"),
    ("SELECT a FROM t FETCH FIRST 5 ROWS ONLY", "FETCH FIRST"),
    ("SELECT a AS tag FROM t", "tag is a word of Redshift"),
    ("SELECT FROM WHERE", BROKEN),
    ("SELECT 1; SELECT 2", BROKEN),
    ("CREATE TABLE t (a INTEGER DISTKEY)", BROKEN),
    ("EXPLODE t", BROKEN),
    ("", BROKEN),
]

GOOD = [
    'CREATE TABLE IF NOT EXISTS "t" ("a" VARCHAR(65535), "b" BIGINT) DISTSTYLE KEY DISTKEY ("a") SORTKEY ("b")',
    "CREATE TABLE t (a INTEGER) DISTSTYLE ALL COMPOUND SORTKEY (a, b)",
    "CREATE TABLE t (a INTEGER) DISTSTYLE AUTO",
    "CREATE TEMP TABLE t (LIKE u)",
    "CREATE TEMP TABLE t AS WITH x AS (SELECT 1 AS a) SELECT a FROM x",
    "CREATE VIEW v AS WITH x AS (SELECT 1 AS a), y AS (SELECT a FROM x) SELECT a FROM y",
    "CREATE SCHEMA IF NOT EXISTS s",
    "DROP TABLE t",
    "DROP VIEW IF EXISTS v",
    "ALTER TABLE t ADD COLUMN a VARCHAR(65535)",
    f"{MERGE}{UPDATE}{INSERT}",
    f"{MERGE}WHEN MATCHED THEN DELETE {INSERT}",
    f"{COPY} MANIFEST",
    f"{COPY.replace(' AS ', ' ')} MANIFEST;",
    "DELETE FROM t USING s WHERE t.a = s.a",
    "INSERT INTO t (a, b) VALUES (%s, %s), (%s, %s)",
    "INSERT INTO t (a) SELECT a FROM s WHERE b = $1",
    "WITH x AS (SELECT 1 AS a) SELECT a FROM x UNION ALL SELECT a FROM t",
    "SELECT a FROM t WHERE b = 'DISTINCT ON (TEXT) [it''s FILTER (]' -- RETURNING",
    'SELECT "text", "tag", "on conflict" FROM t',
    "SELECT AVG(CAST(a AS DOUBLE PRECISION)), ROUND(a * 1.0 / b, 1), ROUND(AVG(a::DECIMAL(18, 4)), 2) FROM t",
    "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC NULLS LAST), SUM(a) OVER (PARTITION BY b) FROM t",
    "SELECT SUM(a) OVER (ORDER BY b ROWS UNBOUNDED PRECEDING) FROM t",
    "SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY a) FROM t",
    "LOCK TABLE t",
    'SET search_path TO "s"',
    *("BEGIN", "COMMIT", "ROLLBACK"),
]


@pytest.mark.parametrize(("sql", "fault"), FAULTY)
def test_what_redshift_lacks_is_found(sql: str, fault: str) -> None:
    assert fault in faults(sql)


@pytest.mark.parametrize("sql", GOOD)
def test_what_redshift_takes_has_no_fault(sql: str) -> None:
    assert faults(sql) == []


KINDS = (
    *("BEGIN", "COMMIT", "LOCK TABLE", "SET search_path", "CREATE SCHEMA", "CREATE TABLE", "CREATE VIEW", "DROP VIEW"),
    *("CREATE TEMP TABLE", 'CREATE TEMP TABLE "batch_listens" AS', "DROP TABLE", "COPY", "MERGE", "SELECT"),
    *("INSERT", "DELETE FROM transformed_streams", "DELETE FROM song_genres USING"),
)


def sent() -> Iterator[tuple[str, str]]:
    """The statements that were kept, by their file and number; they end with a semicolon at a line's end."""
    for path in sorted(GOLDEN.glob("*.sql")):
        for number, text in enumerate(re.split(r";[ \t]*(?:\n|$)", path.read_text()), start=1):
            if text.strip():
                yield f"{path.name}:{number}", text


def test_every_statement_that_is_sent_has_no_fault() -> None:
    found = {where: faults(sql) for where, sql in sent()}
    assert {where: each for where, each in found.items() if each} == {}


@pytest.mark.parametrize("beginning", KINDS)
def test_statements_of_every_kind_were_kept(beginning: str) -> None:
    assert any(text.lstrip().startswith(beginning) for _, text in sent()), f"none in {GOLDEN.name}/*.sql"


def test_what_tables_views_and_catalogues_are_made_with_has_no_fault() -> None:
    made = [each for migration in MIGRATIONS for each in statements(migration, "redshift")]
    merged = [each for statements_of in MERGING.values() for each in statements_of]
    viewed = [each.query for each in VIEWS.values()]
    assert {sql: found for sql in (*made, *merged, *viewed) if (found := faults(sql))} == {}
