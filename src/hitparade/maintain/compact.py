"""Rows that count for nobody leave, and small files of a day are put together into larger ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

from hitparade.engines.base import Rewrite
from hitparade.faults import point
from hitparade.maintain.known import Known
from hitparade.maintain.outcome import Maintained
from hitparade.model import LakeFile
from hitparade.workspace import TABLES, Workspace

if TYPE_CHECKING:
    from hitparade.engines.duckdb import DuckDBEngine

LISTENS = "listens"
DATA_TABLES = {*(table for tables in TABLES.values() for table in tables), "rejects"}
# So many small files of a day are worth writing them anew.
TOGETHER = 4
# What is committed at once, and lost when another was faster.
FILES_PER_COMMIT = 500
BYTES_PER_COMMIT = 1 << 30
FILES_PER_LOOK = 500


@dataclass(frozen=True, slots=True)
class Group:
    """Files of a day that become one, and the rows that stay behind, by load_id."""

    files: tuple[LakeFile, ...]
    dead: Mapping[int, int]

    @property
    def rewrite(self) -> Rewrite:
        """The work."""
        rows = sum(file.rows for file in self.files) - sum(self.dead.values())
        return Rewrite(tuple(file.path for file in self.files), frozenset(self.dead), rows)


def compact(ws: Workspace, tables: Sequence[str], facts: Known, outcome: Maintained) -> None:
    """Every table in turn."""
    with embedded(ws) as engine, ws.progress.of("maintain files", len(tables)) as advance:
        for name in tables:
            groups = decide(ws, engine, name, facts)
            if outcome.dry:
                note(outcome, name, groups)
            elif groups:
                rearrange(ws, engine, name, groups, outcome)
            advance(1)


@contextmanager
def embedded(ws: Workspace) -> Iterator[DuckDBEngine]:
    """The engine that copies files, whatever the one of the settings is."""
    from hitparade.engines.duckdb import open_engine

    settings = ws.settings
    with closing(
        open_engine(
            memory=settings.engine.memory,
            threads=settings.engine.threads if settings.engine.name == "duckdb" else 0,
            scratch=ws.scratch,
            zone=settings.lake.timezone,
            storage=ws.storage,
        )
    ) as engine:
        yield engine


def decide(ws: Workspace, engine: DuckDBEngine, name: str, facts: Known) -> list[Group]:
    """What is to be written anew of a table, day by day."""
    days: dict[date | None, list[LakeFile]] = {}
    for file in ws.lake.files(name):
        days.setdefault(file.day, []).append(file)
    dead = dead_rows(ws, engine, name, days, facts)
    size = ws.settings.maintain.file_bytes
    return [group for _, files in sorted(days.items(), key=str) for group in grouped(files, dead, size=size)]


def dead_rows(
    ws: Workspace, engine: DuckDBEngine, name: str, days: Mapping[date | None, Sequence[LakeFile]], facts: Known
) -> Mapping[str, Mapping[int, int]]:
    """The rows that may leave, by file and load_id. Of listens only days are read that have more rows than count."""
    if name not in DATA_TABLES:
        return {}
    doubtful = dict(days)
    if name == LISTENS:
        counting = ws.ledger.rows_in_effect([day for day in days if day is not None])
        doubtful = {
            day: files for day, files in days.items() if day is None or sum(file.rows for file in files) > counting[day]
        }
    paths = [file.path for files in doubtful.values() for file in files]
    found: dict[str, dict[int, int]] = {}
    for start in range(0, len(paths), FILES_PER_LOOK):
        for path, loads in engine.loads_in(paths[start : start + FILES_PER_LOOK]).items():
            if dead := {load_id: rows for load_id, rows in loads.items() if facts.is_dead(load_id)}:
                found[path] = dead
    return found


def grouped(files: Sequence[LakeFile], dead: Mapping[str, Mapping[int, int]], *, size: int) -> Iterator[Group]:
    """The files of a day that are worth it, as many together as make about a file's size."""
    flawed = [file for file in files if file.path in dead]
    small = [file for file in files if file.path not in dead and file.size * 2 < size]
    chosen = [*flawed, *(small if flawed or len(small) >= TOGETHER else ())]
    some: list[LakeFile] = []
    for file in sorted(chosen, key=lambda each: each.path):
        if some and sum(each.size for each in some) + file.size > size:
            yield from worthwhile(some, dead)
            some = []
        some.append(file)
    yield from worthwhile(some, dead)


def worthwhile(files: Sequence[LakeFile], dead: Mapping[str, Mapping[int, int]]) -> Iterator[Group]:
    """These files, unless that would be a copy of one as it is."""
    rows: dict[int, int] = {}
    for file in files:
        for load_id, count in dead.get(file.path, {}).items():
            rows[load_id] = rows.get(load_id, 0) + count
    if rows or len(files) > 1:
        yield Group(tuple(files), rows)


def rearrange(ws: Workspace, engine: DuckDBEngine, name: str, groups: Sequence[Group], outcome: Maintained) -> None:
    """Write anew and commit, some at a time. A table of a KPI is left alone while a pipeline is at work: that would
    have to compute its days again.
    """
    from hitparade.lake.upkeep import Exchange, exchange

    for some in batches(groups):
        folder = ws.lake.staging(name, f"maintain-{uuid4().hex}")
        written = engine.rewrite([each.rewrite for each in some], folder, repetitive=name != LISTENS)
        point("maintain.rewritten")
        wanted = {
            Exchange(each.rewrite.files, () if path is None else (path,)): each
            for each, path in zip(some, written, strict=True)
        }
        if name not in DATA_TABLES and ws.turn.at_work() is not None:
            outcome.busy.append(name)
            return
        done = exchange(ws.lake, name, list(wanted))
        point("maintain.exchanged")
        note(outcome, name, [wanted[each] for each in done])
        # Those whose place was taken meanwhile nobody names.
        ws.storage.remove([path for each in wanted if each not in done for path in each.added])


def batches(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Groups in turn, as many as one commit takes."""
    some: list[Group] = []
    files = size = 0
    for group in groups:
        some.append(group)
        files += len(group.files)
        size += sum(file.size for file in group.files)
        if files >= FILES_PER_COMMIT or size >= BYTES_PER_COMMIT:
            yield some
            some, files, size = [], 0, 0
    if some:
        yield some


def note(outcome: Maintained, name: str, groups: Sequence[Group]) -> None:
    """Count what was done of a table."""
    for group in groups:
        if left := sum(group.dead.values()):
            outcome.rows[name] = outcome.rows.get(name, 0) + left
        if len(group.files) > 1:
            outcome.merged += len(group.files)
            outcome.into += 1 if group.rewrite.rows else 0
