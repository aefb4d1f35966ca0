"""Manifests: which are contracts, what they mean, and how those that are not are refused."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from typing import Any

import pytest

from hitparade.contracts.manifest import builtin_contract, parse_manifest
from hitparade.model import DATASETS, Contract, Dataset, Field

SOURCE = "data/streams/manifest.json"

VERSION_ONE = """
{ "name": "manifest.json", "version": "1.0", "directory": "data/streams/", "purpose": "Store incoming streaming data.",
  "schema": { "extension": ".csv", "max_rows": 11346, "name_pattern": "streams[0-9]+.csv", "fields_required": true,
    "fields": { "user_id": {"type": "int", "required": true}, "track_id": {"type": "string", "required": true},
                "listen_time": {"type": "timestamp", "required": true} },
    "validation": { "on_error": "quarantine", "quarantine_path": "data/quarantine" } } }
"""  # as producers wrote it

NEEDED: dict[Dataset, dict[str, Any]] = {
    "streams": {
        "user_id": {"type": "int", "required": True},
        "track_id": {"type": "string", "required": True},
        "listen_time": {"type": "timestamp", "required": True},
    },
    "songs": {"track_id": {"type": "string", "required": True}},
    "users": {"user_id": {"type": "int", "required": True}},
}


def smallest(dataset: Dataset = "streams", version: object = "2.0") -> dict[str, Any]:
    return {"version": version, "schema": {"fields": copy.deepcopy(NEEDED[dataset])}}


def with_field(dataset: Dataset = "streams", version: object = "2.0", **fields: object) -> dict[str, Any]:
    manifest = smallest(dataset, version)
    manifest["schema"]["fields"].update(fields)
    return manifest


def with_schema(dataset: Dataset = "streams", version: object = "2.0", **keys: object) -> dict[str, Any]:
    manifest = smallest(dataset, version)
    manifest["schema"].update(keys)
    return manifest


def parse(manifest: object, dataset: Dataset = "streams") -> Contract:
    return parse_manifest(json.dumps(manifest), dataset=dataset, source=SOURCE)


def field(contract: Contract, name: str) -> Field:
    return next(field for field in contract.fields if field.name == name)


# ---- what a manifest means


def test_the_documented_version_one_manifest_is_a_contract() -> None:
    contract = parse_manifest(VERSION_ONE, dataset="streams", source=SOURCE)
    text = json.dumps(json.loads(VERSION_ONE), sort_keys=True, separators=(",", ":"))
    assert contract == Contract(
        dataset="streams",
        hash=hashlib.sha256(f"streams\n{text}".encode()).hexdigest(),
        text=text,
        source=SOURCE,
        fields=(
            Field("user_id", "int", required=True),
            Field("track_id", "string", required=True),
            Field("listen_time", "timestamp", required=True),
        ),
        fields_required=True,
        extension=".csv",
        name_pattern="streams[0-9]+.csv",
        min_rows=None,
        max_rows=11346,
        max_bytes=None,
        delimiter=",",
        encoding="utf-8",
        timezone="UTC",
        extra_columns="ignore",
        on_redelivery="append",
        on_error="quarantine",
        max_rejected_ratio=None,
        quarantine_path="data/quarantine",
    )


def test_every_key_of_version_two_reaches_the_contract() -> None:
    manifest = {
        "name": "manifest.json",
        "version": "2.0",
        "directory": "data/streams/",
        "purpose": "Listens.",
        "dataset": "streams",
        "schema": {
            "extension": ".tsv",
            "name_pattern": "s.*",
            "max_rows": 10,
            "min_rows": 1,
            "max_bytes": 1000,
            "fields_required": False,
            "fields": {
                "user_id": {
                    "type": "int",
                    "required": True,
                    "min": 1,
                    "max": "+99",
                    "severity": "warn",
                    "references": "users.user_id",
                },
                "track_id": {"type": "string", "required": True, "pattern": "[0-9A-Za-z]{22}"},
                "listen_time": {
                    "type": "timestamp",
                    "required": True,
                    "format": "%d/%m/%Y %H:%M",
                    "min": "2024-01-01",
                    "max": "2024-12-31T23:59:59",
                },
                "device": {"type": "string", "allowed": ["phone", "été"]},
            },
            "validation": {"on_error": "reject_rows", "quarantine_path": "q", "max_rejected_ratio": 0.1},
            "on_redelivery": "supersede",
            "delimiter": "\t",
            "encoding": "Latin-1",
            "timezone": "Europe/Berlin",
            "extra_columns": "reject",
        },
    }
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert parse(manifest) == Contract(
        dataset="streams",
        hash=hashlib.sha256(f"streams\n{text}".encode()).hexdigest(),
        text=text,
        source=SOURCE,
        fields=(
            Field("user_id", "int", True, min="1", max="99", references="users.user_id", severity="warn"),
            Field("track_id", "string", True, pattern="[0-9A-Za-z]{22}"),
            Field(
                "listen_time",
                "timestamp",
                True,
                min="2024-01-01 00:00:00",
                max="2024-12-31 23:59:59",
                format="%d/%m/%Y %H:%M",
            ),
            Field("device", "string", allowed=("phone", "été")),
        ),
        fields_required=False,
        extension=".tsv",
        name_pattern="s.*",
        min_rows=1,
        max_rows=10,
        max_bytes=1000,
        delimiter="\t",
        encoding="iso8859-1",
        timezone="Europe/Berlin",
        extra_columns="reject",
        on_redelivery="supersede",
        on_error="reject_rows",
        max_rejected_ratio=0.1,
        quarantine_path="q",
    )


@pytest.mark.parametrize("version", [1, "1", "1.0", 1.0, 2, "2", "2.0", 2.0])
def test_a_version_may_be_written_as_number_or_text(version: object) -> None:
    contract = parse(smallest(version=version))
    assert (contract.extension, contract.delimiter, contract.timezone) == (".csv", ",", "UTC")


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_manifest_of_the_key_columns_alone_is_enough(dataset: Dataset) -> None:
    contract = parse(smallest(dataset), dataset)
    assert [field.name for field in contract.fields] == list(NEEDED[dataset])
    assert contract.fields_required


def test_without_validation_bad_rows_are_rejected_up_to_half_of_a_file() -> None:
    contract = parse(smallest(version="1.0"))
    assert (contract.on_error, contract.max_rejected_ratio) == ("reject_rows", 0.5)


def test_reject_rows_without_a_ratio_never_sets_a_file_aside() -> None:
    contract = parse(with_schema(validation={"on_error": "reject_rows"}))
    assert (contract.on_error, contract.max_rejected_ratio) == ("reject_rows", None)


def test_white_space_and_the_order_of_keys_do_not_make_another_contract() -> None:
    manifest = with_field(zebra={"type": "string"}, apple={"type": "bool"})
    fields = manifest["schema"]["fields"]
    turned = {
        "schema": {"fields": {name: fields[name] for name in reversed(fields)}},
        "version": manifest["version"],
    }
    one = parse_manifest(json.dumps(manifest), dataset="streams", source=SOURCE)
    other = parse_manifest(json.dumps(turned, indent=4), dataset="streams", source=SOURCE)
    assert one == other
    assert [field.name for field in one.fields] == ["user_id", "track_id", "listen_time", "apple", "zebra"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_contract_can_be_read_again_from_its_own_text(dataset: Dataset) -> None:
    contract = builtin_contract(dataset)
    assert parse_manifest(contract.text, dataset=dataset, source=contract.source) == contract


def test_any_other_value_makes_another_contract() -> None:
    assert parse(with_schema(max_rows=1)).hash != parse(with_schema(max_rows=2)).hash


def test_a_byte_order_mark_is_no_part_of_the_manifest() -> None:
    marked = b"\xef\xbb\xbf" + VERSION_ONE.encode()
    plain = parse_manifest(VERSION_ONE.encode(), dataset="streams", source=SOURCE)
    assert parse_manifest(marked, dataset="streams", source=SOURCE) == plain


@pytest.mark.parametrize(
    ("kind", "raw", "text"),
    [
        ("int", 13, "13"),
        ("int", "+013", "13"),
        ("int", -(2**63), str(-(2**63))),
        ("float", 1, "1.0"),
        ("float", "1e3", "1000.0"),
        ("float", 0.1, "0.1"),
        ("string", " a ", " a "),
        ("bool", True, "true"),
        ("bool", "FALSE", "false"),
        ("date", "2024-02-29", "2024-02-29"),
        ("timestamp", "2024-02-29", "2024-02-29 00:00:00"),
        ("timestamp", "2024-02-29T01:02:03.5", "2024-02-29 01:02:03.500000"),
    ],
)
def test_a_value_has_one_text_however_it_is_written(kind: str, raw: object, text: str) -> None:
    contract = parse(with_field(extra={"type": kind, "allowed": [raw]}))
    assert field(contract, "extra").allowed == (text,)


@pytest.mark.parametrize("kind", ["date", "timestamp"])
def test_the_day_a_user_was_created_may_have_a_time(kind: str) -> None:
    contract = parse(with_field("users", created_at={"type": kind}), "users")
    assert field(contract, "created_at").type == kind


# ---- the contracts that come with the package


def test_the_built_in_contracts_judge_ages_durations_and_popularity() -> None:
    bounds = {
        field.name: (field.min, field.max)
        for dataset in DATASETS
        for field in builtin_contract(dataset).fields
        if (field.min, field.max) != (None, None)
    }
    assert bounds == {"user_age": ("13", "120"), "duration_ms": ("0", None), "popularity": ("0", "100")}


@pytest.mark.parametrize(
    ("dataset", "columns", "required"),
    [
        ("streams", "user_id track_id listen_time", "user_id track_id listen_time"),
        (
            "songs",
            "track_id artists album_name track_name popularity duration_ms track_genre",
            "track_id",
        ),
        ("users", "user_id user_name user_age user_country created_at", "user_id"),
    ],
)
def test_a_built_in_contract_names_every_column_and_needs_the_keys(
    dataset: Dataset, columns: str, required: str
) -> None:
    contract = builtin_contract(dataset)
    assert [field.name for field in contract.fields] == columns.split()
    assert [field.name for field in contract.fields if field.required] == required.split()
    assert contract.fields_required
    assert (contract.source, contract.extension, contract.name_pattern) == ("built-in", ".csv", None)
    assert (contract.max_rows, contract.on_error, contract.max_rejected_ratio) == (None, "reject_rows", 0.5)


def test_reading_the_module_brings_in_no_engine() -> None:
    program = (
        "import sys, hitparade.contracts.manifest as manifest;"
        "manifest.builtin_contract('streams');"
        "print(sorted({'duckdb', 'pyarrow', 'pyiceberg'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
