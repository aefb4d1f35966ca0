"""Tasks may be repeated, and run on machines that have not seen a file before: neither changes anything."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from hitparade.engines.base import Flawed
from hitparade.engines.spark import SparkEngine, load, tasks
from hitparade.kpis.registry import load_kpis
from hitparade.landing.identify import fingerprint
from hitparade.landing.spool import plain
from hitparade.model import Contract, Dataset, InEffect, Source
from hitparade.storage import Storage
from tests.engines.staging import NOW, TABLES, contract_with, outcome, rows_of, source_of
from tests.spark import on_spark, opened

pytestmark = on_spark

HEADER = b"user_id,track_id,listen_time\n"
DAYS = [date(2024, 6, day) for day in range(1, 11)]
LOAD_IDS = range(1, 5)
SONGS = (
    b"track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\n"
    b"a,A,B,C,1,1000,pop\nb,A,B,C,x,1000,pop\n"
)
NOTHING = InEffect(files=dict.fromkeys(TABLES["songs"], ()), load_ids={})


@pytest.fixture(scope="module")
def engine(spark: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    with opened(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


def delivered(folder: Path, name: str, data: bytes, *, load_id: int = 1, dataset: Dataset = "streams") -> Source:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return source_of(path, contract_with(dataset), load_id=load_id)


def on_every_day(user: int) -> bytes:
    """A file with a listen on each day."""
    return HEADER + b"".join(f"{user},t{user % 3},{day} 10:00:00\n".encode() for day in DAYS)


def contents(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- repeated


Task = Callable[[Path], object]
"""A task with its work, to be called with a folder for temporary files."""


def staging(means: tasks.Means, folder: Path, lake: Path) -> Task:
    return partial(tasks.stage, means, tasks.StageFiles(streams(folder), str(lake)))


def merging(means: tasks.Means, folder: Path, lake: Path) -> Task:
    pieces = [piece for piece in staged(means, folder).pieces if piece.day == DAYS[0]]
    return partial(tasks.merge, means, tasks.MergePieces((*pieces, *pieces), str(lake)))


def staging_of_songs(means: tasks.Means, folder: Path, lake: Path) -> Task:
    songs = delivered(folder, "in/songs.csv", SONGS, load_id=9, dataset="songs")
    folders = {table: str(lake / table) for table in TABLES["songs"]}
    watched = {"songs": frozenset({"duration_ms"})}
    return partial(tasks.stage_catalogue, means, tasks.StageCatalogue(songs, "songs", folders, NOTHING, watched))


def finding_problems(means: tasks.Means, folder: Path, lake: Path) -> Task:
    flawed = Flawed(streams(folder)[0], str(lake))
    return partial(tasks.problems, means, tasks.FindProblems(flawed, None, NOW))


def computing(means: tasks.Means, folder: Path, lake: Path) -> Task:
    every = load_kpis(settings={"genre_attribution": "all"})
    kpis = tuple(kpi for kpi in every if kpi.scope == "day" and "users" not in kpi.reads)  # there are none here
    listens = {"listens": tuple(piece.url for piece in staged(means, folder).pieces)}
    work = tasks.ComputeDays(
        kpis=kpis,
        days=tuple(DAYS),
        listens=InEffect(listens, {load_id: load_id for load_id in LOAD_IDS}),
        rows=len(LOAD_IDS) * len(DAYS),
        previous={kpi.name: () for kpi in kpis},
        folders={kpi.name: str(lake / kpi.name) for kpi in kpis},
    )
    return partial(tasks.compute, means, tasks.Catalogue(NOTHING, None, kpis), work)


def streams(folder: Path) -> tuple[Source, ...]:
    """Some stream files, each with a bad row."""
    return tuple(
        delivered(folder, f"in/{load_id}.csv", on_every_day(load_id) + b"x,,never\n", load_id=load_id)
        for load_id in LOAD_IDS
    )


def staged(means: tasks.Means, folder: Path) -> tasks.StagedFiles:
    """Them, in Parquet."""
    scratch = folder / "staging"
    scratch.mkdir()
    return tasks.stage(means, tasks.StageFiles(streams(folder), str(folder / "staged")), scratch)


@pytest.mark.parametrize("kind", [staging, merging, staging_of_songs, finding_problems, computing])
def test_a_task_that_is_repeated_writes_the_same_bytes_under_the_same_names(
    engine: SparkEngine,
    kept: object,
    tmp_path: Path,
    kind: Callable[[tasks.Means, Path, Path], Task],
) -> None:
    """An executor may be lost after it wrote and before it told, and a slow one be overtaken by another."""
    lake = tmp_path / "lake"
    task = kind(engine.means, tmp_path, lake)
    results, written = [], []
    for attempt in ("first", "second"):
        (tmp_path / attempt).mkdir()
        results.append(task(tmp_path / attempt))
        written.append(contents(lake))

    assert written[0]
    assert written[1] == written[0]
    assert results[1] == results[0]


@pytest.fixture
def kept() -> Iterator[None]:
    """What a worker keeps between tasks, let go of: here the worker is this process."""
    yield
    tasks.kept().close()


# ---- many small files


def test_many_small_files_become_one_file_a_day_and_leave_no_other(
    engine: SparkEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [delivered(tmp_path, f"in/{number}.csv", on_every_day(number), load_id=number) for number in range(40)]
    monkeypatch.setattr(load, "TASK_BYTES", (5 * sources[-1].size, 5 * sources[-1].size))
    folder = tmp_path / "listens"

    staging = engine.stage_listens(sources, str(folder))

    assert len(list(load.grouped(sources, engine.slots))) == 8
    assert [Path(path).parent.name for path in staging.files["listens"]] == [f"listen_date={day}" for day in DAYS]
    assert {str(folder / path) for path in contents(folder)} == set(staging.files["listens"])
    found = sorted((row["load_id"], row["listen_date"]) for row in rows_of(staging, "listens"))
    assert found == [(number, day) for number in range(40) for day in DAYS]


def test_files_that_are_staged_again_without_one_of_them_leave_nothing_of_it(
    engine: SparkEngine, tmp_path: Path
) -> None:
    """As when the contract refuses a file for its rows: those of the others are staged once more."""
    only = HEADER + b"1,t,2024-07-01 10:00:00\n"
    sources = [
        delivered(tmp_path, "in/one.csv", on_every_day(1), load_id=1),
        delivered(tmp_path, "in/two.csv", only, load_id=2),
    ]
    folder = tmp_path / "listens"
    engine.stage_listens(sources, str(folder))

    staging = engine.stage_listens(sources[:1], str(folder))

    assert {row["load_id"] for row in rows_of(staging, "listens")} == {1}
    assert {str(folder / path) for path in contents(folder)} == set(staging.files["listens"])


# ---- elsewhere


def packed(data: bytes, name: str) -> bytes:
    """The bytes of a delivered file, from its text."""
    if name.endswith(".gz"):
        return gzip.compress(data)
    if name.endswith(".zst"):
        return bytes(pa.compress(data, codec="zstd", asbytes=True))
    return data


def spooled(folder: Path, name: str, data: bytes, contract: Contract) -> Source:
    """A file as the machine that looked at it knows it: unpacked into a folder of its own, which is gone since."""
    path, scratch = folder / name, folder / "scratch"
    path.write_bytes(data)
    scratch.mkdir()
    storage = Storage()
    blob = storage.stat(str(path))
    assert blob is not None
    with path.open("rb") as file:
        known = fingerprint(file, delimiter=contract.delimiter)
    text = plain(storage, blob, known, contract=contract, scratch=scratch)
    source = replace(source_of(Path(text.path), contract), url=str(path))
    Path(text.path).unlink()
    return source


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("a.csv.gz", "utf-8"), ("a.csv.zst", "utf-8"), ("a.csv", "latin-1"), ("a.csv.gz", "utf-16")],
)
def test_a_file_that_was_unpacked_elsewhere_is_unpacked_again(
    engine: SparkEngine, tmp_path: Path, name: str, encoding: str
) -> None:
    text = "user_id,track_id,listen_time\n1,café,2024-06-25 17:43:13\n2,a\nx,b,2024-06-25 17:43:13\n"
    source = spooled(tmp_path, name, packed(text.encode(encoding), name), contract_with(encoding=encoding))

    staging = engine.stage_listens([source], str(tmp_path / "listens"))
    bad = engine.problems([Flawed(staging.sources[0], str(tmp_path / "rejects"))], now=NOW)[1]

    assert [(row["user_id"], row["track_id"], row["listened_at"]) for row in rows_of(staging, "listens")] == [
        (1, "café", datetime.fromisoformat("2024-06-25 17:43:13"))
    ]
    assert outcome(bad.problems) == {("csv", None, "reject"): [(2, "")], ("type", "user_id", "reject"): [(3, "x")]}


def test_a_catalogue_that_was_unpacked_elsewhere_is_unpacked_again(engine: SparkEngine, tmp_path: Path) -> None:
    source = spooled(tmp_path, "songs.csv.gz", gzip.compress(SONGS), contract_with("songs"))
    folders = {table: str(tmp_path / table) for table in TABLES["songs"]}

    staging = engine.stage_catalogue(source, "songs", folders, in_effect=NOTHING, watched={})
    bad = engine.problems([Flawed(staging.sources[0], str(tmp_path / "rejects"))], now=NOW)[1]

    assert [row["track_id"] for row in rows_of(staging, "songs")] == ["a"]
    assert outcome(bad.problems) == {("type", "popularity", "reject"): [(2, "x")]}
