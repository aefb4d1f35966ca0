"""Whatever bytes a file has, the fast reader never differs from the exact one, nor that from plain Python."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hitparade.contracts.files import header_problems
from hitparade.engines.base import Engine, Flawed
from hitparade.engines.duckdb import DuckDBEngine
from hitparade.model import Source
from tests.engines.plain_reading import Reading, read_plainly
from tests.engines.staging import contract_with, rows_of, source_of

NOW = datetime(2024, 7, 1, tzinfo=UTC)
EXAMPLES = int(os.environ.get("HITPARADE_EXAMPLES", "60"))
BATCH = 5

DELIMITERS = (",", ",", ",", ",", ";", "\t", "|", " ", "^", "]", "\\", "¦")
HEADERS = (
    ("user_id", "track_id", "listen_time"),
    ("listen_time", "user_id", "track_id"),
    ('"user_id"', '"track_id"', '"listen_time"'),
    ("user_id", "track_id", "listen_time", "more"),
    ("user_id", " track_id ", "listen_time", ""),
    ("USER_ID", "user_id", "track_id", "listen_time"),
    ("row", "user_id", "track_id", "listen_time", "raw", "defect", "c0"),
)
GOOD = {
    "user_id": [b"1", b"42", b"007"],
    "track_id": [b"t1", b"a b", "caf\u00e9".encode(), "cafe\u0301".encode(), b"#x", b"'q'", b"NULL", b"\\N"],
    "listen_time": [b"2024-06-25 17:43:13", b"2024-06-25T00:00:00"],
}
PIECES = [
    *(b'"', b'""', b' "', b'" ', b"\t", b" ", b"\n", b"\r\n", b"\r", b"\n\n", b"\0", b"\x0b", b"\x0c", b"'", b"\\"),
    *(b"\xff", b"\xe9", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xc2\x85", b"\xe2\x80\xa8"),
    *(b"1", b"x", b",", b";", b"#", b"2024-02-30 00:00:00", b"1e3"),
]


@st.composite
def cells(draw: st.DrawFn, column: str) -> bytes:
    """A value of a column: good as it stands, quoted, padded, cut or not a value at all."""
    value = draw(st.sampled_from(GOOD.get(column, GOOD["track_id"])))
    match draw(st.integers(0, 12)):
        case 0:
            return b'"' + value + b'"'
        case 1:
            return b'"' + value + draw(st.sampled_from(PIECES)) + b'"'
        case 2:
            return draw(st.sampled_from(PIECES)) + value
        case 3:
            return value + draw(st.sampled_from(PIECES))
        case 4:
            return b"".join(draw(st.lists(st.sampled_from(PIECES), max_size=4)))
        case 5:
            return b'"' + value + b'"' + draw(st.sampled_from(PIECES))
        case 6:
            return b"".join(draw(st.lists(st.sampled_from([b'"', b'""', b" ", b"x", b'""']), max_size=5)))
    return value


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str]:
    """A file of listens, more or less, and its delimiter."""
    delimiter = draw(st.sampled_from(DELIMITERS))
    header = draw(st.sampled_from(HEADERS))
    line_end = draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"]))
    line_ends = st.sampled_from([*([line_end] * 12), b"\n", b"\r\n", b"\r", b"\n\n", b" \n", b"\r\r\n", b"\n \n"])
    separator = delimiter.encode()
    data = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"])) + separator.join(name.encode() for name in header)
    data += draw(line_ends)
    for _ in range(draw(st.integers(0, 6))):
        row = [draw(cells(name.strip(' "'))) for name in header]
        match draw(st.integers(0, 15)):
            case 0:
                row = row[:-1]
            case 1:
                row = [*row, draw(st.sampled_from([b"", b'""', b"x"]))]
            case 2:
                row = [*row[:-1], b""]
        data += separator.join(row) + draw(line_ends)
    return (data.rstrip(b"\r\n") if draw(st.booleans()) else data), delimiter


def has_header(file: tuple[bytes, str]) -> bool:
    """Whether a file's rows are looked at at all."""
    data, delimiter = file
    reading = read_plainly(data, delimiter)
    return reading is not None and not list(header_problems(contract_with(delimiter=delimiter), reading.header))


readable_files = files().filter(has_header)

HEADER = b"user_id,track_id,listen_time\n"
FOUND: tuple[tuple[bytes, str], ...] = (
    (HEADER + b'1,t,"2024-06-25 17:43:13" \n', ","),
    (HEADER + b'1,t,2024-06-25 17:43:13\n42,"t,2024-06-25 17:43:13\n1,t,2024-06-25 17:43:13\n', ","),
    (HEADER + b'42,x"y,"\n1,t,2024-06-25 17:43:13\n', ","),
    (HEADER + b'"a\rb",t,2024-06-25 17:43:13\r"1,t,2024-06-25 17:43:13\r', ","),
    (HEADER.strip() + b",more\n1,t,2024-06-25 17:43:13,\xff\n", ","),
    (HEADER + b"\xc2\xa042,t,2024-06-25 17:43:13\n", ","),
    (b'user_id,listen_time,track_id\n1,2024-06-25 17:43:13, ""', ","),
    (b'user_id,listen_time,track_id\n1,2024-06-25 17:43:13,t,""', ","),
    (b'user_id,listen_time,track_id\n1,2024-06-25 17:43:13,t,""\n', ","),
    (b'track_id,user_id,listen_time\n "" ,1,2024-06-25 17:43:13\n', ","),
    (HEADER + b"42, \xc2\xa0t ,2024-06-25 17:43:13\n", ","),
    (HEADER + b"1,t,2024-06-25 17:43:13\n1,t\xe9,2024-06-25 17:43:13\n", ","),
)
"""Files that the fast reader once took for others."""

as_long_as_it_takes = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("file", FOUND)
def test_a_file_that_was_misread_once_is_read_as_plain_python_reads_it(
    duckdb_engine: DuckDBEngine, tmp_path: Path, file: tuple[bytes, str]
) -> None:
    assert_read_plainly(duckdb_engine, tmp_path, [file])


@settings(as_long_as_it_takes, max_examples=EXAMPLES)
@given(file=readable_files)
def test_every_row_is_read_as_plain_python_reads_it(
    duckdb_engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, file: tuple[bytes, str]
) -> None:
    assert_read_plainly(duckdb_engine, tmp_path_factory.mktemp("file"), [file])


@settings(as_long_as_it_takes, max_examples=max(EXAMPLES // BATCH // 4, 1))
@given(batch=st.lists(readable_files, min_size=BATCH, max_size=BATCH))
@example(batch=list(FOUND))
def test_every_row_of_a_batch_is_read_as_plain_python_reads_it(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, batch: list[tuple[bytes, str]]
) -> None:
    """Many files at once, since a task takes its time whatever it does."""
    assert_read_plainly(engine, tmp_path_factory.mktemp("batch"), batch)


def assert_read_plainly(engine: Engine, folder: Path, files: list[tuple[bytes, str]]) -> None:
    """Load files, and compare all that came of each with the plain reading of it."""
    readings: dict[int, Reading] = {}
    sources: list[Source] = []
    for load_id, (data, delimiter) in enumerate(files, start=1):
        reading = read_plainly(data, delimiter)
        assert reading is not None
        path = folder / f"{load_id}.csv"
        path.write_bytes(data)
        readings[load_id] = reading
        sources.append(source_of(path, contract_with(delimiter=delimiter), load_id=load_id))

    staging = engine.stage_listens(sources, str(folder / "listens"))
    flawed = [Flawed(source, str(folder / "rejects" / str(source.load_id))) for source in staging.sources]
    bad = engine.problems(flawed, now=NOW)

    listens = rows_of(staging, "listens")
    for source in sources:
        plain, counted = readings[source.load_id], staging.staged[source.load_id]
        loaded = [row for row in listens if row["load_id"] == source.load_id]
        assert source.header == plain.header
        assert sorted((row["user_id"], row["track_id"], row["listened_at"]) for row in loaded) == plain.listens
        assert (counted.rows_read, counted.rows_loaded) == (plain.rows, len(plain.listens))
        assert rejected_rows(bad[source.load_id].files) == plain.bad


def rejected_rows(paths: Iterable[str]) -> list[int]:
    """The numbers of the rows in files of rejects."""
    return sorted({row for path in paths for row in pq.ParquetFile(path).read(["row"])["row"].to_pylist()})
