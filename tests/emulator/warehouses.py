"""The warehouse that stands in for Redshift, in this process, with an S3 beside it and Redshift's own driver."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hitparade.emulator.warehouse.start import warehouse
from tests.postgres import with_programs
from tests.s3 import LOOPBACK, Server, moto_server

redshift_connector = pytest.importorskip("redshift_connector", reason="redshift-connector is not installed")

BUCKET = "copied"
ROLE = "arn:aws:iam::123456789012:role/RedshiftS3AccessRole"


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A running warehouse, and the S3 that it copies from."""

    environment: Mapping[str, str]
    s3: Server

    @contextmanager
    def connected(self, **changed: Any) -> Iterator[Any]:
        """A connection of Redshift's own driver."""
        with redshift_connector.connect(**{**driver(self.environment), **changed}) as connection:
            yield connection

    def put(self, table: pa.Table, *, name: str = "rows.parquet") -> tuple[str, int]:
        """A Parquet file in S3: its URL and size."""
        content = io.BytesIO()
        pq.write_table(table, content)
        key = f"{uuid4().hex}/{name}"
        with self.s3.client() as client:
            client.put_object(Bucket=BUCKET, Key=key, Body=content.getvalue())
        return f"s3://{BUCKET}/{key}", len(content.getvalue())

    def list(self, entries: Sequence[Mapping[str, Any]]) -> str:
        """The URL of a manifest."""
        key = f"{uuid4().hex}.manifest"
        with self.s3.client() as client:
            client.put_object(Bucket=BUCKET, Key=key, Body=json.dumps({"entries": list(entries)}).encode())
        return f"s3://{BUCKET}/{key}"

    def manifest(self, *tables: pa.Table) -> str:
        """The URL of a manifest of files with these rows."""
        return self.list([entry(*self.put(table)) for table in tables])


@pytest.fixture(scope="module")
def here() -> Iterator[Warehouse]:
    """One warehouse for a module's tests."""
    with_programs()
    with (
        moto_server() as s3,
        pytest.MonkeyPatch.context() as patch,
        socket.create_server((LOOPBACK, 0)) as listening,
    ):
        for name, value in s3.environment.items():
            patch.setenv(name, value)
        s3.make_bucket(BUCKET)
        with warehouse(listening) as environment:
            yield Warehouse(environment, s3)


@pytest.fixture
def db(here: Warehouse) -> Iterator[Any]:
    """A connection whose tables are in a schema of their own."""
    with here.connected() as connection:
        schema = f"s{uuid4().hex}"
        run(connection, f"CREATE SCHEMA {schema}")
        run(connection, f"SET search_path TO {schema}")
        connection.commit()
        yield connection


def driver(environment: Mapping[str, str]) -> dict[str, Any]:
    """What Redshift's driver needs to connect."""
    return {
        "host": environment["REDSHIFT_HOST"],
        "port": int(environment["REDSHIFT_PORT"]),
        "database": environment["REDSHIFT_DB"],
        "user": environment["REDSHIFT_USER"],
        "password": environment["REDSHIFT_PASSWORD"],
        "ssl": False,
    }


def run(connection: Any, sql: str, *values: Any) -> list[list[Any]]:
    """The rows of a statement, none when it has none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return [list(row) for row in cursor.fetchall()] if cursor.description else []


def refused(connection: Any, sql: str, *values: Any) -> tuple[str, str]:
    """The SQLSTATE and message of a statement that fails; its transaction is taken back."""
    with pytest.raises(redshift_connector.ProgrammingError) as failure:
        run(connection, sql, *values)
    connection.rollback()
    told = failure.value.args[0]
    return told["C"], told["M"]


def entry(url: str, size: int, *, mandatory: bool = True) -> dict[str, Any]:
    """A file as a manifest lists it."""
    return {"url": url, "mandatory": mandatory, "meta": {"content_length": size}}


def copy(source: str, *, table: str = "t", options: str = "MANIFEST") -> str:
    """A COPY of Parquet files."""
    return f"COPY {table} FROM '{source}' IAM_ROLE '{ROLE}' FORMAT AS PARQUET {options}"
