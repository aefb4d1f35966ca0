"""Manifests that are no contract: each is refused by the path of what is wrong with it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from hitparade.contracts.manifest import parse_manifest
from hitparade.errors import ManifestError
from hitparade.model import Dataset

SOURCE = "data/streams/manifest.json"

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


def without(name: str) -> dict[str, Any]:
    manifest = smallest()
    del manifest["schema"]["fields"][name]
    return manifest


def refused(text: str | bytes, dataset: Dataset = "streams") -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, dataset=dataset, source=SOURCE)
    return caught.value


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"version": 1,\n "schema": }', "not JSON: Expecting value at line 2, column 12"),
        ("", "not JSON: Expecting value at line 1, column 1"),
        (b'{"name": "\xff"}', "not UTF-8: byte 0xff at offset 10"),
        ("[1]", "[1] is not an object"),
        ("null", "null is not an object"),
        ('{"version": NaN}', "NaN is no JSON number"),
        ('{"version": 1e999}', "number out of range, 1e999"),
        ('{"version": ' + "9" * 5000 + "}", "number out of range, 9999"),
        ("[" * 100_000, "nested too deeply"),
        ('{"\\ud800": 1}', "half a character"),
    ],
)
def test_a_text_that_is_no_json_object_is_refused(text: str | bytes, part: str) -> None:
    error = refused(text)
    assert error.path == "$"
    assert part in error.message
    assert error.message.startswith(f"{SOURCE}: $: ")


@pytest.mark.parametrize(
    ("twice", "path"),
    [
        ('{"version": 1, "version": 1, "schema": {}}', "version"),
        ('{"version": 1, "schema": {"fields": {"user_id": {}, "user_id": {}}}}', "schema.fields.user_id"),
    ],
)
def test_a_key_given_twice_is_refused(twice: str, path: str) -> None:
    error = refused(twice)
    assert error.path == path
    assert "is given more than once" in error.message


def test_a_text_utf_8_cannot_write_is_refused_where_it_stands() -> None:
    error = refused(json.dumps({**smallest(), "name": "\ud800"}))
    assert (error.path, "half a character" in error.message) == ("name", True)


STRING = {"type": "string"}
BROKEN: list[tuple[Dataset, dict[str, Any], str, str]] = [
    # the document
    ("streams", {"schema": smallest()["schema"]}, "version", "is missing"),
    ("streams", {"version": 2}, "schema", "is missing"),
    ("streams", smallest(version="3.0"), "version", '"3.0" is not one of 1.0, 2.0'),
    ("streams", smallest(version=True), "version", "true is not one of 1.0, 2.0"),
    ("streams", {**smallest(), "naem": "x"}, "naem", "did you mean name?"),
    ("streams", {**smallest(), "purpose": 1}, "purpose", "1 is not a string"),
    (
        "streams",
        {**smallest(), "dataset": "songs"},
        "dataset",
        '"songs" is not what these files are: streams',
    ),
    ("streams", {**smallest(), "dataset": ["x"]}, "dataset", "is not one of streams, songs, users"),
    ("streams", {"version": 2, "schema": []}, "schema", "[] is not an object"),
    # version 1 does not know the keys of version 2
    ("streams", {**smallest(version=1), "dataset": "streams"}, "dataset", "needs version 2.0"),
    ("streams", with_schema(version="1", timezone="UTC"), "schema.timezone", "needs version 2.0"),
    ("streams", with_schema(version=1.0, min_rows=1), "schema.min_rows", "needs version 2.0"),
    (
        "streams",
        with_schema(version="1.0", validation={"on_error": "reject_rows", "max_rejected_ratio": 0.1}),
        "schema.validation.max_rejected_ratio",
        "needs version 2.0",
    ),
    (
        "streams",
        with_field(version=1, extra={"type": "int", "min": 1}),
        "schema.fields.extra.min",
        "needs version 2.0",
    ),
    ("streams", with_schema(version=1, min_row=1), "schema.min_row", "is not a key here"),
    # the file
    ("streams", with_schema(extension="csv"), "schema.extension", '"csv" is not an extension'),
    ("streams", with_schema(extension=".csv.gz"), "schema.extension", "is stripped before"),
    ("streams", with_schema(extension=".part"), "schema.extension", "still being written"),
    ("streams", with_schema(name_pattern="(a"), "schema.name_pattern", "not a pattern of RE2: missing )"),
    ("streams", with_schema(name_pattern=""), "schema.name_pattern", "is empty"),
    ("streams", with_schema(max_rows=0), "schema.max_rows", "0 is less than 1"),
    ("streams", with_schema(max_rows=1.5), "schema.max_rows", "1.5 is not a whole number"),
    ("streams", with_schema(max_rows=True), "schema.max_rows", "true is not a whole number"),
    ("streams", with_schema(max_rows="5"), "schema.max_rows", '"5" is not a whole number'),
    ("streams", with_schema(min_rows=-1), "schema.min_rows", "-1 is less than 0"),
    ("streams", with_schema(min_rows=5, max_rows=4), "schema.min_rows", "5 is more than max_rows, 4"),
    ("streams", with_schema(max_bytes=0), "schema.max_bytes", "0 is less than 1"),
    ("streams", with_schema(fields_required="yes"), "schema.fields_required", '"yes" is not true or false'),
    ("streams", with_schema(delimiter=""), "schema.delimiter", "is not one character"),
    ("streams", with_schema(delimiter="||"), "schema.delimiter", "is not one character"),
    ("streams", with_schema(delimiter='"'), "schema.delimiter", "other than a quote"),
    ("streams", with_schema(delimiter="\n"), "schema.delimiter", "or a newline"),
    ("streams", with_schema(encoding="utf-9"), "schema.encoding", '"utf-9" is not a known encoding'),
    ("streams", with_schema(encoding="hex"), "schema.encoding", '"hex" is not a known encoding'),
    ("streams", with_schema(timezone="Europe/Nowhere"), "schema.timezone", "not a known time zone"),
    ("streams", with_schema(timezone="Europe"), "schema.timezone", "not a known time zone"),
    ("streams", with_schema(timezone="../UTC"), "schema.timezone", "not a known time zone"),
    ("streams", with_schema(extra_columns="keep"), "schema.extra_columns", "is not one of ignore, reject"),
    ("streams", with_schema(on_redelivery="x"), "schema.on_redelivery", "is not one of append, supersede"),
    ("songs", with_schema("songs", on_redelivery="supersede"), "schema.on_redelivery", "upserted by key"),
    ("users", with_schema("users", on_redelivery="supersede"), "schema.on_redelivery", "upserted by key"),
    # what becomes of bad files
    ("streams", with_schema(validation={}), "schema.validation.on_error", "is missing"),
    (
        "streams",
        with_schema(validation={"on_error": "ignore"}),
        "schema.validation.on_error",
        '"ignore" is not one of quarantine, reject_rows, fail',
    ),
    (
        "streams",
        with_schema(validation={"on_error": "reject_rows", "max_rejected_ratio": 1.5}),
        "schema.validation.max_rejected_ratio",
        "1.5 is more than 1",
    ),
    (
        "streams",
        with_schema(validation={"on_error": "fail", "max_rejected_ratio": 0.5}),
        "schema.validation.max_rejected_ratio",
        "is for on_error reject_rows and not for fail",
    ),
    *(
        (
            "streams",
            with_schema(validation={"on_error": "quarantine", "quarantine_path": path}),
            "schema.validation.quarantine_path",
            "is not a path inside",
        )
        for path in ("/tmp/q", "data/../../q", "s3://other/q", "", "..\\q")  # noqa: S108
    ),
]

FIELDS: list[tuple[dict[str, object], str, str]] = [
    ({"type": "integer"}, ".type", '"integer" is not one of int, float, string, timestamp, date, bool'),
    ({"type": 5}, ".type", "5 is not one of int, float"),
    ({}, ".type", "is missing"),
    ({"type": "int", "requried": True}, ".requried", "did you mean required?"),
    ({"type": "int", "required": 1}, ".required", "1 is not true or false"),
    ({"type": "int", "severity": "error"}, ".severity", '"error" is not one of reject, warn'),
    ({"type": "int", "min": 1.5}, ".min", "1.5 is not a whole number of 64 bits"),
    ({"type": "int", "min": True}, ".min", "true is not a whole number"),
    ({"type": "int", "max": 2**63}, ".max", "is not a whole number of 64 bits"),
    ({"type": "int", "max": []}, ".max", "[] is not a number, string"),
    ({"type": "int", "min": "٣"}, ".min", "is not a whole number"),
    ({"type": "int", "min": 10, "max": 9}, ".max", "9 is less than min, 10"),
    ({"type": "float", "min": "1,5"}, ".min", '"1,5" is not a number'),
    ({"type": "float", "max": "1e999"}, ".max", '"1e999" is not a number'),
    ({"type": "date", "min": "2023-02-29"}, ".min", '"2023-02-29" is not a date'),
    ({"type": "date", "min": 20240101}, ".min", "20240101 is not a date"),
    ({"type": "timestamp", "max": "2024-01-01T00:00:00Z"}, ".max", "without an offset"),
    ({"type": "timestamp", "min": "2024-01-02", "max": "2024-01-01 23:59:59"}, ".max", "is less than min"),
    ({"type": "string", "min": "a"}, ".min", "is for int, float, timestamp, date and not for string"),
    ({"type": "bool", "max": "true"}, ".max", "and not for bool"),
    ({"type": "string", "pattern": "(?=a)b"}, ".pattern", "is not a pattern of RE2"),
    ({"type": "string", "pattern": r"(a)\1"}, ".pattern", "is not a pattern of RE2"),
    ({"type": "string", "allowed": []}, ".allowed", "is empty"),
    ({"type": "string", "allowed": "a"}, ".allowed", '"a" is not a list'),
    ({"type": "string", "allowed": ["a", None]}, ".allowed[1]", "null is not a number, string"),
    ({"type": "string", "allowed": ["a", 1]}, ".allowed", "1 is not a string"),
    ({"type": "bool", "allowed": ["yes"]}, ".allowed", '"yes" is not true or false'),
    ({"type": "int", "format": "%Y-%m-%d"}, ".format", "is for timestamp and date and not for int"),
    ({"type": "date", "format": "%Y-%m"}, ".format", "has no day: add %d"),
    ({"type": "date", "format": "%d.%m."}, ".format", "has no year: add %Y or %y"),
    ({"type": "date", "format": "%Y %%m %d"}, ".format", "has no month"),
    ({"type": "date", "format": "%Y-%m-%d %Q"}, ".format", '"%Q", which is not one of'),
    ({"type": "date", "format": "%Y-%m-%d %"}, ".format", '"%", which is not one of'),
    ({"type": "timestamp", "format": "%Y-%m-%d %I:%M"}, ".format", "hours of 12 without %p"),
    (
        {"type": "int", "references": "users.id", "severity": "warn"},
        ".references",
        "is not one of songs.track",
    ),
    (
        {"type": "int", "references": "songs.track_id", "severity": "warn"},
        ".references",
        "so a field of int cannot refer to it",
    ),
    ({"type": "int", "references": "users.user_id"}, ".references", 'say "severity": "warn"'),
    (
        {"type": "string", "references": "songs.track_id", "severity": "reject"},
        ".references",
        "rejecting would make results depend on the order of arrival",
    ),
]

COLUMNS: list[tuple[Dataset, dict[str, Any], str, str]] = [
    ("streams", without("track_id"), "track_id", "is missing"),
    (
        "songs",
        {"version": 2, "schema": {"fields": {}}},
        "track_id",
        "a row of songs means nothing without it",
    ),
    (
        "users",
        {"version": 2, "schema": {"fields": {"User_ID": STRING}}},
        "user_id",
        '"User_ID" is another name',
    ),
    ("streams", with_field(user_id={"type": "int"}), "user_id.required", "must be true"),
    ("streams", with_field(track_id={"type": "string", "required": False}), "track_id.required", "must be"),
    ("streams", with_field(user_id={**STRING, "required": True}), "user_id.type", '"string" is not int'),
    ("songs", with_field("songs", **{"": STRING}), '[""]', "is a column without a name"),
    ("users", with_field("users", user_age=STRING), "user_age.type", '"string" is not int, which the lake'),
    ("users", with_field("users", created_at=STRING), "created_at.type", "is not date or timestamp"),
    ("songs", with_field("songs", duration_ms={"type": "float"}), "duration_ms.type", '"float" is not int'),
    ("songs", with_field("songs", artists={"type": "int"}), "artists.type", '"int" is not string'),
]

EVERY_BROKEN = [
    *BROKEN,
    *(("streams", with_field(extra=keys), f"schema.fields.extra{path}", part) for keys, path, part in FIELDS),
    *(
        (dataset, manifest, f"schema.fields.{path}".replace(".[", "["), part)
        for dataset, manifest, path, part in COLUMNS
    ),
]


@pytest.mark.parametrize(("dataset", "manifest", "path", "part"), EVERY_BROKEN)
def test_a_broken_manifest_is_refused_by_the_path_of_what_is_wrong(
    dataset: Dataset, manifest: dict[str, Any], path: str, part: str
) -> None:
    error = refused(json.dumps(manifest), dataset)
    assert error.path == path
    assert part in error.message.removeprefix(f"{SOURCE}: {path}: ")
    assert error.hint == "docs/manifest.md lists every key and what it may say"


def test_all_that_is_wrong_is_said_at_once() -> None:
    manifest = with_schema(delimiter="", timezone="Mars", on_redelivery="supersede")
    del manifest["version"]
    manifest["schema"]["fields"] = {"user id": {"type": "integer"}}
    error = refused(json.dumps(manifest), "users")
    assert error.message == f"{SOURCE}: version: is missing"
    assert error.hint is not None
    first, *others = error.hint.splitlines()
    assert first == "and 5 more:"
    assert [line.partition(": ")[0] for line in others] == [
        'schema.fields["user id"].type',
        "schema.delimiter",
        "schema.timezone",
        "schema.on_redelivery",
        "schema.fields.user_id",
    ]
