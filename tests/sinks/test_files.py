"""What only the files sink promises: two whole files, and nothing else in the way of those who read them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hitparade.errors import ConfigError, Fenced, StorageError
from hitparade.sinks import open_sink
from hitparade.sinks.files import DiskFolder, FilesSink
from hitparade.storage import Storage
from tests.s3 import Server
from tests.sinks.files_reader import read_day
from tests.sinks.test_sinks import CHART, GENRES, MONDAY, genres


def test_a_day_is_a_csv_and_a_parquet_file(tmp_path: Path) -> None:
    FilesSink("files:", DiskFolder(tmp_path)).write(GENRES, MONDAY, genres(MONDAY, pop=1), run=1)

    visible = sorted(path.name for path in (tmp_path / "genre_daily").iterdir() if not path.name.startswith("."))
    text = (tmp_path / "genre_daily" / "2024-06-24.csv").read_text(encoding="utf-8")
    assert visible == ["2024-06-24.csv", "2024-06-24.parquet"]
    assert text.splitlines()[0].replace('"', "") == ",".join(GENRES.column_names)


def test_a_crash_between_the_two_files_is_no_day(tmp_path: Path) -> None:
    """The Parquet file is written last and speaks for both."""
    sink = FilesSink("files:", DiskFolder(tmp_path))
    sink.write(GENRES, MONDAY, genres(MONDAY, pop=1), run=1)
    (tmp_path / "genre_daily" / "2024-06-24.parquet").unlink()

    assert sink.holds(GENRES, MONDAY) is None
    sink.write(GENRES, MONDAY, genres(MONDAY, pop=2), run=1)
    assert [row["listen_count"] for row in read_day(tmp_path, GENRES, MONDAY)] == [2]


def test_of_many_that_write_a_day_at_once_the_latest_run_stays(tmp_path: Path) -> None:
    def write(run: int) -> None:
        try:
            FilesSink("files:", DiskFolder(tmp_path)).write(GENRES, MONDAY, genres(MONDAY, pop=run), run=run)
        except Fenced:
            assert run < 20

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [(number * 7) % 20 + 1 for number in range(40)]))

    assert [row["listen_count"] for row in read_day(tmp_path, GENRES, MONDAY)] == [20]


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "exports").write_bytes(b"")

    with pytest.raises(StorageError, match="exports"):
        FilesSink("files:", DiskFolder(tmp_path / "exports")).write(GENRES, MONDAY, genres(MONDAY, pop=1), run=1)


def test_a_url_chooses_kpis_formats_and_rows_of_zeros(tmp_path: Path) -> None:
    sink = open_sink(
        "files:out?kpis=genre_daily&formats=parquet&vanished=zeros", place=lambda name: str(tmp_path / name)
    )

    assert sink.table(GENRES) == "genre_daily"
    assert sink.table(CHART) is None
    assert sink.write(GENRES, MONDAY, genres(MONDAY, gone=0, pop=1), run=1) == 1
    assert [path.name for path in (tmp_path / "out" / "genre_daily").iterdir() if path.suffix == ".parquet"]
    rows = pq.ParquetFile(tmp_path / "out" / "genre_daily" / "2024-06-24.parquet").read().to_pylist()
    assert {row["genre"]: row["listen_count"] for row in rows} == {"gone": 0, "pop": 1}
    assert not (tmp_path / "out" / "genre_daily" / "2024-06-24.csv").exists()


def test_a_day_of_csv_alone_knows_its_run_too(tmp_path: Path) -> None:
    sink = open_sink("files:out?formats=csv", place=lambda name: str(tmp_path / name))
    sink.write(GENRES, MONDAY, genres(MONDAY, pop=8), run=8)

    with pytest.raises(Fenced, match="run 8"):
        sink.write(GENRES, MONDAY, genres(MONDAY, pop=7), run=7)
    assert sink.holds(GENRES, MONDAY) == 8


@pytest.mark.parametrize("query", ["colour=blue", "formats=xml", "vanished=gone"])
def test_what_a_url_asks_for_and_is_not_there_is_a_mistake(tmp_path: Path, query: str) -> None:
    with pytest.raises(ConfigError, match=query.split("=")[0]):
        open_sink(f"files:out?{query}", place=str)


def test_of_many_that_write_a_day_in_a_bucket_at_once_the_latest_run_stays(
    moto: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in moto.environment.items():
        monkeypatch.setenv(name, value)
    bucket = moto.make_bucket("at-once")

    def write(run: int) -> None:
        with closing(Storage()) as storage:
            sink = open_sink(f"files:{bucket}/out", place=str, storage=storage)
            try:
                sink.write(GENRES, MONDAY, genres(MONDAY, pop=run), run=run)
            except Fenced:
                assert run < 10

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, [(number * 7) % 10 + 1 for number in range(20)]))

    with closing(Storage()) as storage, storage.open(f"{bucket}/out/genre_daily/2024-06-24.csv") as text:
        assert [line.split(b",")[-2] for line in text.read().splitlines()[1:]] == [b"10"]
        with storage.open(f"{bucket}/out/genre_daily/2024-06-24.parquet") as file:
            assert pq.ParquetFile(file).read()["listen_count"].to_pylist() == [10]
