"""PostgreSQL, 15 or newer: rows go in by COPY in its binary form, within the transaction that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hitparade.errors import ConfigError, Conflict, MissingExtra, StorageError
from hitparade.sinks.base import arrow_schema
from hitparade.sinks.warehouse.database import REFUSALS, STANDS_ON, STANDS_ON_HINT, shaped
from hitparade.sinks.warehouse.tables import Dialect, Table
from hitparade.sqltext import identifier

if TYPE_CHECKING:
    import pyarrow as pa

CONNECT_SECONDS = 10
OLDEST = 150000  # the first with MERGE
LOCK_TIMEOUT = "10min"
# SQLSTATE classes: what another process did at the same time, and what is for someone to set right.
CONFLICTS = ("40", "55P03", "42P06", "42P07", "42710")
# At the door there is no SQLSTATE, only what was said.
REFUSED = ("authentication", "does not exist", "not permitted", "permission denied", "pg_hba.conf", "certificate")
NO_TLS = "does not support SSL"


class PostgresDatabase:
    """See Database."""

    dialect: Dialect = "postgres"

    def __init__(self, name: str, parameters: Mapping[str, Any], *, schema: str | None, writes: bool) -> None:
        """A connection made by psycopg's `parameters`; `name` is what messages call it. Who writes makes the schema."""
        try:
            import pgpq
            import psycopg
        except ModuleNotFoundError as error:
            raise MissingExtra(f"a warehouse ({error.name})", "warehouse") from error
        self.name = name
        self.lost = False
        self.psycopg = psycopg
        self.encoder = pgpq.ArrowToPostgresBinaryEncoder
        wanted: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, "application_name": "hitparade", **parameters}
        with self.explained():
            self.connection = psycopg.connect(**wanted, autocommit=True)
        try:
            self._begin(schema, writes=writes)
        except BaseException:
            self.close()
            raise

    def _begin(self, schema: str | None, *, writes: bool) -> None:
        """Set up the session. A schema that is there needs no right to make one."""
        if self.connection.info.server_version < OLDEST:
            raise ConfigError(f"{self.name}: PostgreSQL is older than 15", hint="use a PostgreSQL of 15 or newer")
        with self.transaction():
            self.run(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            self.run("SET timezone = 'UTC'")
            if schema is not None:
                if writes and self.rows("SELECT to_regnamespace(%s)", [schema]) == [(None,)]:
                    self.run(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
                self.run(f"SET search_path TO {identifier(schema)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Database."""
        with self.explained(), self.connection.transaction():
            yield

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """See Database."""
        with self.explained():
            return self.connection.execute(sql, values or None).rowcount

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """See Database."""
        with self.explained():
            return self.connection.execute(sql, values or None).fetchall()

    def copy(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        """See Database."""
        columns = ", ".join(map(identifier, table.columns))
        encoder = self.encoder(arrow_schema(table.columns))
        statement = f"COPY {identifier(table.name)} ({columns}) FROM STDIN (FORMAT BINARY)"
        with self.explained(), self.connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                copy.write(encoder.write_header())
                for batch in shaped(table, batches):
                    copy.write(encoder.write_batch(batch))
                copy.write(encoder.finish())
            return cursor.rowcount

    def analyze(self, table: str) -> None:
        """See Database."""
        self.run(f"ANALYZE {identifier(table)}")

    def close(self) -> None:
        """See Database."""
        self.connection.close()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the server's refusals into errors that say whether to try again."""
        try:
            yield
        except self.psycopg.Error as error:
            # What libpq says may have several lines.
            said = f"{self.name}: {' '.join(str(error).split()) or type(error).__name__}"
            state = error.sqlstate or ""
            # IF NOT EXISTS does not see what another is just making: it stumbles over the name, of the table, of its
            # type, or in the system's tables.
            if state.startswith(CONFLICTS) or error.diag.schema_name == "pg_catalog":
                raise Conflict(f"{said} (another process was at work there)", hint="run again") from error
            if state == STANDS_ON:
                raise ConfigError(said, hint=STANDS_ON_HINT) from error
            if not state and NO_TLS in said:
                raise ConfigError(
                    said, hint="give the server TLS, or write ?sslmode=disable where nobody is on the way to it"
                ) from error
            if state.startswith(REFUSALS) or (not state and any(each in said for each in REFUSED)):
                raise ConfigError(said, hint="see that the database, the user and the rights are there") from error
            if isinstance(error, self.psycopg.OperationalError):
                self.lost = True
                raise StorageError(said, hint="see that the server is there and has room, then run again") from error
            raise
