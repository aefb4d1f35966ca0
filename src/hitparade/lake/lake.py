"""One lake: its catalog, its tables, where new files go, and what a table's plan holds."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import (
    NamespaceAlreadyExistsError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import AlwaysTrue, BooleanExpression, In
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from hitparade.errors import KpiError, LakeError, StorageError
from hitparade.lake import commits
from hitparade.lake.tables import DATA_TABLES, PARTITION, TableShape, data_table, kpi_table
from hitparade.model import Kpi, LakeFile
from hitparade.storage.local import errors_explained, sync_files

SQLITE_TIMEOUT_S = 60
CATALOG = "catalog.db"


@dataclass(frozen=True, slots=True)
class Base:
    """A KPI table as it was when its days were decided on: what a replacement is committed onto."""

    table: Table
    files: tuple[DataFile, ...]

    def paths(self, days: Collection[date]) -> list[str]:
        """The files of some days."""
        return [file.file_path for file in self.files if day_of(file) in days]


class Lake:
    """The Iceberg tables of one namespace."""

    def __init__(self, catalog: SqlCatalog, location: Path, namespace: str) -> None:
        self.catalog = catalog
        self.location = location
        self.namespace = namespace
        self._staged: set[Path] = set()

    # -- tables

    def prepare(self) -> None:
        """Create the data tables that are missing."""
        with suppress(NamespaceAlreadyExistsError, IntegrityError):  # another process may be faster
            self.catalog.create_namespace_if_not_exists(self.namespace)
        for name in DATA_TABLES:
            if self.table(name) is None:
                self._create(data_table(name))

    def _create(self, shape: TableShape) -> Table:
        name = (self.namespace, shape.name)
        try:
            return self.catalog.create_table(
                name,
                shape.schema,
                location=str(self.location / shape.name),
                partition_spec=shape.spec,
                properties=dict(shape.properties),
            )
        except TableAlreadyExistsError:
            return self.catalog.load_table(name)

    def table(self, name: str) -> Table | None:
        """A table as it is now, or None."""
        try:
            with catalog_explained(self.location):
                return self.catalog.load_table((self.namespace, name))
        except NoSuchTableError:
            return None
        except FileNotFoundError as error:
            raise LakeError(
                f"{self.location}: table {name} names a file that is not there: {error.filename}",
                hint="was the folder moved? Iceberg keeps absolute paths: move it back",
            ) from error

    def kpi_table(self, kpi: Kpi) -> Table:
        """The table of a stored KPI, made or widened to the columns its header has now."""
        shape = kpi_table(kpi)
        table = self.table(shape.name) or self._create(shape)
        known = {field.name: field.field_type for field in table.schema().fields}
        for field in shape.schema.fields:
            if field.name in known and known[field.name] != field.field_type:
                raise KpiError(
                    kpi.source,
                    f"column {field.name} is {known[field.name]} in the lake and cannot become {field.field_type}",
                    hint="give the column or the KPI another name",
                )
        if {field.name for field in shape.schema.fields} - set(known):
            commits.widen(table, shape.schema)
        return table

    # -- plans

    def files(self, name: str, days: Collection[date] | None = None) -> tuple[LakeFile, ...]:
        """The Parquet files of a table, of those days only when days are given."""
        table = self.table(name)
        if table is None:
            return ()
        return tuple(
            LakeFile(path=file.file_path, rows=file.record_count, day=day_of(file)) for file in plan(table, days)
        )

    def base(self, kpi: Kpi, days: Collection[date]) -> Base:
        """A KPI's table and its files of the days, to compute onto."""
        table = self.kpi_table(kpi)
        return Base(table=table, files=plan(table, days))

    # -- commits

    def staging(self, table: str, attempt: str) -> str:
        """A new folder for files that a commit may name; nothing else ever writes there."""
        folder = self.location / table / "data" / attempt
        with errors_explained(f"write {folder}"):
            folder.mkdir(parents=True)
        self._staged.add(folder)
        return str(folder)

    def _named(self, paths: Sequence[str]) -> None:
        """Files that a commit may have named are not ours to remove any more, whatever its answer."""
        self._staged -= {folder for path in paths for folder in Path(path).parents}

    def append(self, name: str, paths: Sequence[str], *, run: int) -> None:
        """Add staged files to a data table, on the disk first."""
        if not paths:
            return
        table = self.table(name)
        if table is None:
            raise LakeError(f"{self.location}: table {name} is gone", hint="hitparade doctor")
        sync_files(paths, root=str(self.location))
        self._named(paths)
        commits.append(table, paths, run=run)

    def replace(self, base: Base, paths: Sequence[str], days: Collection[date], *, run: int) -> Base:
        """Put staged files in the place of the days' files, onto just this base; the base as it is then."""
        sync_files(paths, root=str(self.location))
        self._named(paths)
        removed = [file for file in base.files if day_of(file) in days]
        commits.replace(base.table, paths, removed, run=run)
        kept = tuple(file for file in base.files if day_of(file) not in days)
        return Base(table=base.table, files=kept)

    def close(self) -> None:
        """Remove what was staged and never named by a commit, and let go of the catalog's database."""
        for folder in self._staged:
            shutil.rmtree(folder, ignore_errors=True)
        self.catalog.close()


def plan(table: Table, days: Collection[date] | None) -> tuple[DataFile, ...]:
    """The data files of a table's current snapshot, of those days only when days are given."""
    if days is not None and not days:
        return ()
    wanted: BooleanExpression = AlwaysTrue() if days is None else In(PARTITION, set(days))  # type: ignore[arg-type, call-arg]
    return tuple(task.file for task in table.scan(row_filter=wanted).plan_files())


def day_of(file: DataFile) -> date | None:
    """The day of a file in a partitioned table."""
    if len(file.partition) == 0:
        return None
    day = file.partition[0]
    return day if isinstance(day, date) else date.fromordinal(date(1970, 1, 1).toordinal() + day)


@retry(
    retry=retry_if_exception_type((OperationalError, IntegrityError, sqlite3.OperationalError)),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(0.05, max=1),
    reraise=True,
)
def open_catalog(path: Path, warehouse: Path) -> SqlCatalog:
    """The SQLite catalog; several processes may create it at once, and all but one of them fail at first."""
    with closing(sqlite3.connect(path, timeout=SQLITE_TIMEOUT_S)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    return SqlCatalog(
        "hitparade",
        **{
            "uri": f"sqlite:///{path}?timeout={SQLITE_TIMEOUT_S}",
            "warehouse": str(warehouse),
            "py-io-impl": "hitparade.lake.synced.SyncedFileIO",
        },
    )


def open_lake(location: Path, namespace: str) -> Lake:
    """The lake in a folder, made when it is missing."""
    folder = Path(os.path.abspath(location))  # noqa: PTH100 - resolve() would follow links that may move
    with errors_explained(f"open the lake {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    with catalog_explained(folder):
        lake = Lake(open_catalog(folder / CATALOG, folder), folder, namespace)
        lake.prepare()
    return lake


@contextmanager
def catalog_explained(location: Path) -> Iterator[None]:
    """Turn the catalog's refusals into errors that say which catalog, and whether to try again."""
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        raise StorageError(
            f"cannot open the catalog {location / CATALOG}: {getattr(error, 'orig', error)}",
            hint="see that the folder exists, has room and may be written",
        ) from error
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise LakeError(
            f"{location / CATALOG} is not a lake's catalog: {getattr(error, 'orig', error)}",
            hint="give lake.location a folder of its own",
        ) from error
