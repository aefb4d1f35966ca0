"""One lake: its catalog, its tables, where new files go, and what a table's plan holds."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError, TableAlreadyExistsError
from pyiceberg.expressions import AlwaysTrue, And, BooleanExpression, GreaterThanOrEqual, In, LessThanOrEqual
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from sqlalchemy.exc import IntegrityError

from hitparade.errors import HitParadeError, KpiError, LakeError, StorageError
from hitparade.faults import point
from hitparade.freshness import ALWAYS, Span
from hitparade.lake import commits
from hitparade.lake.catalog import SQLITE, catalog_explained, close_catalog, load_table, name_of, open_catalog
from hitparade.lake.tables import DATA_TABLES, PARTITION, TableShape, data_table, kpi_table
from hitparade.model import Kpi, LakeFile
from hitparade.storage import Storage, is_remote
from hitparade.storage.local import sync_files

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

    def __init__(self, catalog: MetastoreCatalog, location: str, namespace: str, storage: Storage) -> None:
        self.catalog = catalog
        self.location = location
        self.namespace = namespace
        self.storage = storage
        self._staged: set[str] = set()

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
        with catalog_explained(name_of(self.catalog)), suppress(TableAlreadyExistsError):
            table = self.catalog.create_table(
                name,
                shape.schema,
                location=f"{self.location}/{shape.name}",
                partition_spec=shape.spec,
                properties=dict(shape.properties),
            )
            point("lake.table_created")
            return table
        made = self.table(shape.name)
        if made is None:
            raise StorageError(f"{self.location}: table {shape.name} is there, and is not", hint="run again")
        return made

    def table(self, name: str) -> Table | None:
        """A table as it is now, or None."""
        try:
            return load_table(self.catalog, (self.namespace, name))
        except FileNotFoundError as error:
            raise LakeError(
                f"{self.location}: table {name} names a file that is not there: {error.filename or error}",
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
            with catalog_explained(name_of(self.catalog)):
                commits.widen(table, shape.schema)
        return table

    # -- plans

    def files(self, name: str, days: Collection[date] | Span | None = None) -> tuple[LakeFile, ...]:
        """The Parquet files of a table, of those days only when days are given."""
        table = self.table(name)
        if table is None:
            return ()
        return tuple(
            LakeFile(path=file.file_path, rows=file.record_count, size=file.file_size_in_bytes, day=day_of(file))
            for file in plan(table, days)
        )

    def base(self, kpi: Kpi, days: Collection[date]) -> Base:
        """A KPI's table and its files of the days, to compute onto."""
        table = self.kpi_table(kpi)
        return Base(table=table, files=plan(table, days))

    # -- commits

    def staging(self, table: str, attempt: str) -> str:
        """A new folder for files that a commit may name; nothing else ever writes there."""
        folder = f"{self.location}/{table}/data/{attempt}"
        self.storage.make_folder(folder)
        self._staged.add(folder)
        return folder

    def lasting(self, paths: Sequence[str]) -> None:
        """Make files last, which objects do by themselves, before a commit may name them.

        From then on they are not ours to remove any more, whatever its answer.
        """
        if not is_remote(self.location):
            sync_files(paths, root=self.location)
        depth = self.location.count("/") + len(("table", "data", "attempt")) + 1
        self._staged.difference_update("/".join(path.split("/")[:depth]) for path in paths)

    def append(self, name: str, paths: Sequence[str], *, run: int) -> None:
        """Add staged files to a data table, on the disk first."""
        if not paths:
            return
        table = self.table(name)
        if table is None:
            raise LakeError(f"{self.location}: table {name} is gone", hint="hitparade doctor")
        self.lasting(paths)
        point("lake.synced")
        commits.append(table, paths, run=run)

    def replace(self, base: Base, paths: Sequence[str], days: Collection[date], *, run: int) -> Base:
        """Put staged files in the place of the days' files, onto just this base; the base as it is then."""
        self.lasting(paths)
        point("lake.synced")
        removed = [file for file in base.files if day_of(file) in days]
        commits.replace(base.table, paths, removed, run=run)
        kept = tuple(file for file in base.files if day_of(file) not in days)
        return Base(table=base.table, files=kept)

    def close(self) -> None:
        """Remove what was staged and never named by a commit, and let go of the catalog's database."""
        for folder in self._staged:
            with suppress(HitParadeError):  # nobody names it, and what went wrong before matters more
                self.storage.remove_below(folder)
        close_catalog(self.catalog)


def plan(table: Table, days: Collection[date] | Span | None) -> tuple[DataFile, ...]:
    """The data files of a table's current snapshot, of those days only when days are given."""
    wanted: BooleanExpression
    if days is None or isinstance(days, Span):
        wanted = within(days or ALWAYS)
    elif days:
        wanted = In(PARTITION, set(days))  # type: ignore[arg-type, call-arg]
    else:
        return ()
    return tuple(task.file for task in table.scan(row_filter=wanted).plan_files())


def within(days: Span) -> BooleanExpression:
    """That a file's day is one of some in a row."""
    ends: BooleanExpression = AlwaysTrue()
    if days.first is not None:
        ends = And(ends, GreaterThanOrEqual(PARTITION, days.first))  # type: ignore[arg-type, call-arg]
    if days.last is not None:
        ends = And(ends, LessThanOrEqual(PARTITION, days.last))  # type: ignore[arg-type, call-arg]
    return ends


def day_of(file: DataFile) -> date | None:
    """The day of a file in a partitioned table."""
    if len(file.partition) == 0:
        return None
    day = file.partition[0]
    return day if isinstance(day, date) else date.fromordinal(date(1970, 1, 1).toordinal() + day)


def open_lake(location: str, namespace: str, *, catalog: str | None = None, storage: Storage | None = None) -> Lake:
    """The lake at a location, made when it is missing; its catalog is SQLite in its folder unless told otherwise."""
    place = location if is_remote(location) else os.path.abspath(location)  # noqa: PTH100 - resolve() would follow links
    storage = storage or Storage()
    opened = open_catalog(catalog or f"{SQLITE}{place}/{CATALOG}", place, storage)
    with catalog_explained(name_of(opened)):
        lake = Lake(opened, place, namespace, storage)
        lake.prepare()
    return lake
