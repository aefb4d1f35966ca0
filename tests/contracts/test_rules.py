"""Row rules, compiled and run by the real engines: which values are good, and what each is worth."""

from __future__ import annotations

import ast
import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from hitparade.contracts import rules
from hitparade.contracts.shape import FieldV2
from hitparade.engines import exact
from hitparade.engines.base import Engine
from hitparade.engines.duckdb import DuckDBEngine
from hitparade.engines.validation import valued_rows
from hitparade.model import Dataset, FieldType, InEffect
from tests.engines.staging import contract_with, judged, rows_of, source_of, staged

BAD = "is not of the type"
at = datetime.fromisoformat

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
            [
                "1e3",
                "1.0",
                "1_000",
                "1,5",
                "1" * 19,
                "\u0663",
                "\uff11\uff12",
                "-",
                "--1",
                "0x10",
                "1 2",
                "NaN",
                "\u00a042",
            ],
            BAD,
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
        **dict.fromkeys(
            ["nan", "inf", "Infinity", "1e999", "1" * 400, "1_0", "\u0663.\u0665", "1,5", ".", "e5", "1e"], BAD
        ),
    },
    "bool": {
        **dict.fromkeys(["true", "TRUE", "t", "yes", "Y", "1", " true "], True),
        **dict.fromkeys(["false", "False", "f", "no", "n", "0"], False),
        **dict.fromkeys(["2", "on", "off", "truee", "-1", "ye\u017f", "fal\u017fe", "\u0131"], BAD),
    },
    "date": {
        "2024-02-29": at("2024-02-29 00:00:00"),
        "2000-02-29": at("2000-02-29 00:00:00"),
        " 2024-01-01 ": at("2024-01-01 00:00:00"),
        "0001-01-02": at("0001-01-02 00:00:00"),
        "9999-12-30": at("9999-12-30 00:00:00"),
        **dict.fromkeys(["2023-02-29", "1900-02-29", "2024-02-30", "2024-13-01", "2024-00-10", "0000-01-01"], BAD),
        **dict.fromkeys(
            ["0001-01-01", "9999-12-31", "2024-1-1", "20240101", "24-01-01", "\u0662\u0660\u0662\u0664-01-01"], BAD
        ),
        "2024-01-01 00:00:00": BAD,
    },
    "timestamp": {
        "2024-06-25 10:00:00": at("2024-06-25 10:00:00"),
        "2024-06-25T10:00:00": at("2024-06-25 10:00:00"),
        "2024-06-25 10:00:00Z": at("2024-06-25 10:00:00"),
        "2024-06-25 10:00:00+02:00": at("2024-06-25 08:00:00"),
        "2024-06-25 10:00:00-05:30": at("2024-06-25 15:30:00"),
        "2024-06-25T10:00:00.5-00:30": at("2024-06-25 10:30:00.500000"),
        "2024-06-25 10:00:00.123456+02:00": at("2024-06-25 08:00:00.123456"),
        "2024-06-25 10:00:00.1": at("2024-06-25 10:00:00.100000"),
        "2024-06-25 10:00:00.12": at("2024-06-25 10:00:00.120000"),
        "2024-06-25 10:00:00.1234": at("2024-06-25 10:00:00.123400"),
        "2024-06-25 10:00:00.123456": at("2024-06-25 10:00:00.123456"),
        " 2024-01-01 00:00:00 ": at("2024-01-01 00:00:00"),
        "\t2024-01-01 00:00:00\t": at("2024-01-01 00:00:00"),
        "0001-01-01 23:00:00-23:59": at("0001-01-02 22:59:00"),
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
        " \u00a0kept\u00a0 ": "\u00a0kept\u00a0",
        'say "hi"': 'say "hi"',
        "NULL": "NULL",
        "'; DROP TABLE listens; --": "'; DROP TABLE listens; --",
    },
}


def listed(values: list[str]) -> bytes:
    """A file of good listens with one more column, `x`; the user_id is the row's number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["user_id", "track_id", "listen_time", "x"])
    writer.writerows([number, "t", "2024-01-01 00:00:00", value] for number, value in enumerate(values, start=1))
    return text.getvalue().encode()


@pytest.mark.parametrize("padded", [False, True], ids=["blanks", "all white space"])
@pytest.mark.parametrize("kind", VALUES)
def test_what_is_of_a_type_and_what_it_is_worth(
    duckdb_engine: DuckDBEngine, tmp_path: Path, kind: FieldType, padded: bool
) -> None:
    """Also where every white space is trimmed, because the file has a tab somewhere."""
    expected = {text: value for text, value in VALUES[kind].items() if padded or "\t" not in text}
    values = [*expected, *(["\tx"] if padded else [])]
    contract = contract_with(fields={"x": {"type": kind}})
    path = tmp_path / "streams.csv"
    path.write_bytes(listed(values))
    source = source_of(path, contract)

    staging = staged(duckdb_engine, source, "streams", tmp_path)
    good = {row["user_id"] for row in rows_of(staging, "listens")}
    rows = duckdb_engine.rows(f"SELECT value_0, value_3 FROM ({valued_rows(staging.sources[0], numbered=False)})")

    worth = {values[number - 1]: value if number in good else BAD for number, value in rows}
    worth.pop("\tx", None)
    assert worth == expected


@pytest.mark.parametrize("kind", VALUES)
def test_a_row_is_loaded_if_its_value_is_of_its_type_and_told_if_it_is_not(
    engine: Engine, tmp_path: Path, kind: FieldType
) -> None:
    values = list(VALUES[kind])
    bad = [(number, text.strip(" \t")) for number, text in enumerate(values, start=1) if VALUES[kind][text] == BAD]

    found = judged(engine, tmp_path, contract_with(fields={"x": {"type": kind}}), listed(values))

    loaded = {row["user_id"] for row in found.rows}
    assert loaded == set(range(1, len(values) + 1)) - {number for number, _ in bad}
    assert [(row["rule"], row["row"], row["value"]) for row in found.rejects] == [("type", *each) for each in bad]


@pytest.mark.parametrize(
    ("column", "kept", "kind"),
    [("user_id", "user_id", "int"), ("track_id", "track_id", "string"), ("listen_time", "listened_at", "timestamp")],
)
def test_the_lake_keeps_what_a_value_is_worth(
    engine: Engine, tmp_path: Path, column: str, kept: str, kind: FieldType
) -> None:
    """The rows tell themselves apart by another column than the one in question."""
    other = "track_id" if column != "track_id" else "user_id"
    values = VALUES[kind]
    rows = [
        {"user_id": number, "track_id": number, "listen_time": "2024-01-01 00:00:00", column: text}
        for number, text in enumerate(values)
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, ["user_id", "track_id", "listen_time"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)

    found = judged(engine, tmp_path, contract_with(), text.getvalue().encode())

    worth = {list(values)[int(row[other])]: row[kept] for row in found.rows}
    assert worth == {text: value for text, value in values.items() if value != BAD}


BREACHES: list[tuple[str, Mapping[str, Any], list[str], list[str]]] = [
    ("min", {"type": "int", "min": 13}, ["13", "99", ""], ["12", "-5"]),
    ("max", {"type": "float", "max": 1.5}, ["1.5", "-9"], ["1.51", "1e3"]),
    ("min", {"type": "date", "min": "2024-01-01"}, ["2024-01-01"], ["2023-12-31"]),
    ("max", {"type": "timestamp", "max": "2024-01-01 00:00:00"}, ["2024-01-01 02:00:00+02:00"],
     ["2024-01-01 00:00:00.000001", "2024-01-01 00:00:00-00:01"]),
    ("pattern", {"type": "string", "pattern": "[a-z]+"}, ["abc", " abc ", ""], ["abc1", "1abc", "ABC"]),
    ("pattern", {"type": "string", "pattern": "caf."}, ["caf\u00e9", "cafe\u0301"], ["caf"]),
    ("pattern", {"type": "int", "pattern": "0[0-9]+"}, ["007"], ["7"]),
    ("allowed", {"type": "string", "allowed": ["caf\u00e9", "it's"]}, ["cafe\u0301", "it's", ""], ["tea", "Caf"]),
    ("allowed", {"type": "string", "allowed": ["cafe\u0301"]}, ["caf\u00e9", "cafe\u0301"], ["cafe"]),
    ("allowed", {"type": "int", "allowed": [1, 2]}, ["1", "+2", "01"], ["3"]),
    ("required", {"type": "string", "required": True}, ["x", "0"], ["", "   "]),
    ("type", {"type": "timestamp", "format": "%d/%m/%Y %H:%M"}, ["25/06/2024 10:00"],
     ["31/02/2024 10:00", "2024-06-25 10:00", "25/06/2024 24:00", "25/06/0000 10:00"]),
]  # fmt: skip
DEFECTS = {
    "csv": [b"1,t", b"1,t,2024-01-01 00:00:00,x,more", b'1,"t"x,2024-01-01 00:00:00,x'],
    "encoding": [b"1,caf\xe9,2024-01-01 00:00:00,x", b"1,a\0b,2024-01-01 00:00:00,x"],
}


@pytest.mark.parametrize(("rule", "field", "good", "bad"), BREACHES)
def test_a_rule_rejects_the_rows_that_break_it(
    engine: Engine, tmp_path: Path, rule: str, field: Mapping[str, Any], good: list[str], bad: list[str]
) -> None:
    found = judged(engine, tmp_path, contract_with(fields={"x": field}), listed([*good, *bad]))

    assert sorted(row["user_id"] for row in found.rows) == list(range(1, len(good) + 1))
    shown = [(len(good) + number, value.strip()) for number, value in enumerate(bad, start=1)]
    assert found.broken == {(rule, "x", "reject"): shown}


def test_a_rule_that_warns_is_told_and_the_row_is_loaded(engine: Engine, tmp_path: Path) -> None:
    contract = contract_with(fields={"x": {"type": "int", "max": 9, "severity": "warn"}})

    found = judged(engine, tmp_path, contract, listed(["9", "10", "ten"]))

    assert len(found.rows) == 3
    assert found.broken == {("max", "x", "warn"): [(2, "10")], ("type", "x", "warn"): [(3, "ten")]}
    assert not (tmp_path / "rejects").exists()


def test_a_warning_never_lets_a_row_in_that_has_no_key(engine: Engine, tmp_path: Path) -> None:
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


def test_every_rule_that_a_row_breaks_is_told(engine: Engine, tmp_path: Path) -> None:
    data = b"user_id,track_id,listen_time\none,,yesterday\n1,t\n1,t,2024-01-01 00:00:00\n"

    found = judged(engine, tmp_path, contract_with(), data)

    assert len(found.rows) == 1
    assert found.broken == {
        ("type", "user_id", "reject"): [(1, "one")],
        ("required", "track_id", "reject"): [(1, "")],
        ("type", "listen_time", "reject"): [(1, "yesterday")],
        ("csv", None, "reject"): [(2, "")],
    }


CATALOGUE: Mapping[Dataset, bytes] = {
    "songs": b"track_id,artists,album_name,track_name,popularity,duration_ms,track_genre\n"
    b"known,A,B,C,1,1,pop\ncaf\xc3\xa9,A,B,C,1,1,pop\n",
    "users": b"user_id,user_name,user_age,user_country,created_at\n7,Ann,30,DE,2024-01-01\n-8,Bob,30,DE,2024-01-01\n",
}


@pytest.mark.parametrize(
    ("column", "kind", "known", "unknown"),
    [
        ("songs.track_id", "string", ["known", " known ", "cafe\u0301", ""], ["nowhere", "KNOWN"]),
        ("users.user_id", "int", ["7", "007", "-8", ""], ["8", "-7"]),
    ],
)
def test_a_reference_that_leads_nowhere_is_a_warning(
    engine: Engine, tmp_path: Path, column: str, kind: FieldType, known: list[str], unknown: list[str]
) -> None:
    """The catalogue in effect is opened wherever the rule is looked at."""
    in_effect = {dataset: catalogued(engine, tmp_path, dataset, data) for dataset, data in CATALOGUE.items()}
    engine.open_catalogue(in_effect["songs"], in_effect["users"])
    contract = contract_with(fields={"x": {"type": kind, "severity": "warn", "references": column}})

    found = judged(engine, tmp_path, contract, listed([*known, *unknown]))

    assert len(found.rows) == len(known) + len(unknown)
    shown = [(len(known) + number, value) for number, value in enumerate(unknown, start=1)]
    assert found.broken == {("references", "x", "warn"): shown}


def catalogued(engine: Engine, folder: Path, dataset: Dataset, data: bytes) -> InEffect:
    """A catalogue of one file, in effect."""
    path = folder / f"{dataset}.csv"
    path.write_bytes(data)
    staging = staged(engine, source_of(path, contract_with(dataset)), dataset, folder)
    return InEffect(files=staging.files, load_ids={1: 1})


@pytest.mark.parametrize("rule", DEFECTS)
def test_a_row_that_is_none_is_rejected_with_its_text(engine: Engine, tmp_path: Path, rule: str) -> None:
    good = b"1,t,2024-01-01 00:00:00,x"
    data = b"\n".join([b"user_id,track_id,listen_time,x", *DEFECTS[rule], good, b""])

    found = judged(engine, tmp_path, contract_with(), data)

    assert [row["user_id"] for row in found.rows] == [1]
    assert found.broken == {(rule, None, "reject"): [(number, "") for number in range(1, len(DEFECTS[rule]) + 1)]}
    assert [row["raw"].startswith("1,") for row in found.rejects] == [True] * len(DEFECTS[rule])


def test_every_rule_and_every_key_of_a_field_has_a_case_above() -> None:
    """A rule is what the product yields, puts into a check, or finds wrong with a row as such."""
    cases = {rule for rule, *_ in BREACHES} | {"references"} | set(DEFECTS)
    keys = {key for _, field, *_ in BREACHES for key in field} | {"references", "severity"}

    assert cases == {*rules_in(Path(rules.__file__)), *defects_in(Path(exact.__file__))}
    assert keys == set(FieldV2.model_fields)
    assert VALUES.keys() == rules.TYPE_PATTERNS.keys() | {"string"}


def rules_in(path: Path) -> Iterator[str]:
    """The rules that a module's functions yield beside their SQL, or make checks of."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Yield(value=ast.Tuple(elts=[ast.Constant(value=str(name)), *_])):
                yield name
            case ast.Call(func=ast.Name(id="Check"), args=[ast.Constant(value=str(name)), *_]):
                yield name


def defects_in(path: Path) -> Iterator[str]:
    """The rules that a module's functions name as what they found."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Return(value=ast.Constant(value=str(name))):
                yield name


def test_names_that_differ_in_case_are_different_columns(engine: Engine, tmp_path: Path) -> None:
    contract = contract_with(fields={"USER_ID": {"type": "string", "allowed": ["right"]}})
    data = (
        b"USER_ID,user_id,User_Id,track_id,listen_time\n"
        b"right,7,9,t,2024-01-01 00:00:00\nwrong,8,9,t,2024-01-01 00:00:00\n"
    )

    found = judged(engine, tmp_path, contract, data)

    assert [row["user_id"] for row in found.rows] == [7]
    assert found.broken == {("allowed", "USER_ID", "reject"): [(2, "wrong")]}


@pytest.mark.parametrize("name", ["it's", 'a "quoted" name', "its row", "load_id", "bad", "c0", "naïve", "a;b"])
def test_a_column_may_have_any_name(engine: Engine, tmp_path: Path, name: str) -> None:
    contract = contract_with(fields={name: {"type": "int"}})
    header = io.StringIO()
    csv.writer(header, lineterminator="\n").writerow(["user_id", "track_id", "listen_time", name])
    data = header.getvalue().encode() + b"1,t,2024-01-01 00:00:00,5\n2,t,2024-01-01 00:00:00,five\n"

    found = judged(engine, tmp_path, contract, data)

    assert [row["user_id"] for row in found.rows] == [1]
    assert found.broken == {("type", name, "reject"): [(2, "five")]}
