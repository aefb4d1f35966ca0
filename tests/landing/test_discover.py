"""Which files wait, and which of them are whole."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hitparade.landing.discover import is_settled, plain_name, waiting
from hitparade.model import Blob
from hitparade.storage import Storage
from hitparade.storage.packed import packing_of

STORAGE = Storage()
SETTLE = 5.0
TICK = 0.02  # seconds; a file's times are no finer than the kernel's clock


def put(path: Path, data: bytes, *, modified: float = 1000.0) -> Blob:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (modified, modified))
    return look(path)


def look(path: Path) -> Blob:
    blob = STORAGE.stat(str(path))
    assert blob is not None
    return blob


def settled(blob: Blob, *, age: float) -> bool:
    return is_settled(STORAGE, blob, now=blob.modified + age, settle_seconds=SETTLE)


def test_files_wait_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", b"3", modified=30)
    put(tmp_path / "c.csv", b"1", modified=10)
    put(tmp_path / "z.csv.gz", b"2", modified=20)
    put(tmp_path / "b.csv", b"2", modified=20)

    assert [blob.name for blob in waiting(STORAGE, str(tmp_path))] == ["c.csv", "b.csv", "z.csv.gz", "a.csv"]


def test_what_is_nobodys_delivery_does_not_wait(tmp_path: Path) -> None:
    for name in (".hidden.csv", ".a.csv.claimed", "a.csv.tmp", "a.csv.part", "manifest.json", "sub/b.csv"):
        put(tmp_path / name, b"x")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    put(tmp_path / "manifest.json.csv", b"x")

    assert [blob.name for blob in waiting(STORAGE, str(tmp_path))] == ["manifest.json.csv"]


def test_in_a_folder_that_is_not_there_nothing_waits(tmp_path: Path) -> None:
    assert waiting(STORAGE, str(tmp_path / "nowhere")) == ()


@pytest.mark.parametrize(
    ("name", "data", "age", "whole"),
    [
        ("a.csv", b"a\n", 0, True),
        ("a.csv", b"a\r\n", 0, True),
        ("a.csv", b"a\r", 0, True),
        ("a.csv", b"a", 0, False),
        ("a.csv", b"a", 4.9, False),
        ("a.csv", b"a", 5, True),
        ("a.csv", b"", 0, False),
        ("a.csv", b"", 5, True),
        ("a.csv.gz", b"a\n", 0, False),
        ("a.csv.gz", b"a\n", 5, True),
        ("a.csv.zst", b"a\n", 0, False),
    ],
)
def test_a_young_file_is_whole_when_its_last_line_has_an_end(
    tmp_path: Path, name: str, data: bytes, age: float, whole: bool
) -> None:
    assert settled(put(tmp_path / name, data), age=age) is whole


def test_a_clock_that_is_ahead_keeps_no_file_waiting_for_ever(tmp_path: Path) -> None:
    blob = put(tmp_path / "a.csv", b"a", modified=2_000_000_000)

    assert settled(blob, age=-1_000_000)
    assert not settled(blob, age=-1)


@pytest.mark.parametrize("age", [0, 1000])
def test_a_file_that_changed_between_two_looks_is_not_whole(tmp_path: Path, age: float) -> None:
    path = tmp_path / "a.csv"
    before = put(path, b"a\n")
    with path.open("ab") as file:
        file.write(b"b\n")

    assert not settled(before, age=age)
    assert settled(look(path), age=age)


def test_a_file_of_the_same_size_and_time_but_other_bytes_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    before = put(path, b"a\n")
    time.sleep(TICK)
    after = put(path, b"b\n")

    assert (before.size, before.modified) == (after.size, after.modified)
    assert not settled(before, age=1000)


def test_a_file_that_is_gone_is_not_whole(tmp_path: Path) -> None:
    blob = put(tmp_path / "a.csv", b"a\n")
    (tmp_path / "a.csv").unlink()

    assert not settled(blob, age=1000)


@pytest.mark.parametrize(
    ("name", "packed", "plain"),
    [
        ("a.csv", None, "a.csv"),
        ("a.csv.gz", "gzip", "a.csv"),
        ("a.csv.zst", "zstd", "a.csv"),
        ("a.gz.csv", None, "a.gz.csv"),
        ("gz", None, "gz"),
        ("a.csv.gz.gz", "gzip", "a.csv.gz"),
    ],
)
def test_a_name_says_how_a_file_is_packed(name: str, packed: str | None, plain: str) -> None:
    assert (packing_of(name), plain_name(name)) == (packed, plain)
