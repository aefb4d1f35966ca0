"""Whatever bytes a file has, the fast reader never differs from the exact one, nor that from plain Python."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from hitparade.contracts.files import header_problems
from hitparade.engines.duckdb import DuckDBEngine
from tests.engines.plain_reading import read_plainly
from tests.engines.staging import contract_with, problems_of, rows_of, source_of, staged

NOW = datetime(2024, 7, 1, tzinfo=UTC)
EXAMPLES = int(os.environ.get("HITPARADE_EXAMPLES", "60"))

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


HEADER = b"user_id,track_id,listen_time\n"


@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(file=files())
@example(file=(HEADER + b'1,t,"2024-06-25 17:43:13" \n', ","))
@example(file=(HEADER + b'1,t,2024-06-25 17:43:13\n42,"t,2024-06-25 17:43:13\n1,t,2024-06-25 17:43:13\n', ","))
@example(file=(HEADER + b'42,x"y,"\n1,t,2024-06-25 17:43:13\n', ","))
@example(file=(HEADER + b'"a\rb",t,2024-06-25 17:43:13\r"1,t,2024-06-25 17:43:13\r', ","))
@example(file=(HEADER.strip() + b",more\n1,t,2024-06-25 17:43:13,\xff\n", ","))
@example(file=(HEADER + b"\xc2\xa042,t,2024-06-25 17:43:13\n", ","))
@example(file=(b'user_id,listen_time,track_id\n1,2024-06-25 17:43:13, ""', ","))
@example(file=(b'user_id,listen_time,track_id\n1,2024-06-25 17:43:13,t,""', ","))
@example(file=(b'user_id,listen_time,track_id\n1,2024-06-25 17:43:13,t,""\n', ","))
@example(file=(b'track_id,user_id,listen_time\n "" ,1,2024-06-25 17:43:13\n', ","))
@example(file=(HEADER + b"42, \xc2\xa0t ,2024-06-25 17:43:13\n", ","))
@example(file=(HEADER + b"1,t,2024-06-25 17:43:13\n1,t\xe9,2024-06-25 17:43:13\n", ","))
def test_every_row_is_read_as_plain_python_reads_it(
    engine: DuckDBEngine, tmp_path_factory: pytest.TempPathFactory, file: tuple[bytes, str]
) -> None:
    data, delimiter = file
    expected = read_plainly(data, delimiter)
    contract = contract_with(delimiter=delimiter)
    assume(expected is not None and not list(header_problems(contract, expected.header)))
    assert expected is not None
    folder = tmp_path_factory.mktemp("file")
    path = folder / "streams.csv"
    path.write_bytes(data)

    source = source_of(path, contract)
    staging = staged(engine, source, "streams", folder)
    problems_of(engine, staging.sources[0], folder)

    listens = sorted((row["user_id"], row["track_id"], row["listened_at"]) for row in rows_of(staging, "listens"))
    counted = staging.staged[source.load_id]
    assert source.header == expected.header
    assert listens == expected.listens
    assert (counted.rows_read, counted.rows_loaded) == (expected.rows, len(expected.listens))
    assert rejected_rows(folder / "rejects" / "data_0.parquet") == expected.bad


def rejected_rows(path: Path) -> list[int]:
    """The numbers of the rows in a file of rejects."""
    return sorted(set(pq.ParquetFile(path).read(["row"])["row"].to_pylist())) if path.exists() else []
