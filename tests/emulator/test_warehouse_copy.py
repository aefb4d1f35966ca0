"""COPY of Parquet files in S3, as Redshift does it, and what it refuses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from hitparade.emulator.warehouse import copying
from tests.emulator.warehouses import BUCKET, Warehouse, copy, driver, entry, redshift_connector, refused, run
from tests.emulator.warehouses import db as db
from tests.emulator.warehouses import here as here

MANY = 45_000
TWO = pa.table({"a": pa.array([1, 2]), "b": pa.array(["x", None])})


@pytest.fixture
def filled(db: Any) -> Any:
    """A connection to a table of two columns, with a row that was there before."""
    run(db, "CREATE TABLE t (a BIGINT NOT NULL, b VARCHAR(5))")
    run(db, "INSERT INTO t VALUES (0, 'old')")
    db.commit()
    return db


def test_files_of_a_manifest_go_in_by_the_columns_places_within_the_transaction(here: Warehouse, filled: Any) -> None:
    more = pa.table({"other": pa.array([3]), "names": pa.array(["éé"])})
    source = here.manifest(TWO, more)

    run(filled, copy(source))
    assert run(filled, "SELECT a, b FROM t ORDER BY a") == [[0, "old"], [1, "x"], [2, None], [3, "éé"]]
    filled.rollback()
    assert run(filled, "SELECT a, b FROM t") == [[0, "old"]]

    run(filled, copy(source) + ";")
    filled.commit()
    with here.connected() as other:
        (schema,) = run(filled, "SELECT current_schema()")[0]
        assert run(other, f"SELECT COUNT(*) FROM {schema}.t") == [[4]]


def test_every_type_is_copied(here: Warehouse, db: Any) -> None:
    run(
        db,
        """CREATE TABLE t (a SMALLINT, b INTEGER, c BIGINT, d DECIMAL(10, 2), e REAL, f DOUBLE PRECISION, g BOOLEAN,
            h VARCHAR(MAX), i CHAR(3), j DATE, k TIMESTAMP, l TIMESTAMPTZ)""",
    )
    at = datetime.fromisoformat("2025-03-09 01:02:03.000004")
    columns: Mapping[str, tuple[pa.DataType, Any]] = {
        "a": (pa.int16(), 1),
        "b": (pa.int32(), 70_000),
        "c": (pa.int64(), 5_000_000_000),
        "d": (pa.decimal128(10, 2), Decimal("-12345678.25")),
        "e": (pa.float32(), 1.5),
        "f": (pa.float64(), 2.5),
        "g": (pa.bool_(), True),
        "h": (pa.dictionary(pa.int32(), pa.string()), "é"),
        "i": (pa.large_string(), "abc"),
        "j": (pa.date32(), date(2025, 3, 9)),
        "k": (pa.timestamp("us"), at),
        "l": (pa.timestamp("us", "UTC"), at.replace(tzinfo=UTC)),
    }
    table = pa.table({name: pa.array([value, None], kind) for name, (kind, value) in columns.items()})

    run(db, copy(here.manifest(table)))

    assert run(db, "SELECT * FROM t") == [[value for _, value in columns.values()], [None] * len(columns)]


def test_many_rows_come_by_batches(here: Warehouse, filled: Any) -> None:
    assert MANY > 2 * copying.ROWS
    table = pa.table({"a": pa.array(range(MANY), pa.int64()), "b": pa.array(["x"] * MANY)})

    run(filled, copy(here.manifest(table, table)))

    assert run(filled, "SELECT COUNT(*), SUM(a) FROM t") == [[2 * MANY + 1, MANY * (MANY - 1)]]


def test_without_a_manifest_all_below_a_prefix_is_copied_and_no_rows_are_none(here: Warehouse, filled: Any) -> None:
    url, _ = here.put(TWO)

    run(filled, copy(url, options=""))
    run(filled, copy(url.rsplit("/", 1)[0] + "/", options=""))
    run(filled, copy(here.manifest(TWO.slice(0, 0))))

    assert run(filled, "SELECT COUNT(*) FROM t") == [[5]]
    assert "does not exist" in refused(filled, copy(f"s3://{BUCKET}/nothing/", options=""))[1]


def test_what_does_not_fit_the_table_is_refused(here: Warehouse, filled: Any) -> None:
    narrow = TWO.select(["a"])
    wide = TWO.append_column("c", pa.array([1, 2]))
    smaller = TWO.set_column(0, "a", pa.array([1, 2], pa.int32()))
    other = TWO.set_column(1, "b", pa.array([1, 2]))

    assert "Table columns: 2, Data columns: 1" in refused(filled, copy(here.manifest(narrow)))[1]
    assert "Table columns: 2, Data columns: 3" in refused(filled, copy(here.manifest(wide)))[1]
    assert "incompatible Parquet schema for column 'a'" in refused(filled, copy(here.manifest(smaller)))[1]
    assert "incompatible Parquet schema for column 'b'" in refused(filled, copy(here.manifest(other)))[1]
    assert run(filled, "SELECT a FROM t") == [[0]]


def test_nanoseconds_and_decimals_of_another_scale_are_refused(here: Warehouse, db: Any) -> None:
    run(db, "CREATE TABLE t (a TIMESTAMP)")
    run(db, "CREATE TABLE d (a DECIMAL(10, 2))")
    db.commit()
    nanoseconds = pa.table({"a": pa.array([1], pa.timestamp("ns"))})

    assert "incompatible" in refused(db, copy(here.manifest(nanoseconds)))[1]
    for kind in (pa.decimal128(10, 3), pa.decimal128(11, 2), pa.float64()):
        table = pa.table({"a": pa.array([None], kind)})
        assert "incompatible" in refused(db, copy(here.manifest(table), table="d"))[1]


def test_a_varchar_has_as_many_bytes_as_it_says_not_characters(here: Warehouse, filled: Any) -> None:
    fits, does_not = (TWO.set_column(1, "b", pa.array(["x", text])) for text in ("ééx", "ééé"))

    run(filled, copy(here.manifest(fits)))
    code, message = refused(filled, copy(here.manifest(TWO, does_not)))

    assert (code, "Table: 5, Data: 6" in message) == ("XX000", True)
    assert run(filled, "SELECT COUNT(*) FROM t") == [[1]]


def test_postgresql_s_own_refusals_come_through(here: Warehouse, filled: Any) -> None:
    nothing = TWO.set_column(0, "a", pa.array([1, None], pa.int64()))

    assert refused(filled, copy(here.manifest(nothing)))[0] == "23502"
    assert refused(filled, copy(here.manifest(TWO), table="unknown"))[0] == "42P01"
    assert run(filled, "SELECT a FROM t") == [[0]]


def test_a_manifest_must_tell_the_truth(here: Warehouse, filled: Any) -> None:
    url, size = here.put(TWO)
    gone = f"s3://{BUCKET}/gone.parquet"

    assert "need meta.content_length" in refused(filled, copy(here.list([{"url": url, "mandatory": True}])))[1]
    assert "content_length is 3" in refused(filled, copy(here.list([entry(url, 3)])))[1]
    assert f"mandatory {gone}" in refused(filled, copy(here.list([entry(url, size), entry(gone, size)])))[1]
    assert "json" in refused(filled, copy(url))[1]
    assert "does not exist" in refused(filled, copy(gone))[1]
    assert "does not exist" in refused(filled, copy("s3://no-such-bucket/manifest"))[1]
    assert run(filled, "SELECT a FROM t") == [[0]]

    run(filled, copy(here.list([entry(url, size), entry(gone, size, mandatory=False)])))
    assert run(filled, "SELECT COUNT(*) FROM t") == [[3]]


def test_a_file_that_is_no_parquet_is_refused(here: Warehouse, filled: Any) -> None:
    with here.s3.client() as client:
        client.put_object(Bucket=BUCKET, Key="text", Body=b"a,b\n1,2\n")

    assert "Spectrum Scan Error" in refused(filled, copy(here.list([entry(f"s3://{BUCKET}/text", 8)])))[1]


@pytest.mark.parametrize("when", ["before", "within"])
def test_a_copy_that_fails_fails_the_transaction(here: Warehouse, filled: Any, when: str) -> None:
    long = TWO.set_column(1, "b", pa.array(["x", "too long"]))
    source = f"s3://{BUCKET}/gone" if when == "before" else here.manifest(TWO, long)
    run(filled, "INSERT INTO t VALUES (7, 'new')")

    with pytest.raises(redshift_connector.ProgrammingError, match=r"does not exist|is longer than"):
        run(filled, copy(source))
    with pytest.raises(redshift_connector.ProgrammingError, match="25P02"):
        run(filled, copy(here.manifest(TWO)))

    filled.commit()  # which takes it back
    assert run(filled, "SELECT a FROM t") == [[0]]


def test_the_statements_around_a_copy_go_on(here: Warehouse, filled: Any) -> None:
    source = here.manifest(TWO)
    for number in range(1, 4):
        run(filled, "DELETE FROM t WHERE a = %s", 1)
        run(filled, copy(source))
        assert run(filled, "SELECT COUNT(*) FROM t WHERE a = %s", 2) == [[number]]
    filled.autocommit = True
    filled.rollback()
    run(filled, copy(source))
    assert run(filled, "SELECT COUNT(*) FROM t") == [[3]]


def test_other_drivers_copy_too_however_they_ask(here: Warehouse, filled: Any) -> None:
    (schema,) = run(filled, "SELECT current_schema()")[0]
    source, table = here.manifest(TWO), f"{schema}.t"
    filled.rollback()
    known = driver(here.environment)
    with psycopg.connect(
        host=known["host"], port=known["port"], user=known["user"], password=known["password"], dbname="dev"
    ) as other:
        assert other.execute(copy(source, table=table)).rowcount == 2
        assert other.execute(copy(source, table=table), prepare=True).rowcount == 2
        assert other.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (5,)
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="only statement"):
            other.execute(f"SELECT 1; {copy(source, table=table)}")
        other.rollback()
        with pytest.raises(psycopg.errors.InternalError_, match="does not exist"):
            in_one_go(other, f"INSERT INTO {table} VALUES (9, 'new')", copy(f"s3://{BUCKET}/gone", table=table))
        other.rollback()
        other.autocommit = True
        with pytest.raises(psycopg.errors.InternalError_, match="does not exist"):
            in_one_go(other, copy(f"s3://{BUCKET}/gone", table=table), f"INSERT INTO {table} VALUES (9, 'new')")
        assert other.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == (1,)


def in_one_go(connection: psycopg.Connection[Any], *statements: str) -> None:
    """Send several statements before any of them is answered."""
    with connection.pipeline():
        for sql in statements:
            connection.execute(sql)
