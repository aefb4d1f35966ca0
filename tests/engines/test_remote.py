"""DuckDB on Parquet in a bucket: the same rows as from a disk, and no more bytes than the query needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hitparade.engines.duckdb import DuckDBEngine, open_engine
from hitparade.errors import StorageError
from hitparade.storage import Storage
from hitparade.storage.s3 import Ranged
from tests.s3 import moto_server

ROWS = 1_000_000


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with moto_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server.make_bucket("remote")


@pytest.fixture
def engine(bucket: str, tmp_path: Path) -> Iterator[DuckDBEngine]:
    storage = Storage()
    engine = open_engine(memory="500MB", threads=8, scratch=tmp_path, zone="UTC", storage=storage)
    yield engine
    engine.close()
    storage.close()


def test_threads_that_read_one_file_at_once_read_what_is_in_it(
    engine: DuckDBEngine, bucket: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.parquet"
    engine.run(
        f"COPY (SELECT i AS number, hash(i) AS noise, 'track ' || i AS text FROM range({ROWS}) AS t(i))"
        f" TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE 20480)"
    )
    url = engine.storage.put(path, f"{bucket}/a folder/[rows]*.parquet")
    question = "SELECT count(*), sum(number), bit_xor(noise), bit_xor(hash(text)) FROM "

    here = engine.rows(question + engine.read_parquet([str(path)]))

    assert here[0][0] == ROWS
    for _ in range(3):
        assert engine.rows(question + engine.read_parquet([url])) == here


def test_a_column_is_read_without_the_others(
    engine: DuckDBEngine, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wide.parquet"
    engine.run(
        "COPY (SELECT i AS number, hash(i) AS noise, hash(i + 1) AS more, md5(i::VARCHAR) AS text"
        f" FROM range(300_000) AS t(i)) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"
    )
    url = engine.storage.put(path, f"{bucket}/wide.parquet")
    read = 0
    get = Ranged._get

    def counted(file: Ranged, wanted: str | None) -> object:
        nonlocal read
        answer = get(file, wanted)
        read += len(answer[1])
        return answer

    monkeypatch.setattr(Ranged, "_get", counted)
    assert engine.rows(f"SELECT sum(number) FROM {engine.read_parquet([url])}") == [(300_000 * 299_999 // 2,)]

    assert 0 < read < path.stat().st_size / 4


def test_a_file_that_is_not_there_is_said(engine: DuckDBEngine, bucket: str) -> None:
    with pytest.raises(StorageError, match=r"nowhere\.parquet"):
        engine.rows(f"SELECT * FROM {engine.read_parquet([f'{bucket}/nowhere.parquet'])}")


@pytest.mark.parametrize("failure", [StorageError("cannot read it"), KeyboardInterrupt()], ids=["lost", "Ctrl-C"])
def test_what_goes_wrong_while_it_reads_is_what_is_told(
    engine: DuckDBEngine, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    path = tmp_path / "lost.parquet"
    engine.run(f"COPY (SELECT hash(i) AS noise FROM range(300_000) AS t(i)) TO '{path}' (FORMAT parquet)")
    url = engine.storage.put(path, f"{bucket}/lost.parquet")
    question = f"SELECT bit_xor(noise) FROM {engine.read_parquet([url])}"
    get, asked = Ranged._get, iter(range(2))

    def lost(file: Ranged, wanted: str | None) -> object:
        if next(asked, None) is None:
            raise failure
        return get(file, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(Ranged, "_get", lost)
        with pytest.raises(type(failure)):
            engine.rows(question)

    assert engine.rows(question)


def test_lanes_read_a_bucket_by_one_way(engine: DuckDBEngine, bucket: str, tmp_path: Path) -> None:
    path = tmp_path / "lanes.parquet"
    engine.run(f"COPY (SELECT i FROM range(10) AS t(i)) TO '{path}' (FORMAT parquet)")
    url = engine.storage.put(path, f"{bucket}/lanes.parquet")

    for lane in (engine.lane(), engine.lane(), engine):
        assert lane.rows(f"SELECT sum(i) FROM {lane.read_parquet([url])}") == [(45,)]
