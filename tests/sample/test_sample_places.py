"""Where samples go: under names of their own, whole or not at all, never over anything."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hitparade.errors import StorageError
from hitparade.sample import SampleResult, SampleSpec, generate
from hitparade.sample.places import appearing


def made(folder: Path, seed: int = 7) -> SampleResult:
    spec = SampleSpec(
        listens=200, days=2, users=20, tracks=50, files=2, seed=seed, start=date(2024, 6, 3), hostile=True
    )
    return generate(
        spec,
        streams=folder / "streams",
        songs=folder / "songs",
        users=folder / "users",
        truth=folder / "truth.json",
    )


def test_a_sample_made_again_is_a_repeated_delivery_under_other_names(tmp_path: Path) -> None:
    first = made(tmp_path)
    before = {path: path.read_bytes() for path in first.files}
    second, third = made(tmp_path), made(tmp_path)
    assert second.truth.name == "truth-2.json"
    assert third.truth.name == "truth-3.json"
    for old, new in zip(first.files, second.files, strict=True):
        stem, dot, ending = old.name.partition(".")
        assert new == old.with_name(f"{stem}-2{dot}{ending}")
        assert new.read_bytes() == before[old] == old.read_bytes()


def test_another_seed_adds_files(tmp_path: Path) -> None:
    first, second = made(tmp_path / "one"), made(tmp_path / "one", seed=8)
    assert not set(first.files) & set(second.files)
    assert second.truth.name == "truth-2.json"
    assert [path.name for path in second.files] == [path.name.replace("-s7-", "-s8-") for path in first.files]
    assert all("-s8-" in path.name for path in (*second.files, *second.redeliveries))


def test_the_rest_of_an_earlier_sample_keeps_its_names(tmp_path: Path) -> None:
    rest = tmp_path / "users" / "users-s7-empty.csv"
    rest.parent.mkdir()
    rest.write_bytes(b"kept")
    assert all(path.name.split(".")[0].endswith("-2") for path in made(tmp_path).files)
    assert rest.read_bytes() == b"kept"


def test_nothing_but_whole_files_is_left_in_landing(tmp_path: Path) -> None:
    result = made(tmp_path)
    found = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {*result.files, *result.redeliveries, result.truth}


def test_a_file_that_fails_half_way_does_not_appear(tmp_path: Path) -> None:
    def fail_half_way() -> None:
        with appearing(tmp_path / "songs.csv") as part:
            part.write_text("half")
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail_half_way()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "streams").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="could not be written"):
        made(tmp_path)


def test_a_file_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "songs.csv"
    path.write_text("kept")
    with pytest.raises(StorageError, match="there already"), appearing(path):
        pass
    assert path.read_text() == "kept"
