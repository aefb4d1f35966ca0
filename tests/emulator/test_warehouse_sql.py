"""What Redshift does not take is refused, so that what runs here runs there too."""

from __future__ import annotations

import pytest

from hitparade.emulator.warehouse.refusals import SYNTAX, UNSUPPORTED, Refused
from hitparade.emulator.warehouse.translate import translated

MERGED = "WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)"
INSERTED = "WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)"

REFUSED = {
    "SELECT DISTINCT ON (a) a FROM t": (SYNTAX, "DISTINCT ON"),
    "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING": (SYNTAX, "ON CONFLICT"),
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 1": (SYNTAX, "ON CONFLICT"),
    "SELECT COUNT(*) FILTER (WHERE a > 1) FROM t": (SYNTAX, "FILTER"),
    "CREATE INDEX i ON t (a)": (UNSUPPORTED, "CREATE INDEX"),
    "CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a)": (UNSUPPORTED, "indexes"),
    "DROP INDEX i": (UNSUPPORTED, "DROP INDEX"),
    "DELETE FROM t RETURNING a": (SYNTAX, "RETURNING"),
    "INSERT INTO t VALUES (1) RETURNING a": (SYNTAX, "RETURNING"),
    "SELECT a FROM t FOR UPDATE": (UNSUPPORTED, "FOR UPDATE"),
    "SELECT a FROM t FOR SHARE": (UNSUPPORTED, "SHARE"),
    "SELECT a FROM t, LATERAL (SELECT 1) AS x": (SYNTAX, "LATERAL"),
    "SELECT a FROM t CROSS JOIN LATERAL (SELECT 1) AS x": (SYNTAX, "LATERAL"),
    "SELECT STRING_AGG(a, ',') FROM t": (UNSUPPORTED, "string_agg()"),
    "SELECT string_agg (a, ',') FROM t": (UNSUPPORTED, "string_agg()"),
    "SELECT ARRAY_AGG(a) FROM t": (UNSUPPORTED, "array_agg()"),
    "SELECT a FROM generate_series(1, 10) AS s (a)": (UNSUPPORTED, "generate_series()"),
    "SELECT UNNEST(a) FROM t": (UNSUPPORTED, "unnest()"),
    "SELECT pg_advisory_xact_lock(1)": (UNSUPPORTED, "pg_advisory_xact_lock()"),
    "SELECT NOW()": (UNSUPPORTED, "GETDATE"),
    "INSERT INTO t VALUES (CURRENT_TIMESTAMP)": (UNSUPPORTED, "GETDATE"),
    "SELECT ARRAY[1, 2]": (UNSUPPORTED, "arrays"),
    "SELECT a -> 'b' FROM t": (UNSUPPORTED, "JSON"),
    "SELECT a ->> 'b' FROM t": (UNSUPPORTED, "JSON"),
    "SELECT a FROM t TABLESAMPLE BERNOULLI (10)": (SYNTAX, "TABLESAMPLE"),
    "SELECT a FROM (VALUES (1), (2)) AS v (a)": (UNSUPPORTED, "VALUES"),
    "WITH gone AS (DELETE FROM t RETURNING a) SELECT a FROM gone": (UNSUPPORTED, "WITH"),
    "SELECT SUM(a) OVER (ORDER BY b) FROM t": (UNSUPPORTED, "frame clause"),
    "SELECT FIRST_VALUE(a) OVER (PARTITION BY c ORDER BY b) FROM t": (UNSUPPORTED, "frame clause"),
    "SELECT SUM(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING) FROM t": (UNSUPPORTED, "ROWS only"),
    "SELECT SUM(a) OVER w FROM t WINDOW w AS (PARTITION BY b)": (SYNTAX, "WINDOW"),
    "CREATE TABLE t (a TEXT[])": (UNSUPPORTED, 'unsupported type "text[]"'),
    "CREATE TABLE t (a JSONB)": (UNSUPPORTED, 'unsupported type "jsonb"'),
    "CREATE TABLE t (a UUID)": (UNSUPPORTED, 'unsupported type "uuid"'),
    "CREATE TABLE t (a SERIAL)": (UNSUPPORTED, "unsupported type"),
    "CREATE TABLE t (a BYTEA)": (UNSUPPORTED, 'unsupported type "bytea"'),
    "ALTER TABLE t ADD COLUMN a JSON": (UNSUPPORTED, 'unsupported type "json"'),
    "SELECT a::JSONB FROM t": (UNSUPPORTED, 'unsupported type "jsonb"'),
    "CREATE TABLE t (a VARCHAR(65536))": (UNSUPPORTED, "cannot exceed 65535"),
    "CREATE TABLE t (a INTEGER GENERATED ALWAYS AS (b + 1) STORED)": (SYNTAX, "generated columns"),
    "CREATE TABLE t (a INTEGER CHECK (a > 1))": (SYNTAX, "CHECK"),
    "CREATE TABLE t (a INTEGER, CHECK (a > 1))": (SYNTAX, "CHECK"),
    "CREATE TABLE t (a INTEGER) PARTITION BY RANGE (a)": (SYNTAX, "PARTITION BY"),
    "CREATE TABLE p PARTITION OF t FOR VALUES IN (1)": (SYNTAX, "PARTITION OF"),
    "CREATE TABLE t (a INTEGER) WITH (fillfactor = 70)": (SYNTAX, "fillfactor"),
    "CREATE UNLOGGED TABLE t (a INTEGER)": (SYNTAX, "UNLOGGED"),
    "CREATE TABLE t (LIKE s INCLUDING ALL)": (SYNTAX, "DEFAULTS"),
    "CREATE TABLE IF NOT EXISTS t AS SELECT 1 AS a": (SYNTAX, "IF NOT EXISTS"),
    "CREATE TYPE mood AS ENUM ('a')": (UNSUPPORTED, "enum"),
    "CREATE SEQUENCE s": (UNSUPPORTED, "CREATE SEQUENCE"),
    "CREATE TEMP VIEW v AS SELECT 1 AS a": (SYNTAX, "TEMPORARY"),
    "ALTER TABLE t ADD COLUMN IF NOT EXISTS a INTEGER": (SYNTAX, "IF NOT EXISTS"),
    "ALTER TABLE t ADD COLUMN a INTEGER, ADD COLUMN b INTEGER": (SYNTAX, "one thing"),
    "SAVEPOINT a": (SYNTAX, "SAVEPOINT"),
    "ROLLBACK TO SAVEPOINT a": (SYNTAX, "savepoints"),
    "LOCK TABLE t IN SHARE MODE": (SYNTAX, "LOCK"),
    "DO $$ BEGIN END $$": (SYNTAX, "DO"),
    "LISTEN a": (SYNTAX, "LISTEN"),
    "selec 1": (SYNTAX, "syntax error"),
    "SELECT DATEDIFF(hour, a, b) FROM t": (UNSUPPORTED, "days only"),
    f"MERGE INTO t USING (SELECT 1 AS id) AS s ON t.id = s.id {MERGED}": (SYNTAX, "subquery"),
    f"MERGE INTO t AS x USING s ON x.id = s.id {MERGED}": (SYNTAX, "alias"),
    f"MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE {MERGED}": (SYNTAX, "one WHEN MATCHED"),
    f"MERGE INTO t USING s ON t.id = s.id {INSERTED}": (SYNTAX, "one WHEN MATCHED"),
    f"MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND s.a > 1 THEN DELETE {INSERTED}": (SYNTAX, "no condition"),
    f"MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DO NOTHING {INSERTED}": (SYNTAX, "UPDATE or DELETE"),
    "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (s.id)": (
        SYNTAX,
        "INSERT (columns)",
    ),
    "COPY t FROM STDIN": (UNSUPPORTED, "STDIN"),
    "COPY t TO 's3://b/k' IAM_ROLE 'r' FORMAT PARQUET": (SYNTAX, "UNLOAD"),
    "COPY t FROM 's3://b/k' FORMAT PARQUET": (SYNTAX, "IAM role"),
    "COPY t FROM 's3://b/k' IAM_ROLE 'r' CSV": (UNSUPPORTED, "PARQUET"),
    "COPY t FROM 's3://b/k' IAM_ROLE 'r' FORMAT AS PARQUET MAXERROR 3": (UNSUPPORTED, "MAXERROR"),
    "COPY t FROM 's3://b/k' IAM_ROLE 'r' FORMAT AS PARQUET REGION 'eu-west-1'": (UNSUPPORTED, "REGION"),
    "COPY t (a, b) FROM 's3://b/k' IAM_ROLE 'r' FORMAT AS PARQUET": (UNSUPPORTED, "list of columns"),
}

TAKEN = {
    "CREATE TEMP TABLE s (LIKE t)": "CREATE TEMPORARY TABLE s (LIKE t)",
    "CREATE TEMP TABLE s (LIKE t INCLUDING DEFAULTS)": "CREATE TEMPORARY TABLE s (LIKE t INCLUDING DEFAULTS)",
    "CREATE TEMP TABLE s DISTKEY (a) SORTKEY (a) AS SELECT a FROM t WHERE a = $1": (
        "CREATE TEMPORARY TABLE s AS SELECT a FROM t WHERE a = $1"
    ),
    "CREATE TABLE t (a INTEGER DISTKEY SORTKEY, b CHAR(3) DEFAULT 'SORTKEY') BACKUP NO": (
        "CREATE TABLE t (a INT, b CHAR(3) DEFAULT 'SORTKEY')"
    ),
    "CREATE TABLE t (a VARCHAR(10) PRIMARY KEY, b VARCHAR, UNIQUE (b)) DISTSTYLE AUTO SORTKEY AUTO": (
        "CREATE TABLE t (a VARCHAR(10) NOT NULL, b VARCHAR(256))"
    ),
    "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)": "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)",
    f"MERGE INTO t USING s ON t.id = s.id {MERGED}": f"MERGE INTO t USING s ON t.id = s.id {MERGED}",
    "DELETE FROM t USING s WHERE t.id = s.id": "DELETE FROM t USING s WHERE t.id = s.id",
    "SELECT SUM(a) OVER (PARTITION BY b) FROM t": "SELECT SUM(a) OVER (PARTITION BY b) FROM t",
    "SELECT 'DISTINCT ON NOW() STRING_AGG(a)'": "SELECT 'DISTINCT ON NOW() STRING_AGG(a)'",
    "begin transaction": "begin transaction",
    "START TRANSACTION": "START TRANSACTION",
    "SET search_path TO music, public": "SET search_path TO music, public",
    "LOCK TABLE a, b": "LOCK TABLE a, b",
    'SELECT "A" FROM "T"': 'SELECT "a" FROM "t"',
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_redshift_lacks_is_refused(sql: str) -> None:
    code, says = REFUSED[sql]
    with pytest.raises(Refused) as refusal:
        translated(sql)
    assert (refusal.value.code, says in refusal.value.message) == (code, True), refusal.value.message


@pytest.mark.parametrize("sql", TAKEN)
def test_what_both_have_is_taken(sql: str) -> None:
    assert [statement.sql for statement in translated(sql)] == [TAKEN[sql]]


def test_statements_are_told_apart_by_semicolons_outside_of_strings() -> None:
    assert [each.sql for each in translated("SELECT 'a;b'; ; LOCK t;\nSELECT 2;")] == [
        "SELECT 'a;b'",
        "LOCK t",
        "SELECT 2",
    ]
    assert translated(" -- nothing\n;") == ()
    assert [each.sql for each in translated("-- why\n/* how */ BEGIN; SELECT 1 -- what")] == [
        "BEGIN",
        "SELECT 1 /* what */",
    ]
