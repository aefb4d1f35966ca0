"""The warehouse as Redshift's own driver sees it: sessions, transactions, statements."""

from __future__ import annotations

import gc
import threading
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.emulator.warehouses import Warehouse, driver, redshift_connector, refused, run
from tests.emulator.warehouses import db as db
from tests.emulator.warehouses import here as here

SONGS = """
    CREATE TABLE IF NOT EXISTS songs (
        track_id VARCHAR(64) NOT NULL ENCODE zstd, title VARCHAR(MAX), popularity INTEGER, PRIMARY KEY (track_id)
    ) DISTSTYLE KEY DISTKEY (track_id) COMPOUND SORTKEY (track_id, popularity)
"""


def test_every_type_goes_there_and_comes_back(db: Any) -> None:
    run(
        db,
        """CREATE TABLE t (a SMALLINT, b INTEGER, c BIGINT, d DECIMAL(18, 2), e REAL, f DOUBLE PRECISION, g BOOLEAN,
            h VARCHAR(20), i CHAR(3), j DATE, k TIMESTAMP, l VARCHAR(MAX)) DISTSTYLE EVEN SORTKEY AUTO""",
    )
    row = [
        *(1, 70_000, 5_000_000_000, Decimal("1.25"), 1.5, 2.5, True, "é", "abc"),
        *(date(2025, 3, 9), datetime.fromisoformat("2025-03-09 01:02:03.000004"), None),
    ]

    run(db, f"INSERT INTO t VALUES ({', '.join(['%s'] * len(row))})", *row)

    assert run(db, "SELECT * FROM t WHERE c = %s AND h = %s", 5_000_000_000, "é") == [row]


def test_a_wrong_password_a_wrong_user_and_a_wrong_database_are_refused(here: Warehouse) -> None:
    # psycopg asks, for the other driver leaves its socket open when it is not let in.
    known = {"host": "127.0.0.1", "port": here.environment["REDSHIFT_PORT"], "dbname": "dev"}
    right = {**known, "user": "awsuser", "password": here.environment["REDSHIFT_PASSWORD"]}

    psycopg.connect(**right).close()  # type: ignore[arg-type]
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "awsuser"'):
        psycopg.connect(**{**right, "password": "wrong"})  # type: ignore[arg-type]
    with pytest.raises(psycopg.OperationalError, match='password authentication failed for user "postgres"'):
        psycopg.connect(**{**right, "user": "postgres"})  # type: ignore[arg-type]
    with pytest.raises(psycopg.OperationalError, match='database "other" does not exist'):
        psycopg.connect(**{**right, "dbname": "other"})  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the driver leaves its socket open
def test_the_driver_tells_of_a_wrong_password(here: Warehouse) -> None:
    with pytest.raises(redshift_connector.InterfaceError, match="password authentication failed"):
        redshift_connector.connect(**{**driver(here.environment), "password": "wrong"})
    gc.collect()


def test_what_is_taken_back_leaves_nothing_and_what_is_committed_stays(db: Any) -> None:
    run(db, "CREATE TABLE t (a INTEGER)")
    run(db, "INSERT INTO t VALUES (1)")
    db.rollback()
    assert refused(db, "SELECT a FROM t") == ("42P01", 'relation "t" does not exist')

    run(db, "CREATE TABLE t (a INTEGER)")
    run(db, "INSERT INTO t VALUES (1)")
    db.commit()
    run(db, "DELETE FROM t")
    db.rollback()
    assert run(db, "SELECT a FROM t") == [[1]]


def test_a_refusal_fails_the_transaction(db: Any) -> None:
    run(db, "CREATE TABLE t (a INTEGER)")
    with pytest.raises(redshift_connector.ProgrammingError, match="DISTINCT ON"):
        run(db, "SELECT DISTINCT ON (a) a FROM t")
    with pytest.raises(redshift_connector.ProgrammingError, match="25P02"):
        run(db, "SELECT 1")
    db.rollback()
    assert run(db, "SELECT 1") == [[1]]


def test_staging_is_merged_by_key(db: Any) -> None:
    run(db, SONGS)
    run(db, SONGS)
    run(db, "INSERT INTO songs VALUES (%s, %s, %s), (%s, %s, %s)", "a", "old", 1, "b", "kept", 2)
    run(db, "CREATE TEMP TABLE staged (LIKE songs)")
    run(db, "INSERT INTO staged (track_id, title, popularity) VALUES ('a', 'new', 3), ('c', 'added', 4)")

    run(
        db,
        """MERGE INTO songs USING staged AS s ON songs.track_id = s.track_id
            WHEN MATCHED THEN UPDATE SET title = s.title, popularity = s.popularity
            WHEN NOT MATCHED THEN INSERT (track_id, title, popularity) VALUES (s.track_id, s.title, s.popularity)""",
    )

    assert run(db, "SELECT track_id, title, popularity FROM songs ORDER BY track_id") == [
        ["a", "new", 3],
        ["b", "kept", 2],
        ["c", "added", 4],
    ]


def test_of_rows_twice_in_the_source_a_merge_is_refused(db: Any) -> None:
    run(db, SONGS)
    run(db, "INSERT INTO songs VALUES ('a', 'old', 1)")
    run(db, "CREATE TEMP TABLE staged AS SELECT * FROM songs UNION ALL SELECT * FROM songs")

    assert (
        refused(
            db,
            """MERGE INTO songs USING staged ON songs.track_id = staged.track_id WHEN MATCHED THEN DELETE
            WHEN NOT MATCHED THEN INSERT (track_id) VALUES (staged.track_id)""",
        )[0]
        == "21000"
    )


def test_keys_are_not_enforced_and_a_primary_key_is_not_null(db: Any) -> None:
    run(db, SONGS)
    run(db, "INSERT INTO songs VALUES ('a', 'one', 1), ('a', 'two', 2)")
    db.commit()

    assert run(db, "SELECT COUNT(*) FROM songs") == [[2]]
    assert refused(db, "INSERT INTO songs VALUES (NULL, 'none', 1)")[0] == "23502"


def test_the_other_statements_of_a_load(db: Any) -> None:
    run(db, "CREATE TABLE t (a BIGINT IDENTITY(1, 1), b INTEGER DEFAULT 7) DISTSTYLE ALL")
    run(db, "LOCK TABLE t")
    run(db, "ALTER TABLE t ADD COLUMN c VARCHAR(10) DEFAULT 'x'")
    run(db, "INSERT INTO t (b) SELECT 8 UNION ALL SELECT 9")
    run(db, "CREATE TABLE gone AS SELECT b FROM t WHERE b = 8")
    run(db, "DELETE FROM t USING gone WHERE t.b = gone.b")
    run(db, "UPDATE t SET c = %s WHERE b = %s", "it's", 9)
    run(db, "CREATE OR REPLACE VIEW shown AS SELECT b, c FROM t WITH NO SCHEMA BINDING")
    run(db, "CREATE OR REPLACE VIEW shown AS SELECT b, c FROM t")
    run(db, "ANALYZE t")

    assert run(db, "SELECT b, c FROM shown") == [[9, "it's"]]
    run(db, "DROP VIEW shown")
    run(db, "DROP TABLE IF EXISTS t")


def test_redshift_s_functions_mean_here_what_they_mean_there(db: Any) -> None:
    run(db, 'CREATE TABLE t (a INTEGER, b VARCHAR, at TIMESTAMP, "Name" VARCHAR(3))')
    run(db, "INSERT INTO t VALUES (1, 'x', '2025-03-09 23:30:00', 'n'), (2, 'y', '2025-03-10 00:30:00', 'n')")

    assert run(db, "SELECT a, ROW_NUMBER() OVER (ORDER BY a DESC) AS n FROM t QUALIFY n = 1") == [[2, 1]]
    assert run(db, "SELECT LISTAGG(b, ',') WITHIN GROUP (ORDER BY a DESC) FROM t") == [["y,x"]]
    assert run(db, "SELECT NVL(NULL, a), LEN(b), name FROM t WHERE a = 1") == [[1, 1, "n"]]
    assert run(db, "SELECT DATEDIFF(day, MIN(at), MAX(at)) FROM t") == [[1]]
    assert run(db, "SELECT EXTRACT(hour FROM at) FROM t ORDER BY a") == [[23], [0]]
    assert isinstance(run(db, "SELECT EXTRACT(hour FROM at) FROM t")[0][0], int)
    assert run(db, "SELECT AVG(a), AVG(a::DECIMAL(5, 1)), AVG(a::FLOAT) FROM t") == [[1, Decimal("1.5"), 1.5]]
    assert run(db, "SELECT GETDATE()")[0][0].tzinfo is None
    assert run(db, "SELECT GETDATE() = SYSDATE, 'it''s \\\\ \\'quoted\\''") == [[True, "it's \\ 'quoted'"]]
    assert refused(db, f"INSERT INTO t (b) VALUES ('{'x' * 257}')")[0] == "22001"  # VARCHAR has 256


def test_two_connections_are_two_transactions(here: Warehouse, db: Any) -> None:
    (schema,) = run(db, "SELECT current_schema()")[0]
    run(db, "CREATE TABLE t (a INTEGER)")
    db.commit()
    with here.connected() as other:
        run(other, f"SET search_path TO {schema}")
        run(db, "INSERT INTO t VALUES (1)")
        assert run(other, "SELECT a FROM t") == []
        db.commit()
        assert run(other, "SELECT a FROM t") == [], "a transaction sees what was there when it began"
        other.rollback()
        run(other, f"SET search_path TO {schema}")
        assert run(other, "SELECT a FROM t") == [[1]]


def test_of_two_that_change_one_row_the_second_fails(here: Warehouse, db: Any) -> None:
    (schema,) = run(db, "SELECT current_schema()")[0]
    run(db, "CREATE TABLE t (a INTEGER)")
    run(db, "INSERT INTO t VALUES (1)")
    db.commit()
    with here.connected() as other:
        run(other, f"SET search_path TO {schema}")
        run(other, "SELECT a FROM t")
        run(db, "UPDATE t SET a = 2")
        db.commit()
        assert refused(other, "UPDATE t SET a = 3")[0] == "40001"
    assert run(db, "SELECT a FROM t") == [[2]]


def test_one_waits_for_the_lock_of_another(here: Warehouse, db: Any) -> None:
    (schema,) = run(db, "SELECT current_schema()")[0]
    run(db, "CREATE TABLE t (a INTEGER)")
    db.commit()
    run(db, "LOCK TABLE t")
    seen: list[list[list[Any]]] = []

    def wait() -> None:
        with here.connected() as other:
            run(other, f"SET search_path TO {schema}")
            run(other, f"LOCK TABLE {schema}.t")
            seen.append(run(other, "SELECT a FROM t"))

    waiting = threading.Thread(target=wait)
    waiting.start()
    run(db, "INSERT INTO t VALUES (1)")
    assert seen == []
    db.commit()
    waiting.join(60)
    assert seen == [[[1]]]


def test_truncate_is_taken_outside_of_a_transaction_only(db: Any) -> None:
    run(db, "CREATE TABLE t (a INTEGER)")
    run(db, "INSERT INTO t VALUES (1)")
    db.commit()

    code, message = refused(db, "TRUNCATE t")

    assert (code, "commits" in message) == ("25001", True)
    assert run(db, "SELECT a FROM t") == [[1]]
    db.rollback()
    db.autocommit = True
    run(db, "TRUNCATE TABLE t")
    assert run(db, "SELECT a FROM t") == []


def test_postgresql_s_driver_connects_too_and_prepares(here: Warehouse) -> None:
    told = here.environment
    with psycopg.connect(
        host=told["REDSHIFT_HOST"],
        port=told["REDSHIFT_PORT"],
        dbname="dev",
        user=told["REDSHIFT_USER"],
        password=told["REDSHIFT_PASSWORD"],
    ) as other:
        assert other.info.parameter_status("server_version") == "8.0.2"
        assert other.execute("SELECT %s::INT + 1", (1,), prepare=True).fetchone() == (2,)
        assert other.execute("SELECT 1; SELECT 2").fetchone() == (1,)
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            other.execute("SELECT STRING_AGG(%s, ',')", ("a",), prepare=True)
        other.rollback()
        with pytest.raises(psycopg.errors.SyntaxError):
            other.execute("SELECT DISTINCT ON (a) a FROM t")
        other.rollback()
        with other.pipeline():
            first, second = other.execute("SELECT %s::INT", (1,)), other.execute("SELECT %s::INT", (2,))
        assert (first.fetchone(), second.fetchone()) == ((1,), (2,))
