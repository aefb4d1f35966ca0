"""Row rules, compiled and run by the real engine: which values are good, and what each is worth."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hitparade.engines.duckdb import DuckDBEngine
from hitparade.engines.validation import valued_rows
from hitparade.model import Contract, FieldType
from tests.engines.staging import Listed, contract_with, opened, outcome, rows_of, source_of, staged

NOW = datetime(2024, 7, 1, tzinfo=UTC)
BAD = "is not of the type"

VALUES: Mapping[FieldType, Mapping[str, Any]] = {
    "int": {
        "0": 0,
        "-0": 0,
        "+5": 5,
        "007": 7,
        " 42 ": 42,
        "\t42\t": 42,
        "9" * 18: 999_999_999_999_999_999,
        "-" + "9" * 18: -999_999_999_999_999_999,
        "000" + "9" * 18: 999_999_999_999_999_999,
        **dict.fromkeys(
            ["1e3", "1.0", "1_000", "1,5", "1" * 19, "٣", "１２", "-", "--1", "0x10", "1 2", "NaN", "\u00a042"], BAD
        ),
    },
    "float": {
        "1": 1.0,
        "1.": 1.0,
        ".5": 0.5,
        "1e3": 1000.0,
        "1E-3": 0.001,
        "+1.5": 1.5,
        " 2.5 ": 2.5,
        "1e-999": 0.0,
        **dict.fromkeys(["nan", "inf", "Infinity", "1e999", "1" * 400, "1_0", "٣.٥", "1,5", ".", "e5", "1e"], BAD),
    },
    "bool": {
        **dict.fromkeys(["true", "TRUE", "t", "yes", "Y", "1", " true "], True),
        **dict.fromkeys(["false", "False", "f", "no", "n", "0"], False),
        **dict.fromkeys(["2", "on", "off", "truee", "-1"], BAD),
    },
    "date": {
        "2024-02-29": datetime(2024, 2, 29),
        "2000-02-29": datetime(2000, 2, 29),
        " 2024-01-01 ": datetime(2024, 1, 1),
        "0001-01-02": datetime(1, 1, 2),
        "9999-12-30": datetime(9999, 12, 30),
        **dict.fromkeys(["2023-02-29", "1900-02-29", "2024-02-30", "2024-13-01", "2024-00-10", "0000-01-01"], BAD),
        **dict.fromkeys(["0001-01-01", "9999-12-31", "2024-1-1", "20240101", "24-01-01", "٢٠٢٤-01-01"], BAD),
        "2024-01-01 00:00:00": BAD,
    },
    "timestamp": {
        "2024-06-25 10:00:00": datetime(2024, 6, 25, 10),
        "2024-06-25T10:00:00": datetime(2024, 6, 25, 10),
        "2024-06-25 10:00:00Z": datetime(2024, 6, 25, 10),
        "2024-06-25 10:00:00+02:00": datetime(2024, 6, 25, 8),
        "2024-06-25 10:00:00-05:30": datetime(2024, 6, 25, 15, 30),
        "2024-06-25T10:00:00.5-00:30": datetime(2024, 6, 25, 10, 30, 0, 500_000),
        "2024-06-25 10:00:00.123456+02:00": datetime(2024, 6, 25, 8, 0, 0, 123_456),
        "2024-06-25 10:00:00.1": datetime(2024, 6, 25, 10, 0, 0, 100_000),
        "2024-06-25 10:00:00.12": datetime(2024, 6, 25, 10, 0, 0, 120_000),
        "2024-06-25 10:00:00.1234": datetime(2024, 6, 25, 10, 0, 0, 123_400),
        "2024-06-25 10:00:00.123456": datetime(2024, 6, 25, 10, 0, 0, 123_456),
        " 2024-01-01 00:00:00 ": datetime(2024, 1, 1),
        "\t2024-01-01 00:00:00\t": datetime(2024, 1, 1),
        "0001-01-01 23:00:00-23:59": datetime(1, 1, 2, 22, 59),
        **dict.fromkeys(["2024-02-30 00:00:00", "2024-02-30 10:00:00Z", "2024-02-30 10:00:00+01:00"], BAD),
        **dict.fromkeys(["2024-06-25 24:00:00", "2024-06-25 23:59:60", "0000-01-01 00:00:00"], BAD),
        **dict.fromkeys(["2024-06-25", "2024-06-25 10:00", "2024-06-25  10:00:00", "2024-06-25t10:00:00"], BAD),
        **dict.fromkeys(["2024-06-25 10:00:00.", "2024-06-25 10:00:00.1234567", "2024-06-25 10:00:00z"], BAD),
        **dict.fromkeys([f"2024-06-25 10:00:00{offset}" for offset in ("+0200", "+02", " +02:00", "+24:00")], BAD),
        **dict.fromkeys(["9999-12-31 23:59:59-23:59", "+2024-06-25 10:00:00", "infinity", "epoch"], BAD),
    },
    "string": {
        "cafe\u0301": "café",
        " padded ": "padded",
        "\u00a0kept\u00a0": "\u00a0kept\u00a0",
        'say "hi"': 'say "hi"',
        "NULL": "NULL",
        "'; DROP TABLE listens; --": "'; DROP TABLE listens; --",
    },
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with opened(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


def listed(values: list[str]) -> bytes:
    """A file of good listens with one more column, `x`; the user_id is the row's number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["user_id", "track_id", "listen_time", "x"])
    writer.writerows([number, "t", "2024-01-01 00:00:00", value] for number, value in enumerate(values, start=1))
    return text.getvalue().encode()


def judged(engine: DuckDBEngine, folder: Path, contract: Contract, data: bytes) -> Listed:
    """The rows that were loaded, and the rules that the others broke."""
    path = folder / "streams.csv"
    path.write_bytes(data)
    source = source_of(path, contract)
    staging = staged(engine, source, "streams", folder)
    problems = engine.problems(staging.sources[0], folder / "rejects.parquet", now=NOW)
    return Listed(rows_of(staging, "listens"), outcome(problems))


@pytest.mark.parametrize("padded", [False, True], ids=["blanks", "all white space"])
@pytest.mark.parametrize("kind", VALUES)
def test_what_is_of_a_type_and_what_it_is_worth(
    engine: DuckDBEngine, tmp_path: Path, kind: FieldType, padded: bool
) -> None:
    """Also where every white space is trimmed, because the file has a tab somewhere."""
    expected = {text: value for text, value in VALUES[kind].items() if padded or "\t" not in text}
    values = [*expected, *(["\tx"] if padded else [])]
    contract = contract_with(fields={"x": {"type": kind}})
    path = tmp_path / "streams.csv"
    path.write_bytes(listed(values))
    source = source_of(path, contract)

    staging = staged(engine, source, "streams", tmp_path)
    good = {row["user_id"] for row in rows_of(staging, "listens")}
    rows = engine.rows(f"SELECT value_0, value_3 FROM ({valued_rows(staging.sources[0], numbered=False)})")

    worth = {values[number - 1]: value if number in good else BAD for number, value in rows}
    worth.pop("\tx", None)
    assert worth == expected


@pytest.mark.parametrize(
    ("rule", "field", "good", "bad"),
    [
        ("min", {"type": "int", "min": 13}, ["13", "99", ""], ["12", "-5"]),
        ("max", {"type": "float", "max": 1.5}, ["1.5", "-9"], ["1.51", "1e3"]),
        ("min", {"type": "date", "min": "2024-01-01"}, ["2024-01-01"], ["2023-12-31"]),
        ("max", {"type": "timestamp", "max": "2024-01-01 00:00:00"}, ["2024-01-01 02:00:00+02:00"],
         ["2024-01-01 00:00:00.000001", "2024-01-01 00:00:00-00:01"]),
        ("pattern", {"type": "string", "pattern": "[a-z]+"}, ["abc", " abc ", ""], ["abc1", "1abc", "ABC"]),
        ("pattern", {"type": "string", "pattern": "caf."}, ["caf\u00e9", "cafe\u0301"], ["caf"]),
        ("pattern", {"type": "int", "pattern": "0[0-9]+"}, ["007"], ["7"]),
        ("allowed", {"type": "string", "allowed": ["caf\u00e9", "it's"]}, ["cafe\u0301", "it's", ""], ["tea", "Caf\u00e9"]),
        ("allowed", {"type": "string", "allowed": ["cafe\u0301"]}, ["caf\u00e9", "cafe\u0301"], ["cafe"]),
        ("allowed", {"type": "int", "allowed": [1, 2]}, ["1", "+2", "01"], ["3"]),
        ("required", {"type": "string", "required": True}, ["x", "0"], ["", "   "]),
        ("type", {"type": "timestamp", "format": "%d/%m/%Y %H:%M"}, ["25/06/2024 10:00"],
         ["31/02/2024 10:00", "2024-06-25 10:00", "25/06/2024 24:00", "25/06/0000 10:00"]),
    ],
)  # fmt: skip
def test_a_rule_rejects_the_rows_that_break_it(
    engine: DuckDBEngine, tmp_path: Path, rule: str, field: Mapping[str, Any], good: list[str], bad: list[str]
) -> None:
    found = judged(engine, tmp_path, contract_with(fields={"x": field}), listed([*good, *bad]))

    assert sorted(row["user_id"] for row in found.rows) == list(range(1, len(good) + 1))
    shown = [(len(good) + number, value.strip()) for number, value in enumerate(bad, start=1)]
    assert found.broken == {(rule, "x", "reject"): shown}


def test_a_rule_that_warns_is_told_and_the_row_is_loaded(engine: DuckDBEngine, tmp_path: Path) -> None:
    contract = contract_with(fields={"x": {"type": "int", "max": 9, "severity": "warn"}})

    found = judged(engine, tmp_path, contract, listed(["9", "10", "ten"]))

    assert len(found.rows) == 3
    assert found.broken == {("max", "x", "warn"): [(2, "10")], ("type", "x", "warn"): [(3, "ten")]}
    assert not (tmp_path / "rejects.parquet").exists()


def test_a_warning_never_lets_a_row_in_that_has_no_key(engine: DuckDBEngine, tmp_path: Path) -> None:
    keys = {"required": True, "severity": "warn"}
    contract = contract_with(
        fields={
            "user_id": {"type": "int", "min": 10, **keys},
            "track_id": {"type": "string", **keys},
            "listen_time": {"type": "timestamp", **keys},
        }
    )
    data = (
        b"user_id,track_id,listen_time\n"
        b"1,t,2024-01-01 00:00:00\nx,t,2024-01-01 00:00:00\n12,,2024-01-01 00:00:00\n13,t,2024-02-30 00:00:00\n"
    )

    found = judged(engine, tmp_path, contract, data)

    assert [row["user_id"] for row in found.rows] == [1]
    assert found.broken == {
        ("min", "user_id", "warn"): [(1, "1")],
        ("type", "user_id", "reject"): [(2, "x")],
        ("required", "track_id", "reject"): [(3, "")],
        ("type", "listen_time", "reject"): [(4, "2024-02-30 00:00:00")],
    }


def test_every_rule_that_a_row_breaks_is_told(engine: DuckDBEngine, tmp_path: Path) -> None:
    data = b"user_id,track_id,listen_time\none,,yesterday\n1,t\n1,t,2024-01-01 00:00:00\n"

    found = judged(engine, tmp_path, contract_with(), data)

    assert len(found.rows) == 1
    assert found.broken == {
        ("type", "user_id", "reject"): [(1, "one")],
        ("required", "track_id", "reject"): [(1, "")],
        ("type", "listen_time", "reject"): [(1, "yesterday")],
        ("csv", None, "reject"): [(2, "")],
    }


def test_a_reference_that_leads_nowhere_is_a_warning(engine: DuckDBEngine, tmp_path: Path) -> None:
    contract = contract_with(
        fields={"x": {"type": "string", "severity": "warn", "references": "songs.track_id"}}
    )
    engine.run("CREATE OR REPLACE TEMP TABLE songs AS SELECT unnest(['known', 'other']) AS track_id")

    found = judged(engine, tmp_path, contract, listed(["known", "nowhere", ""]))

    assert len(found.rows) == 3
    assert found.broken == {("references", "x", "warn"): [(2, "nowhere")]}


def times(*texts: str) -> bytes:
    return b"user_id,track_id,listen_time\n" + b"".join(f"{n},t,{text}\n".encode() for n, text in enumerate(texts))


def test_local_times_are_read_in_the_contracts_zone(engine: DuckDBEngine, tmp_path: Path) -> None:
    contract = contract_with(timezone="Europe/Berlin")
    summer, winter = "2024-07-01 12:00:00", "2024-01-01 12:00:00"
    ambiguous, skipped, stated = "2024-10-27 02:30:00", "2024-03-31 02:30:00", "2024-03-31 02:30:00Z"

    found = judged(engine, tmp_path, contract, times(summer, winter, ambiguous, skipped, stated))

    assert {row["user_id"]: row["listened_at"] for row in found.rows} == {
        0: datetime(2024, 7, 1, 10),
        1: datetime(2024, 1, 1, 11),
        2: datetime(2024, 10, 27, 0, 30),  # the earlier of two
        4: datetime(2024, 3, 31, 2, 30),
    }
    assert found.broken == {("type", "listen_time", "reject"): [(4, skipped)]}


def test_bounds_of_timestamps_are_in_the_contracts_zone_too(engine: DuckDBEngine, tmp_path: Path) -> None:
    field = {"type": "timestamp", "required": True, "min": "2024-07-01 00:00:00"}
    contract = contract_with(fields={"listen_time": field}, timezone="Europe/Berlin")
    data = times("2024-07-01 00:00:00", "2024-06-30 22:00:00Z", "2024-06-30 23:59:59", "2024-06-30 21:59:59Z")

    found = judged(engine, tmp_path, contract, data)

    assert sorted(row["user_id"] for row in found.rows) == [0, 1]
    assert [row for row, _ in found.broken["min", "listen_time", "reject"]] == [3, 4]


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Australia/Lord_Howe", "2024-04-07 01:45:00", datetime(2024, 4, 6, 14, 45)),  # back by half an hour
        ("America/St_Johns", "2024-11-03 01:30:00", datetime(2024, 11, 3, 4, 0)),
        ("Asia/Kathmandu", "2024-01-01 00:00:00", datetime(2023, 12, 31, 18, 15)),
        ("Pacific/Apia", "2011-12-31 00:00:00", datetime(2011, 12, 30, 10, 0)),  # the day after one that never was
        ("UTC", "2024-03-31 02:30:00", datetime(2024, 3, 31, 2, 30)),
    ],
)
def test_zones_with_odd_shifts(engine: DuckDBEngine, tmp_path: Path, zone: str, local: str, utc: datetime) -> None:
    found = judged(engine, tmp_path, contract_with(timezone=zone), times(local))

    assert [row["listened_at"] for row in found.rows] == [utc]


def test_a_time_on_a_day_that_a_zone_left_out_does_not_exist(engine: DuckDBEngine, tmp_path: Path) -> None:
    found = judged(engine, tmp_path, contract_with(timezone="Pacific/Apia"), times("2011-12-30 12:00:00"))

    assert found.rows == []


def test_a_format_with_an_offset_needs_no_zone(engine: DuckDBEngine, tmp_path: Path) -> None:
    field = {"type": "timestamp", "required": True, "format": "%d.%m.%Y %H:%M %z"}
    contract = contract_with(fields={"listen_time": field}, timezone="Europe/Berlin")
    data = times("25.06.2024 10:00 +02:00", "25.06.2024 10:00 -0530", "25.06.2024 10:00", "31.02.2024 10:00 +00:00")

    found = judged(engine, tmp_path, contract, data)

    assert {row["user_id"]: row["listened_at"] for row in found.rows} == {
        0: datetime(2024, 6, 25, 8),
        1: datetime(2024, 6, 25, 15, 30),
    }
    assert [row for row, _ in found.broken["type", "listen_time", "reject"]] == [3, 4]


def test_a_percent_sign_before_a_z_is_no_offset(engine: DuckDBEngine, tmp_path: Path) -> None:
    field = {"type": "timestamp", "required": True, "format": "%Y-%m-%d %H:%M %%z"}
    contract = contract_with(fields={"listen_time": field}, timezone="Europe/Berlin")

    found = judged(engine, tmp_path, contract, times("2024-07-01 12:00 %z"))

    assert [row["listened_at"] for row in found.rows] == [datetime(2024, 7, 1, 10)]


def test_names_that_differ_in_case_are_different_columns(engine: DuckDBEngine, tmp_path: Path) -> None:
    contract = contract_with(fields={"USER_ID": {"type": "string", "allowed": ["right"]}})
    data = (
        b"USER_ID,user_id,User_Id,track_id,listen_time\n"
        b"right,7,9,t,2024-01-01 00:00:00\nwrong,8,9,t,2024-01-01 00:00:00\n"
    )

    found = judged(engine, tmp_path, contract, data)

    assert [row["user_id"] for row in found.rows] == [7]
    assert found.broken == {("allowed", "USER_ID", "reject"): [(2, "wrong")]}


@pytest.mark.parametrize("name", ["it's", 'a "quoted" name', "its row", "load_id", "bad", "c0", "naïve", "a;b"])
def test_a_column_may_have_any_name(engine: DuckDBEngine, tmp_path: Path, name: str) -> None:
    contract = contract_with(fields={name: {"type": "int"}})
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(["user_id", "track_id", "listen_time", name])
    data = header.getvalue().encode() + b"1,t,2024-01-01 00:00:00,5\n2,t,2024-01-01 00:00:00,five\n"

    found = judged(engine, tmp_path, contract, data)

    assert [row["user_id"] for row in found.rows] == [1]
    assert found.broken == {("type", name, "reject"): [(2, "five")]}
