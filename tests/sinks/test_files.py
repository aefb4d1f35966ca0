"""What only the files sink promises: two whole files, and nothing else in the way of those who read them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hitparade.errors import Fenced, StorageError
from hitparade.sinks.files import FilesSink
from tests.sinks.files_reader import read_day
from tests.sinks.test_sinks import GENRES, MONDAY, genres


def test_a_day_is_a_csv_and_a_parquet_file(tmp_path: Path) -> None:
    FilesSink("files:", tmp_path).write(GENRES, MONDAY, genres(MONDAY, pop=1), run=1)

    visible = sorted(path.name for path in (tmp_path / "genre_daily").iterdir() if not path.name.startswith("."))
    text = (tmp_path / "genre_daily" / "2024-06-24.csv").read_text(encoding="utf-8")
    assert visible == ["2024-06-24.csv", "2024-06-24.parquet"]
    assert text.splitlines()[0].replace('"', "") == ",".join(GENRES.column_names)


def test_a_crash_between_the_two_files_is_no_day(tmp_path: Path) -> None:
    """The Parquet file is written last and speaks for both."""
    sink = FilesSink("files:", tmp_path)
    sink.write(GENRES, MONDAY, genres(MONDAY, pop=1), run=1)
    (tmp_path / "genre_daily" / "2024-06-24.parquet").unlink()

    assert sink.holds(GENRES, MONDAY) is None
    sink.write(GENRES, MONDAY, genres(MONDAY, pop=2), run=1)
    assert [row["listen_count"] for row in read_day(tmp_path, GENRES, MONDAY)] == [2]


def test_of_many_that_write_a_day_at_once_the_latest_run_stays(tmp_path: Path) -> None:
    def write(run: int) -> None:
        try:
            FilesSink("files:", tmp_path).write(GENRES, MONDAY, genres(MONDAY, pop=run), run=run)
        except Fenced:
            assert run < 20

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [(number * 7) % 20 + 1 for number in range(40)]))

    assert [row["listen_count"] for row in read_day(tmp_path, GENRES, MONDAY)] == [20]


def test_a_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "exports").write_bytes(b"")

    with pytest.raises(StorageError, match="exports"):
        FilesSink("files:", tmp_path / "exports").write(GENRES, MONDAY, genres(MONDAY, pop=1), run=1)
