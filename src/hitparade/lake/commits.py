"""Commits: the one way in which Parquet files become part of a table.

An append may meet any base. A replacement of days is made onto the base it was decided on, carries its run in the
snapshot's summary, refuses a base stamped by a later run, and fails when the base has moved. An error that is not
a refusal leaves the outcome unknown: then the table is looked at again for the attempt's own mark.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from uuid import uuid4

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.io.pyarrow import parquet_files_to_data_files
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update import TableUpdate, update_table_metadata
from pyiceberg.table.update.snapshot import _ManifestMergeManager, _MergeAppendFiles, _OverwriteFiles

from hitparade.errors import Conflict, DiskFull, Fenced, StorageError, tells_of_full_disk
from hitparade.faults import point

RUN = "hitparade.run"
ATTEMPT = "hitparade.attempt"
SNAPSHOTS_KEPT = 20


class _Transaction(Transaction):
    """A transaction that works its metadata out once; pyiceberg's own copies all of it at each of some twenty looks."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._worked_out: tuple[TableMetadata, tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        """The table's metadata with the updates so far."""
        before, updates = self._table.metadata, self._updates
        if self._worked_out is None or self._worked_out[0] is not before or self._worked_out[1] is not updates:
            self._worked_out = before, updates, update_table_metadata(before, updates)
        return self._worked_out[2]


class _ReplaceFiles(_OverwriteFiles):
    """An overwrite that merges manifests as an append does; pyiceberg's own lets them pile up."""

    def _existing_manifests(self) -> list[ManifestFile]:
        return [m for m in super()._existing_manifests() if m.has_added_files() or m.has_existing_files()]

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        properties = self._transaction.table_metadata.properties
        merger = _ManifestMergeManager(
            target_size_bytes=8 << 20,
            min_count_to_merge=int(properties["commit.manifest.min-count-to-merge"]),
            merge_enabled=True,
            snapshot_producer=self,
        )
        return merger.merge_manifests(manifests)


def append(table: Table, paths: Sequence[str], *, run: int) -> None:
    """Add files to a data table."""
    commit(table, paths, removed=(), run=run)


def replace(base: Table, paths: Sequence[str], removed: Collection[DataFile], *, run: int) -> None:
    """Put files in the place of others, onto just this base.

    Raises Fenced when a later run has written to the base, Conflict when it moved.
    """
    stamp = stamped_by(base)
    if stamp > run:
        raise Fenced(f"{base.name()[-1]} was written by run {stamp}, which is later than {run}", hint="run again")
    if paths or removed:
        commit(base, paths, removed=removed, run=run)


def rearrange(base: Table, paths: Sequence[str], removed: Collection[DataFile]) -> None:
    """Put files in the place of others that have the same rows, onto just this base, under the base's own stamp.

    So a stale run is refused afterwards as before, and a right one is not. Raises Conflict when the base moved.
    """
    properties = {**base.metadata.properties, "commit.retry.num-retries": "0"}
    base.metadata = base.metadata.model_copy(update={"properties": properties})  # as this process sees it
    commit(base, paths, removed=removed, run=stamped_by(base))


def stamped_by(table: Table) -> int:
    """The run that wrote the table's current snapshot, 0 before the first."""
    snapshot = table.current_snapshot()
    if snapshot is None or snapshot.summary is None:
        return 0
    return int(snapshot.summary.additional_properties.get(RUN, 0))


def commit(table: Table, paths: Sequence[str], *, removed: Collection[DataFile], run: int) -> None:
    """One snapshot that adds files and removes others."""
    attempt = str(uuid4())
    stamp = {RUN: str(run), ATTEMPT: attempt}

    def write() -> None:
        with _Transaction(table) as transaction:
            producer: _ReplaceFiles | _MergeAppendFiles
            if removed:
                producer = replacing(transaction, table, stamp)
            else:
                producer = transaction.update_snapshot(snapshot_properties=stamp).merge_append()
            with producer as snapshot:
                for file in parquet_files_to_data_files(table.io, table.metadata, iter(paths)):
                    snapshot.append_data_file(file)
                for file in removed:
                    snapshot.delete_data_file(file)

    settle(table, write, attempt)
    point("lake.committed")
    expire_snapshots(table)


def replacing(transaction: Transaction, table: Table, stamp: dict[str, str]) -> _ReplaceFiles:
    """The producer of a snapshot that takes files out."""
    return _ReplaceFiles(operation=Operation.OVERWRITE, transaction=transaction, io=table.io, snapshot_properties=stamp)


def settle(table: Table, write: Callable[[], None], attempt: str) -> None:
    """Commit, and know afterwards whether it happened."""
    try:
        write()
    except (CommitFailedException, ValidationException) as error:
        raise Conflict(f"{table.name()[-1]} moved under a commit: {error}", hint="run again") from error
    except Exception as error:
        if not happened(table, attempt):
            if tells_of_full_disk(str(error)):
                raise DiskFull(f"cannot commit to {table.name()[-1]}") from error
            raise StorageError(f"cannot commit to {table.name()[-1]}: {error}", hint="run again") from error


def happened(table: Table, attempt: str) -> bool:
    """Whether a commit whose answer was an error is in the table all the same."""
    try:
        table.refresh()
    except Exception:
        return False
    return any(
        snapshot.summary is not None and snapshot.summary.additional_properties.get(ATTEMPT) == attempt
        for snapshot in table.snapshots()
    )


def expire_snapshots(table: Table) -> None:
    """Let go of old snapshots now and then, so that the metadata stays small."""
    snapshots = table.snapshots()
    if len(snapshots) <= SNAPSHOTS_KEPT:
        return
    head = table.current_snapshot()
    expire(table, [s.snapshot_id for s in snapshots if head is None or s.snapshot_id != head.snapshot_id])


def expire(table: Table, old: list[int]) -> bool:
    """Let go of snapshots; False when they are all still there."""
    try:
        table.maintenance.expire_snapshots().by_ids(old).commit()
        point("lake.expired")
    except Exception:
        # Another process was faster, or the catalog did not answer. The commit before this one stands whatever
        # becomes of old snapshots, and the next one tries again.
        with suppress(Exception):
            table.refresh()
        return False
    return True


def widen(table: Table, schema: Schema) -> None:
    """Give a table the columns that it lacks, and their names to files that know columns by name only."""
    try:
        with table.transaction() as transaction:
            with transaction.update_schema() as update:
                update.union_by_name(schema)
            names = transaction.table_metadata.schema().name_mapping.model_dump_json()
            transaction.set_properties({"schema.name-mapping.default": names})
        point("lake.widened")
    except CommitFailedException as error:
        raise Conflict(f"{table.name()[-1]} moved under a change of its columns: {error}", hint="run again") from error
