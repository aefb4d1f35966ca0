"""Hostile samples: every count of their truth is found again by reading the files with other means."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hitparade.sample import SampleSpec, generate
from tests.sample import sample_reader

SPEC = SampleSpec(listens=5000, days=4, users=300, tracks=500, files=2, seed=7, start=date(2024, 6, 3), hostile=True)
ROW_RULES = {"csv", "encoding", "required", "type", "min", "max"}
FILE_RULES = {"header", "empty_file", "extension", "compression", "max_rejected_ratio"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    generate(
        SPEC,
        streams=folder / "streams",
        songs=folder / "songs",
        users=folder / "users",
        truth=folder / "truth.json",
    )
    return folder


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict[str, Any]:
    value = json.loads((sample / "truth.json").read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


def entry(truth: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in truth["files"] if one["name"].split(".")[0] == name)
    assert isinstance(found, dict)
    return found


def totals(found: list[sample_reader.Listen]) -> dict[str, Any]:
    distinct = set(found)
    by_date = Counter(at.date().isoformat() for _, _, at in distinct)
    return {
        "listens": len(distinct),
        "repeats": len(found) - len(distinct),
        "listens_by_date": dict(sorted(by_date.items())),
    }


def loaded(folder: Path, files: list[dict[str, Any]]) -> list[sample_reader.Listen]:
    return [
        sample_reader.listen(row)
        for one in files
        if one["dataset"] == "streams" and one["outcome"] == "loaded"
        for row in sample_reader.read(folder / "streams" / one["name"], "streams").good
    ]


def test_every_file_in_landing_is_in_the_truth_and_the_other_way_round(sample: Path, truth: dict[str, Any]) -> None:
    found = {(folder, path.name) for folder in ("songs", "users", "streams") for path in (sample / folder).iterdir()}
    assert found == {(one["dataset"], one["name"]) for one in truth["files"]}


def test_rows_and_rejects_of_every_file_are_found_by_an_independent_reader(sample: Path, truth: dict[str, Any]) -> None:
    counted = [one for one in truth["files"] if one["rows_read"] is not None]
    for one in counted:
        read = sample_reader.read(sample / one["dataset"] / one["name"], one["dataset"])
        assert (one["name"], one["rows_read"], one["rejects"]) == (one["name"], read.rows, dict(read.bad))
        assert one["rows_rejected"] == one["rows_read"] - one["rows_loaded"]
        assert one["rows_loaded"] == (len(read.good) if one["outcome"] == "loaded" else 0)
    assert len(counted) > 60


def test_totals_are_found_by_an_independent_reader(sample: Path, truth: dict[str, Any]) -> None:
    before = loaded(sample, truth["files"])
    assert truth["totals"] == totals(before)
    after = before + loaded(sample / "redeliver", truth["redelivery"]["files"])
    assert truth["redelivery"]["totals"] == totals(after)


def test_every_rule_is_broken_and_each_dataset_has_its_share(truth: dict[str, Any]) -> None:
    for dataset, without in {"streams": {"min", "max"}, "songs": set(), "users": set()}.items():
        files = [one for one in truth["files"] if one["dataset"] == dataset]
        assert {rule for one in files for rule in one["rejects"] or ()} == ROW_RULES - without
        assert {one["reason"] for one in files} - {None} == FILE_RULES


def test_files_with_more_than_half_of_their_rows_bad_are_quarantined_and_those_with_half_are_not(
    truth: dict[str, Any],
) -> None:
    for one in truth["files"]:
        if one["rows_rejected"] is not None:
            too_many = sum(one["rejects"].values()) * 2 > one["rows_read"]
            assert (one["outcome"] == "quarantined") == (one["reason"] == "max_rejected_ratio") == too_many
    half = entry(truth, "streams-s7-half-bad")
    assert half["rows_rejected"] * 2 == half["rows_read"]


def test_duplicates_hold_the_bytes_of_the_file_before_them_and_no_other_loaded_file_does(
    sample: Path, truth: dict[str, Any]
) -> None:
    def content(one: dict[str, Any]) -> bytes:
        path = sample / str(one["dataset"]) / str(one["name"])
        return path.read_bytes()

    for before, one in zip(truth["files"], truth["files"][1:], strict=False):
        if one["outcome"] == "duplicate":
            assert content(before) == content(one)
    kept = [content(one) for one in truth["files"] if one["outcome"] == "loaded"]
    assert len(kept) == len(set(kept))


def test_refused_files_are_broken_as_their_names_say(sample: Path) -> None:
    streams = sample / "streams"
    assert (streams / "streams-s7-empty.csv").read_bytes() == b""
    with pytest.raises(EOFError):
        sample_reader.content(streams / "streams-s7-truncated.csv.gz")
    with pytest.raises(OSError, match=r"(?i)zstd|truncated|frame|end of stream"):
        sample_reader.content(streams / "streams-s7-truncated-zstd.csv.zst")
    with pytest.raises((OSError, zlib.error)):
        sample_reader.content(streams / "streams-s7-not-gzip.csv.gz")
    header = (streams / "streams-s7-header-duplicate-column.csv").read_text().splitlines()[0]
    assert header == "user_id,user_id,track_id,listen_time"
    assert (streams / "streams-s7-header-missing-column.csv").read_text().splitlines()[0] == "track_id,listen_time"


def test_good_files_that_look_odd_are_as_their_names_say(sample: Path) -> None:
    songs = sample / "songs"
    assert (songs / "songs-s7-bom-crlf.csv").read_bytes().startswith(b"\xef\xbb\xbftrack_id,")
    assert (songs / "songs-s7-bom-crlf.csv").read_bytes().count(b"\r\n") == 16
    assert b"\n\n\n" in (songs / "songs-s7-blank-lines.csv").read_bytes()
    assert (songs / "songs-s7-reordered-columns.csv").read_bytes().startswith(b"track_genre,")


def test_what_need_not_be_there_may_be_empty(sample: Path) -> None:
    for dataset, needed in {"songs": {"track_id", "explicit"}, "users": {"user_id"}}.items():
        rows = sample_reader.read(sample / dataset / f"{dataset}-s7-optional-empty.csv", dataset).good
        empty = [name for row in rows for name, value in row.items() if not value]
        assert sorted(empty) == sorted(set(rows[0]) - needed)


def test_late_days_lie_before_the_first_day(sample: Path) -> None:
    late = sample_reader.read(sample / "streams" / "streams-s7-late-days.csv", "streams").good
    assert {sample_reader.listen(row)[2].date() < SPEC.start for row in late} == {True}


def test_unknown_tracks_and_users_are_in_no_catalogue(sample: Path, truth: dict[str, Any]) -> None:
    known: dict[str, set[str]] = {"songs": set(), "users": set()}
    for one in truth["files"]:
        if one["dataset"] in known and one["rows_loaded"]:
            read = sample_reader.read(sample / one["dataset"] / one["name"], one["dataset"])
            column = "track_id" if one["dataset"] == "songs" else "user_id"
            known[one["dataset"]] |= {row[column] for row in read.good}
    tracks = sample_reader.read(sample / "streams" / "streams-s7-unknown-tracks.csv", "streams").good
    users = sample_reader.read(sample / "streams" / "streams-s7-unknown-users.csv", "streams").good
    assert sum(row["track_id"] not in known["songs"] for row in tracks) == 30
    assert sum(row["user_id"] not in known["users"] for row in users) == 30


def test_a_reused_name_is_redelivered_with_other_rows(sample: Path, truth: dict[str, Any]) -> None:
    name = "streams-s7-reused-name.csv"
    first = sample_reader.read(sample / "streams" / name, "streams").good
    second = sample_reader.read(sample / "redeliver" / "streams" / name, "streams").good
    repeated = {sample_reader.listen(row) for row in first} & {sample_reader.listen(row) for row in second}
    assert (len(second), len(repeated)) == (20, 5)
    assert [one["name"] for one in truth["redelivery"]["files"]] == ["songs-s7-0002.csv", name]


def test_the_redelivered_catalogue_changes_songs_and_brings_an_unknown_one(sample: Path, truth: dict[str, Any]) -> None:
    before = {row["track_id"]: row for row in sample_reader.read(sample / "songs" / "songs-s7-0001.csv", "songs").good}
    after = sample_reader.read(sample / "redeliver" / "songs" / "songs-s7-0002.csv", "songs").good
    changes = truth["redelivery"]["songs"]
    for change in changes:
        rows = [row for row in after if row["track_id"] == change["track_id"]]
        assert [row["track_genre"] for row in rows] == change["genres"]
        assert {int(row["duration_ms"]) for row in rows} == {change["duration_ms"]}
        was = before.get(change["track_id"])
        if was:
            assert int(was["duration_ms"]) != change["duration_ms"]
            assert was["track_genre"] != change["genres"][0]
            assert was["track_name"] == rows[0]["track_name"]
    new = {change["track_id"] for change in changes} - set(before)
    heard = sample_reader.read(sample / "streams" / "streams-s7-unknown-tracks.csv", "streams").good
    assert len(new) == 1
    assert new <= {row["track_id"] for row in heard}
