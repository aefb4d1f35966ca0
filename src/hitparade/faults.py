"""Fault points: every place where durable state has just changed, or is just about to.

Each has a name, so that tests can kill a process there, take the power away, or let another process go first. Nobody
watches in production, where a point costs one look at a global.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

POINTS: Mapping[str, str] = {
    "run.begun": "a run has its number, and has done nothing",
    "run.ended": "a run is given back",
    "storage.part_written": "a file is written under a name that nobody reads",
    "storage.written": "a small file or an object is there, whole",
    "storage.renamed": "a file has another name in its folder",
    "storage.linked": "a moved file has both of its names",
    "storage.moved": "a moved file has its new name alone",
    "ledger.table_created": "a ledger on DynamoDB has its table, and nothing in it",
    "ledger.written": "a ledger's transaction is written and not committed",
    "ledger.accepted": "a ledger on DynamoDB will make a batch true, whoever goes on with it",
    "ledger.applied": "a ledger on DynamoDB has every item of a batch, and shows none",
    "ledger.committed": "a ledger's transaction is committed, and nobody was told",
    "lake.catalog_created": "there is a catalog, and nothing in it",
    "lake.table_created": "a table is in the catalog",
    "lake.synced": "staged files are on the disk, and no table names them",
    "lake.metadata_written": "a file of a table's metadata is written, and the catalog does not name it",
    "lake.committed": "the catalog names the new snapshot, and nobody was told",
    "lake.widened": "a KPI's table has the columns that its header has now",
    "lake.expired": "old snapshots are let go of",
    "load.staged": "a batch is judged, and its rows are committed nowhere",
    "load.table_appended": "one table has its rows of a batch, others may not",
    "load.appended": "every table has its rows of a batch, and the ledger does not know",
    "load.recorded": "the ledger knows a batch",
    "compute.staged": "KPI days are computed, and committed nowhere",
    "compute.table_replaced": "one KPI's table has its days, others may not",
    "compute.replaced": "every KPI's table has its days, and the ledger does not know",
    "compute.recorded": "the ledger knows the computations",
    "publish.day_written": "a sink has a KPI's day, and the ledger does not know",
    "publish.recorded": "the ledger knows what a sink took",
    "publish.merged": "a warehouse has songs or users",
    "files.file_written": "one file of a KPI's day is new, others may be old",
    "dynamodb.table_created": "one of a sink's tables is created",
    "dynamodb.begun": "a KPI's day is begun in DynamoDB, and none of its items is written",
    "dynamodb.item_written": "some items of a KPI's day are new, others are old",
    "dynamodb.finished": "a KPI's day is finished in one table of DynamoDB",
    "warehouse.migrated": "a warehouse has its tables",
    "warehouse.written": "a warehouse's transaction is written and not committed",
    "warehouse.committed": "a warehouse's transaction is committed, and the ledger does not know",
    "archive.claimed": "a file of the landing zone is claimed",
    "archive.reported": "the report of a file in quarantine is written, and the file not moved",
    "archive.moved": "a settled file is where it belongs",
    "archive.released": "a claimed file is back under its name",
    "quarantine.settled": "the ledger says that files leave quarantine, and they lie there",
    "quarantine.moved": "a file has left quarantine",
    "maintain.rewritten": "files of a table are written anew, and no table names them",
    "maintain.exchanged": "a table has some of its files in the place of others",
    "maintain.noted": "files out of use are noted, and those that are due not removed",
    "maintain.removed": "some files out of use are removed, and still noted",
    "maintain.forgotten": "the ledger has forgotten runs",
}
"""The points by name, with what is true at each."""

_watcher: Callable[[str], None] | None = None


def point(name: str) -> None:
    """Pass a point. `name` is one of POINTS."""
    if _watcher is not None:
        _watcher(name)


@contextmanager
def watched(by: Callable[[str], None]) -> Iterator[None]:
    """Have every point that this process passes told, by the thread that passes it."""
    global _watcher
    before, _watcher = _watcher, by
    try:
        yield
    finally:
        _watcher = before
