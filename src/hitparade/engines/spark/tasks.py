"""What executors do: the work of the DuckDB engine on files of theirs.

A task gets what it needs as frozen values, works in its own folder, puts what it made where it can be committed and
gives back names and counts. A name tells what is in the file, so a task that is repeated writes the same file again,
and what a task left that did not end is named by nobody.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path

from hitparade.engines.base import BadRows, Flawed
from hitparade.engines.duckdb import DuckDBEngine, open_engine
from hitparade.engines.spark.spread import executors_disk
from hitparade.model import ComputedDays, Dataset, InEffect, Kpi, Source, Staging
from hitparade.storage import Storage
from hitparade.storage.packed import is_plain, make_plain


@dataclass(frozen=True, slots=True)
class Means:
    """What a task may take: memory as DuckDB writes it, the zone in which it counts days, and a way to files."""

    memory: str
    zone: str
    storage: Storage = field(compare=False)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue in effect, and the KPIs whose shared relations rest on it alone."""

    songs: InEffect | None
    users: InEffect | None
    kpis: tuple[Kpi, ...] = ()


@contextmanager
def engine_for(means: Means, scratch: Path) -> Iterator[DuckDBEngine]:
    """An engine for one task, in the place of one that the worker kept: together they would take too much."""
    kept().close()
    engine = open_engine(memory=means.memory, threads=1, scratch=scratch, zone=means.zone, storage=means.storage)
    try:
        yield engine
    finally:
        engine.close()


# ---- files


def at_hand(means: Means, source: Source, scratch: Path) -> Source:
    """The source with its text on this machine: where it lies, where it was unpacked, or unpacked anew."""
    if Path(source.path).exists():
        return source
    name = source.url.rsplit("/", 1)[-1]
    path = means.storage.fetch(source.url, scratch / f"{source.load_id}-{name}")
    if is_plain(name, source.encoding):
        return replace(source, path=path)
    target = scratch / f"{source.load_id}.csv"
    with Path(path).open("rb") as raw:
        make_plain(raw, name, target, encoding=source.encoding, max_bytes=None)
    return replace(source, path=str(target))


# ---- load


@dataclass(frozen=True, slots=True)
class StageFiles:
    """Some stream files to validate together, and where their rows go."""

    sources: tuple[Source, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A Parquet file of listens of one day."""

    url: str
    day: date
    size: int


@dataclass(frozen=True, slots=True)
class StagedFiles:
    """What came of them; `staging.files` are left out for `pieces`."""

    staging: Staging
    pieces: tuple[Piece, ...]


def stage(means: Means, work: StageFiles, scratch: Path) -> StagedFiles:
    """Validate some files and put their good rows below the folder, by day."""
    local = scratch / "listens"
    with engine_for(means, scratch) as engine:
        staging = engine.stage_listens([at_hand(means, source, scratch) for source in work.sources], str(local))
    paths = sorted(local.rglob("*.parquet"))
    urls = means.storage.put_below(local, work.folder, name=name_of(source.load_id for source in work.sources))
    pieces = tuple(
        Piece(url, date.fromisoformat(path.parent.name.removeprefix("listen_date=")), path.stat().st_size)
        for path, url in zip(paths, urls, strict=True)
    )
    # What was read exactly here has to be read so elsewhere too, and from where it was delivered.
    exact = {source.load_id for source in staging.sources if source.exact}
    sources = tuple(
        replace(source, doubtful=source.doubtful or source.load_id in exact)
        for source in work.sources
        if source.load_id not in staging.unreadable
    )
    return StagedFiles(replace(staging, sources=sources, files={}), pieces)


@dataclass(frozen=True, slots=True)
class MergePieces:
    """Small pieces of one day that become one file."""

    pieces: tuple[Piece, ...]
    folder: str


def merge(means: Means, work: MergePieces, scratch: Path) -> str:
    """Put the rows of some pieces into one file."""
    from hitparade.engines.duckdb.connection import copy_to, read_parquet

    with engine_for(means, scratch) as engine, engine.in_order():
        paths = means.storage.fetch_all((piece.url for piece in work.pieces), scratch)
        target = scratch / "merged.parquet"
        engine.run(copy_to(f"FROM {read_parquet(paths)}", target, by_day=False, repetitive=False))
    day = work.pieces[0].day
    name = name_of(piece.url.rsplit("/", 1)[-1] for piece in work.pieces)
    return means.storage.put(target, f"{work.folder}/listen_date={day}/{name}.parquet")


@dataclass(frozen=True, slots=True)
class StageCatalogue:
    """A catalogue file to validate and compare; without folders nothing is written."""

    source: Source
    dataset: Dataset
    folders: Mapping[str, str]
    in_effect: InEffect
    watched: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class StagedCatalogue:
    """What came of it, and the keys of what KPIs read and the file changed, as a Parquet file, if there are any."""

    staging: Staging
    touching: str | None


def stage_catalogue(means: Means, work: StageCatalogue, scratch: Path) -> StagedCatalogue:
    """Validate a catalogue file, and put what differs from the catalogue in effect."""
    local = {table: str(scratch / table) for table in work.folders}
    for folder in local.values():
        Path(folder).mkdir()
    with engine_for(means, scratch) as engine:
        source = at_hand(means, work.source, scratch)
        if not work.folders:
            staging = engine.read_catalogue(source, work.dataset)
            return StagedCatalogue(as_delivered(staging, work.source), None)
        staging = engine.stage_catalogue(
            source, work.dataset, local, in_effect=fetched(means, work.in_effect, scratch), watched=work.watched
        )
        touching = None
        if staging.sources and (keys := engine.touching_keys(work.dataset, scratch / "touching.parquet")):
            touching = means.storage.put(keys, f"{next(iter(work.folders.values()))}/touching/keys.parquet")
    placed = {table: means.storage.put_below(Path(folder), work.folders[table]) for table, folder in local.items()}
    return StagedCatalogue(replace(as_delivered(staging, work.source), files=placed), touching)


def as_delivered(staging: Staging, source: Source) -> Staging:
    """The staging of one source, with the source as others can read it."""
    exact = any(each.exact for each in staging.sources)
    sources = (replace(source, doubtful=source.doubtful or exact),) if staging.sources else ()
    return replace(staging, sources=sources)


@dataclass(frozen=True, slots=True)
class FindProblems:
    """A file whose bad rows are looked at one by one, and the catalogue that its rules look into, if they do."""

    flawed: Flawed
    catalogue: Catalogue | None
    now: datetime


def problems(means: Means, work: FindProblems, scratch: Path) -> BadRows:
    """Put the rejected rows of a file, and tell what was wrong."""
    local = scratch / "rejects"
    source = at_hand(means, work.flawed.source, scratch)
    with engine_for(means, scratch) as engine:
        if work.catalogue is not None:
            open_catalogue(means, engine, work.catalogue, scratch)
        if source.doubtful:
            (source,), _ = engine.made_exact([source], [source])
        found = engine.problems([Flawed(source, str(local))], now=work.now)[source.load_id]
    return replace(found, files=means.storage.put_below(local, work.flawed.folder))


# ---- compute


@dataclass(frozen=True, slots=True)
class ComputeDays:
    """A batch of days for some KPIs."""

    kpis: tuple[Kpi, ...]
    days: tuple[date, ...]
    listens: InEffect
    rows: int
    previous: Mapping[str, Sequence[str]]
    folders: Mapping[str, str]


def compute(means: Means, catalogue: Catalogue, work: ComputeDays, scratch: Path) -> ComputedDays:
    """Compute a batch of days, and put the KPIs."""
    local = {name: str(scratch / name) for name in work.folders}
    engine = engine_with(means, catalogue).lane()
    try:
        done = engine.compute_days(
            work.kpis,
            work.days,
            fetched(means, work.listens, scratch),
            rows=work.rows,
            previous={name: means.storage.fetch_all(urls, scratch) for name, urls in work.previous.items()},
            folders=local,
        )
    finally:
        engine.close()
    return replace(
        done, files={name: means.storage.put_below(Path(folder), work.folders[name]) for name, folder in local.items()}
    )


class Kept:
    """The engine that a worker keeps between tasks, since opening the catalogue takes longer than a day's KPIs."""

    def __init__(self) -> None:
        self.opened_for: tuple[Means, Catalogue] | None = None
        self.engine: DuckDBEngine | None = None
        self.scratch: tempfile.TemporaryDirectory[str] | None = None

    def open(self, means: Means, catalogue: Catalogue) -> DuckDBEngine:
        """The engine with this catalogue."""
        if self.engine is not None and self.opened_for == (means, catalogue):
            return self.engine
        self.close()
        self.scratch = tempfile.TemporaryDirectory(prefix="hitparade-", dir=executors_disk())
        folder = Path(self.scratch.name)
        engine = open_engine(memory=means.memory, threads=1, scratch=folder, zone=means.zone, storage=means.storage)
        open_catalogue(means, engine, catalogue, folder)
        self.engine, self.opened_for = engine, (means, catalogue)
        return engine

    def close(self) -> None:
        """Let go of the one before."""
        self.opened_for = None
        if self.engine is not None:
            self.engine.close()
            self.engine = None
        if self.scratch is not None:
            self.scratch.cleanup()
            self.scratch = None


@cache
def kept() -> Kept:
    """The worker's own."""
    return Kept()


def engine_with(means: Means, catalogue: Catalogue) -> DuckDBEngine:
    """An engine with the catalogue open, the worker's own if it is the same."""
    return kept().open(means, catalogue)


def open_catalogue(means: Means, engine: DuckDBEngine, catalogue: Catalogue, scratch: Path) -> None:
    """Make the catalogue and what rests on it alone."""
    songs, users = (rows and fetched(means, rows, scratch) for rows in (catalogue.songs, catalogue.users))
    engine.open_catalogue(songs, users)
    engine.open_relations(catalogue.kpis)


# ---- names


def fetched(means: Means, rows: InEffect, scratch: Path) -> InEffect:
    """Rows in effect with their files on this machine."""
    return replace(rows, files={table: means.storage.fetch_all(urls, scratch) for table, urls in rows.files.items()})


def name_of(parts: Iterator[object]) -> str:
    """A file name that tells what is in the file: the same for the same parts, and for no others."""
    return hashlib.sha256("\n".join(str(part) for part in parts).encode()).hexdigest()[:32]
