"""File rules: names, headers and counts."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from hitparade.contracts.files import count_problems, header_problems, name_problems, read_header
from hitparade.model import Problem, Staged
from tests.engines.staging import contract_with

COLUMNS = ("user_id", "track_id", "listen_time")


def rules(problems: Iterable[Problem]) -> list[str]:
    return [problem.rule for problem in problems]


def header_of(folder: Path, data: bytes, delimiter: str = ",") -> tuple[str, ...]:
    path = folder / "streams.csv"
    path.write_bytes(data)
    return read_header(str(path), delimiter)


@pytest.mark.parametrize(
    ("name", "size", "broken"),
    [
        ("streams1.csv", 10, []),
        ("streams1.txt", 10, ["extension", "name_pattern"]),
        ("streams1.CSV", 10, ["extension", "name_pattern"]),
        ("my-streams1.csv", 10, ["name_pattern"]),
        ("streams1.csv.csv", 10, ["name_pattern"]),
        ("streams1.csv", 101, ["max_bytes"]),
        ("x", 101, ["extension", "name_pattern", "max_bytes"]),
    ],
)
def test_names_and_sizes(name: str, size: int, broken: list[str]) -> None:
    contract = contract_with(name_pattern="streams[0-9]+.csv", max_bytes=100)

    assert rules(name_problems(contract, name, size)) == broken


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (b"user_id,track_id\n1,t\n", ("user_id", "track_id")),
        (b"\xef\xbb\xbfuser_id,track_id\r\n", ("user_id", "track_id")),
        (b' user_id ,"track_id"', ("user_id", "track_id")),
        (b'"two\nlines",x\n', ("two\nlines", "x")),
        (b"user_id,\n", ("user_id", "")),
        (b"", ()),
        (b"\nuser_id\n", ()),
    ],
)
def test_a_header_is_the_first_row(tmp_path: Path, data: bytes, header: tuple[str, ...]) -> None:
    assert header_of(tmp_path, data) == header


def test_bytes_after_the_header_are_none_of_its_business(tmp_path: Path) -> None:
    assert header_of(tmp_path, b"user_id,track_id\n1,caf\xe9\n") == ("user_id", "track_id")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"user_id,caf\xe9\n", UnicodeDecodeError),
        (b'"user_id"x,track_id\n', csv.Error),
        (b'"user_id,track_id\n' + b"1,2\n" * 2000, csv.Error),
        (b"x" * (1 << 21), csv.Error),
    ],
    ids=["encoding", "after a quote", "a quote without end", "a line without end"],
)
def test_what_is_no_header_at_all(tmp_path: Path, data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        header_of(tmp_path, data)


@pytest.mark.parametrize(
    ("header", "keys", "broken"),
    [
        (COLUMNS, {}, []),
        (COLUMNS[::-1], {}, []),
        ((*COLUMNS, "more"), {}, []),
        ((*COLUMNS, "more", ""), {"extra_columns": "reject"}, ["extra_columns"]),
        (COLUMNS[:2], {}, ["header"]),
        (("USER_ID", *COLUMNS[1:]), {}, ["header"]),
        ((*COLUMNS, "track_id"), {}, ["header"]),
        (("track_id", "track_id"), {"extra_columns": "reject"}, ["header", "header"]),
        ((*COLUMNS, "more", "more"), {}, []),
        ((), {}, ["empty_file"]),
        (("", ""), {}, ["empty_file"]),
    ],
)
def test_columns_that_are_missing_doubled_or_unknown(
    header: tuple[str, ...], keys: dict[str, Any], broken: list[str]
) -> None:
    assert rules(header_problems(contract_with(**keys), header)) == broken


def test_columns_that_are_not_needed_may_be_missing() -> None:
    songs = contract_with("songs", fields_required=False)

    assert rules(header_problems(songs, ("track_id",))) == []
    assert rules(header_problems(songs, ("track_name",))) == ["header"]


@pytest.mark.parametrize(
    ("read", "rejected", "broken"),
    [
        (10, 0, []),
        (10, 5, []),
        (10, 6, ["max_rejected_ratio"]),
        (11, 0, ["max_rows"]),
        (1, 0, ["min_rows"]),
        (0, 0, ["min_rows"]),
        (12, 12, ["max_rows", "max_rejected_ratio"]),
    ],
)
def test_counts_of_rows(read: int, rejected: int, broken: list[str]) -> None:
    contract = contract_with(min_rows=2, max_rows=10)

    assert rules(count_problems(contract, Staged(load_id=1, rows_read=read, rows_rejected=rejected, days={}))) == broken
