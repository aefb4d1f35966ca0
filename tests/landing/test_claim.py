"""Claims: a file is taken out of sight, and no name is ever overwritten."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from hitparade.faults import watched
from hitparade.landing.claim import claim, claims, contents, original, release
from hitparade.landing.discover import waiting
from hitparade.model import Blob
from hitparade.storage import Storage

STORAGE = Storage()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_bytes(b"first\n")
    return path


def look(path: Path) -> Blob:
    blob = STORAGE.stat(str(path))
    assert blob is not None
    return blob


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_claimed_file_is_out_of_sight_and_still_itself(file: Path) -> None:
    claimed = claim(STORAGE, look(file))

    assert claimed is not None
    assert names(file.parent) == [claimed.name]
    assert waiting(STORAGE, str(file.parent)) == ()
    assert claims(STORAGE, str(file.parent)) == [claimed]
    assert original(claimed) == str(file)
    assert contents(STORAGE, claimed) == hashlib.sha256(b"first\n").hexdigest()


def test_a_file_that_is_gone_cannot_be_claimed(file: Path) -> None:
    blob = look(file)
    file.unlink()

    assert claim(STORAGE, blob) is None
    assert names(file.parent) == []


def test_an_earlier_claim_of_the_name_is_never_overwritten(file: Path) -> None:
    first = claim(STORAGE, look(file))
    file.write_bytes(b"second\n")
    second = claim(STORAGE, look(file))

    assert first is not None
    assert second is not None
    assert Path(first.url).read_bytes() == b"first\n"
    assert Path(second.url).read_bytes() == b"second\n"
    assert original(first) == original(second) == str(file)


def test_a_claim_never_leaves_a_file_in_sight(file: Path) -> None:
    sight: list[list[str]] = []

    def look_around(_: str) -> None:
        sight.append(names(file.parent))

    with watched(look_around):
        claim(STORAGE, look(file))

    assert len(sight) == 1
    assert [name for found in sight for name in found if not name.startswith(".")] == []


def test_a_released_claim_has_its_name_again(file: Path) -> None:
    claimed = claim(STORAGE, look(file))
    assert claimed is not None

    assert release(STORAGE, claimed)
    assert names(file.parent) == ["a.csv"]


def test_a_claim_waits_while_its_name_is_taken(file: Path) -> None:
    claimed = claim(STORAGE, look(file))
    assert claimed is not None
    file.write_bytes(b"second\n")

    assert not release(STORAGE, claimed)
    assert file.read_bytes() == b"second\n"
    assert Path(claimed.url).read_bytes() == b"first\n"

    file.unlink()
    assert release(STORAGE, claimed)
    assert file.read_bytes() == b"first\n"


def test_a_crash_while_a_claim_was_put_back_leaves_one_file_that_is_released_again(file: Path) -> None:
    claimed = claim(STORAGE, look(file))
    assert claimed is not None
    os.link(claimed.url, file)

    assert [blob.name for blob in claims(STORAGE, str(file.parent))] == [claimed.name]
    assert release(STORAGE, claimed)
    assert names(file.parent) == ["a.csv"]


@pytest.mark.parametrize("name", [".a.csv", "a.csv.claimed"])
def test_other_names_are_no_claims(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")

    assert claims(STORAGE, str(tmp_path)) == []
