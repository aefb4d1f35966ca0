"""Redshift: rows are put into S3 as Parquet and taken in by COPY with a manifest, within the transaction.

COPY takes Parquet by the place of its columns, and a manifest of such files tells their lengths.
"""

from __future__ import annotations

import json
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitparade.errors import ConfigError, Conflict, LakeError, MissingExtra, StorageError
from hitparade.sinks.base import arrow_schema
from hitparade.sinks.warehouse.credentials import Credentials
from hitparade.sinks.warehouse.database import REFUSALS, STANDS_ON, STANDS_ON_HINT, shaped
from hitparade.sinks.warehouse.tables import Dialect, Table
from hitparade.sqltext import identifier, quoted
from hitparade.storage import Storage

if TYPE_CHECKING:
    import pyarrow as pa

CONNECT_SECONDS = 10
FILE_ROWS = 1_000_000
WIDEST = 65_535  # bytes of a VARCHAR
CONFLICTS = ("40", "55P03", "1023")


@dataclass(frozen=True, slots=True)
class Staging:
    """The place in S3 through which rows go, and the role with which Redshift reads it."""

    place: str
    storage: Storage
    role: str


class RedshiftDatabase:
    """See Database."""

    dialect: Dialect = "redshift"

    def __init__(self, name: str, credentials: Credentials, *, staging: Staging | None, schema: str | None) -> None:
        """A connection; `name` is what messages call the database. Without a staging it is for reading."""
        try:
            import redshift_connector
        except ModuleNotFoundError as error:
            raise MissingExtra(f"a warehouse ({error.name})", "warehouse") from error
        self.name = name
        self.lost = False
        self.staging = staging
        self.errors: tuple[type[Exception], ...] = (redshift_connector.error.Error, OSError)
        with self.explained():
            wanted: dict[str, Any] = {**credentials.parameters, "timeout": CONNECT_SECONDS}
            self.connection = redshift_connector.connect(**wanted, application_name="hitparade")
        # The time to connect is not the time that a COPY may take.
        self.connection._usock.settimeout(None)
        self.connection.autocommit = True
        if schema is not None:
            if staging is not None and not self.rows("SELECT nspname FROM pg_namespace WHERE nspname = %s", [schema]):
                self.run(f"CREATE SCHEMA IF NOT EXISTS {identifier(schema)}")
            self.run(f"SET search_path TO {identifier(schema)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See Database."""
        self.run("BEGIN")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        """Roll back, where there is still a server to hear it; without one it has."""
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("ROLLBACK")
        except self.errors:
            return

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """See Database."""
        with self.explained(), self.connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return int(cursor.rowcount)

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """See Database."""
        with self.explained(), self.connection.cursor() as cursor:
            cursor.execute(sql, tuple(values) or None)
            return [tuple(row) for row in cursor.fetchall()]

    def copy(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        """See Database. A table whose columns have changed since it was made has them in another order."""
        query = (
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND table_schema = current_schema() ORDER BY ordinal_position"
        )
        names = [name for (name,) in self.rows(query, [table.name])]
        if names in ([], list(table.columns)):  # a temporary one is in no schema of ours
            return self._copy(table, batches)
        stage = replace(table, name=f"staged_{table.name}")
        columns = ", ".join(map(identifier, table.columns))
        self.run(f"CREATE TEMP TABLE {identifier(stage.name)} ({stage.definition(self.dialect)})")
        rows = self._copy(stage, batches)
        self.run(f"INSERT INTO {identifier(table.name)} ({columns}) SELECT {columns} FROM {identifier(stage.name)}")
        self.run(f"DROP TABLE {identifier(stage.name)}")
        return rows

    def _copy(self, table: Table, batches: Iterable[pa.RecordBatch]) -> int:
        """Have rows taken in, by the place of their columns. What was put for it is removed, whatever came of it."""
        if self.staging is None:
            raise RuntimeError("opened for reading")
        place, storage = f"{self.staging.place}/{table.name}-{uuid.uuid4().hex}", self.staging.storage
        with tempfile.TemporaryDirectory(prefix="hitparade-") as scratch:
            files, rows = write_files(table, batches, Path(scratch))
            if not rows:
                return 0
            urls = [f"{place}/{file.name}" for file in files]
            manifest = f"{place}/manifest"
            try:
                storage.put_all(files, urls)
                storage.write(manifest, manifest_of(files, urls))
                self.run(
                    f"COPY {identifier(table.name)} FROM {quoted(manifest)} IAM_ROLE {quoted(self.staging.role)}"
                    " FORMAT AS PARQUET MANIFEST"
                )
            finally:
                storage.remove([*urls, manifest])
        return rows

    def analyze(self, table: str) -> None:
        """See Database. Redshift does so itself, after COPY and CREATE TABLE AS."""

    def close(self) -> None:
        """See Database."""
        try:
            self.connection.close()
        except self.errors:
            return  # it is gone already

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the server's refusals into errors that say whether to try again."""
        try:
            yield
        except self.errors as error:
            facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
            said = f"{self.name}: {facts.get('M') or str(error).strip() or type(error).__name__}"
            state = str(facts.get("C", ""))
            if state.startswith(CONFLICTS) or "serializable isolation" in said.lower():
                raise Conflict(f"{said} (another process was at work there)", hint="run again") from error
            if state == STANDS_ON:
                raise ConfigError(said, hint=STANDS_ON_HINT) from error
            if state.startswith(REFUSALS) or "authentication" in said:
                raise ConfigError(said, hint="see that the database, the user and the rights are there") from error
            if state and not state.startswith(("08", "53", "57", "58", "XX")):
                raise
            self.lost = True
            raise StorageError(said, hint="see that the cluster is there and reachable, then run again") from error


def write_files(table: Table, batches: Iterable[pa.RecordBatch], folder: Path) -> tuple[list[Path], int]:
    """Rows as Parquet files of bounded size; the files, and how many rows."""
    import pyarrow.parquet

    files: list[Path] = []
    writer: Any = None
    rows = in_file = 0
    try:
        for batch in shaped(table, batches):
            check_widths(table, batch)
            if writer is None or in_file >= FILE_ROWS:
                if writer is not None:
                    writer.close()
                files.append(folder / f"{len(files):05}.parquet")
                writer = pyarrow.parquet.ParquetWriter(files[-1], arrow_schema(table.columns), compression="snappy")
                in_file = 0
            writer.write_batch(batch)
            rows, in_file = rows + batch.num_rows, in_file + batch.num_rows
    finally:
        if writer is not None:
            writer.close()
    return files, rows


def check_widths(table: Table, batch: pa.RecordBatch) -> None:
    """LakeError for a text that no column takes: Redshift would refuse the whole file without saying which."""
    import pyarrow.compute as pc

    for name, kind in table.columns.items():
        if kind == "string":
            widest = pc.max(pc.binary_length(batch.column(name))).as_py() or 0
            if widest > WIDEST:
                raise LakeError(
                    f"{table.name}.{name}: a text of {widest:,} bytes, and Redshift takes {WIDEST:,}",
                    hint="reject such values by a pattern in the dataset's manifest.json, and rebuild",
                )


def manifest_of(files: Sequence[Path], urls: Sequence[str]) -> bytes:
    """The manifest of some files."""
    entries = [
        {"url": url, "mandatory": True, "meta": {"content_length": file.stat().st_size}}
        for file, url in zip(files, urls, strict=True)
    ]
    return json.dumps({"entries": entries}, indent=2).encode()
