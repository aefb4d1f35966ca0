"""What keeps tables small without changing what they say, and which files they refer to.

Rows that count stay, with their load_id, so nobody who asks the ledger first sees a difference. Files are exchanged
onto just the base that still has them: a retry of pyiceberg's would put them beside those that another has made of
them in the meantime.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyiceberg.table import Table

from hitparade.aws import again
from hitparade.errors import Conflict, LakeError
from hitparade.lake import commits
from hitparade.lake.catalog import GLUE_ATTEMPTS, catalog_explained, is_sql, name_of
from hitparade.lake.lake import Lake, plan

ATTEMPTS = 5
# So many young snapshots stay, for whoever asks what has become of a commit; of old ones only the current.
SNAPSHOTS_LEFT = 3


@dataclass(frozen=True, slots=True)
class Exchange:
    """Files of a table, and what has come in their place."""

    removed: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """Where a table has its files, and every one that it refers to: data and metadata, of all of its snapshots."""

    folder: str
    files: frozenset[str]


def tables(lake: Lake) -> tuple[str, ...]:
    """Every table of the lake, those of KPIs that are gone too."""

    def ask() -> tuple[str, ...]:
        with catalog_explained(name_of(lake.catalog)):
            return tuple(sorted(name for _, name in lake.catalog.list_tables(lake.namespace)))

    return again(ask, attempts=1 if is_sql(lake.catalog) else GLUE_ATTEMPTS)


def exchange(lake: Lake, name: str, wanted: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """Put files in the place of others, where the table still has all of those; what was done.

    The commit carries the stamp of its base, so it neither keeps a run from writing nor lets a stale one through.
    """
    lake.lasting([path for each in wanted for path in each.added])
    for _ in range(ATTEMPTS):
        table = there(lake, name)
        live = {file.file_path: file for file in plan(table, None)}
        possible = tuple(each for each in wanted if all(path in live for path in each.removed))
        if not possible:
            break
        removed = [live[path] for each in possible for path in each.removed]
        try:
            commits.rearrange(table, [path for each in possible for path in each.added], removed)
        except Conflict:
            continue
        return possible
    return ()


def expirable(table: Table, before: datetime) -> list[int]:
    """The snapshots that can be let go of: all but the last few, and of these the ones made before a time."""
    current = {ref.snapshot_id for ref in table.metadata.refs.values()}
    snapshots = sorted(table.snapshots(), key=lambda snapshot: snapshot.sequence_number or 0)
    last = {each.snapshot_id for each in snapshots[-SNAPSHOTS_LEFT:] if each.timestamp_ms > before.timestamp() * 1000}
    return [each.snapshot_id for each in snapshots if each.snapshot_id not in current | last]


def expire(lake: Lake, name: str, *, before: datetime, dry: bool) -> int:
    """Let go of old snapshots; how many. Where others keep committing it is left for another time."""
    for _ in range(ATTEMPTS):
        table = there(lake, name)
        old = expirable(table, before)
        if dry or not old or commits.expire(table, old):
            return len(old)
    return 0


def named(lake: Lake, name: str) -> Named:
    """The files that a table refers to now."""
    table = there(lake, name)
    return Named(folder=table.location(), files=frozenset(referred_to(table)))


def referred_to(table: Table) -> Iterator[str]:
    """Every file that a table's metadata leads to."""
    yield table.metadata_location
    yield from (entry.metadata_file for entry in table.metadata.metadata_log)
    seen: set[str] = set()
    for snapshot in table.snapshots():
        yield snapshot.manifest_list
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path in seen:
                continue
            seen.add(manifest.manifest_path)
            yield manifest.manifest_path
            yield from (entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io))


def there(lake: Lake, name: str) -> Table:
    """A table that was listed."""
    table = lake.table(name)
    if table is None:
        raise LakeError(f"{lake.location}: table {name} is gone", hint="run again")
    return table
