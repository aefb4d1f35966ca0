"""What every medium promises: a disk, and buckets of two servers."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from hitparade.model import Blob
from hitparade.storage import Storage
from tests.storage.conftest import Place

NAMES = ("a.csv", "with space.csv", "ünï©ode 東京.csv", "a+b&c=d.csv", "100%.csv", "#1?.csv", "[x]*.csv", "~'\"!.csv")


def blob(place: Place, name: str) -> Blob:
    found = place.storage.stat(f"{place.folder}/{name}")
    assert found is not None
    return found


def test_a_listing_has_the_files_of_a_folder_and_nothing_else(place: Place) -> None:
    for name in ("a.csv", "b.csv", "below/c.csv"):
        place.put(name)
    place.storage.write(f"{place.folder} and more/d.csv", b"x")

    assert place.names() == ["a.csv", "b.csv"]
    assert place.names("/below") == ["c.csv"]
    assert place.names("/nowhere") == []
    assert place.storage.below(place.folder) == tuple(f"{place.folder}/{n}" for n in ("a.csv", "b.csv", "below/c.csv"))
    assert place.storage.below(place.folder, "c.csv") == (f"{place.folder}/below/c.csv",)


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name(place: Place, name: str, tmp_path: Path) -> None:
    place.put(name, name.encode())

    (listed,) = place.storage.list(place.folder)
    assert (listed, listed.name, listed.size) == (blob(place, name), name, len(name.encode()))
    assert place.read(name) == name.encode()
    assert Path(place.storage.fetch(listed.url, tmp_path / "copy")).read_bytes() == name.encode()
    assert place.storage.move(listed, f"{place.folder}/away/{name}")
    assert (place.names(), place.names("/away")) == ([], [name])


def test_a_look_at_a_file_and_a_listing_tell_the_same(place: Place) -> None:
    place.put("a.csv", b"abc")

    assert list(place.storage.list(place.folder)) == [blob(place, "a.csv")]
    assert place.storage.stat(f"{place.folder}/b.csv") is None


def test_other_bytes_are_another_blob(place: Place) -> None:
    place.put("a.csv", b"abc")
    before = blob(place, "a.csv")

    place.put("a.csv", b"abd")

    assert blob(place, "a.csv") != before


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 9_000_000])
def test_bytes_are_read_from_anywhere(place: Place, size: int) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    place.put("a", data)

    for buffered in (True, False):
        with place.storage.open(f"{place.folder}/a", buffered=buffered) as file:
            assert file.read() == data
            assert file.read(1) == b""
            file.seek(-min(3, size), io.SEEK_END)
            assert file.read() == data[-3:]
            assert file.tell() == size
            file.seek(size // 3)
            assert file.read(5) == data[size // 3 : size // 3 + 5]


def test_a_file_of_this_disk_is_put_whole(place: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 9_000_000)

    assert place.storage.put(tmp_path / "file", f"{place.folder}/deep/down") == f"{place.folder}/deep/down"
    assert place.storage.medium(place.folder).put(tmp_path / "file", f"{place.folder}/new", new=True)
    (tmp_path / "file").write_bytes(b"other")
    assert not place.storage.medium(place.folder).put(tmp_path / "file", f"{place.folder}/new", new=True)
    place.storage.put(tmp_path / "file", f"{place.folder}/deep/down")

    assert len(place.read("new")) == 9_000_000
    assert place.read("deep/down") == b"other"


def test_a_move_never_overwrites(place: Place) -> None:
    place.put("a", b"mine")
    place.put("b", b"another's")

    assert not place.storage.move(blob(place, "a"), f"{place.folder}/b")
    assert (place.read("a"), place.read("b")) == (b"mine", b"another's")


def test_what_is_gone_cannot_be_moved(place: Place) -> None:
    place.put("a")
    gone = blob(place, "a")
    place.storage.remove([gone.url])

    assert not place.storage.move(gone, f"{place.folder}/b")
    assert place.names() == []


def test_removing_takes_what_it_names_and_no_neighbour(place: Place) -> None:
    for name in ("a/1", "a/b/2", "ab/3", "4"):
        place.put(name)

    place.storage.remove([f"{place.folder}/4", f"{place.folder}/5"])
    place.storage.remove_below(f"{place.folder}/a")
    place.storage.remove_below(f"{place.folder}/nowhere")

    assert place.storage.below(place.folder) == (f"{place.folder}/ab/3",)


def test_files_below_a_folder_are_put_below_another_in_their_order(place: Place, tmp_path: Path) -> None:
    for name in ("day=2/b.parquet", "day=1/a.parquet", "note.txt"):
        (tmp_path / "from" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "from" / name).write_text(name)

    assert place.storage.put_below(tmp_path / "from", f"{place.folder}/x") == (
        f"{place.folder}/x/day=1/a.parquet",
        f"{place.folder}/x/day=2/b.parquet",
    )
    assert place.storage.put_below(tmp_path / "from", f"{place.folder}/y", name="n") == (
        f"{place.folder}/y/day=1/n-0.parquet",
        f"{place.folder}/y/day=2/n-1.parquet",
    )
    fetched = place.storage.fetch_all(place.storage.below(f"{place.folder}/y"), tmp_path)
    assert [Path(path).read_text() for path in fetched] == ["day=1/a.parquet", "day=2/b.parquet"]


@pytest.mark.parametrize("there", ["disk", "bucket"])
def test_a_file_moves_between_a_disk_and_a_bucket(bucket: Place, tmp_path: Path, there: str) -> None:
    disk = Place(bucket.storage, str(tmp_path / "disk"))
    source, target = (disk, bucket) if there == "bucket" else (bucket, disk)
    source.put("a", b"mine")
    source.put("b", b"mine too")
    target.put("b", b"another's")

    assert source.storage.move(blob(source, "a"), f"{target.folder}/a", cold=True)
    assert not source.storage.move(blob(source, "b"), f"{target.folder}/b")

    assert (source.names(), target.names()) == (["b"], ["a", "b"])
    assert (target.read("a"), target.read("b")) == (b"mine", b"another's")


def test_a_storage_travels_as_its_options(place: Place) -> None:
    import pickle

    place.put("a", b"abc")
    other = pickle.loads(pickle.dumps(place.storage))  # noqa: S301 - just made

    assert other.stat(f"{place.folder}/a") == blob(place, "a")
    assert pickle.loads(pickle.dumps(place.storage)) is other  # noqa: S301
    other.close()


def test_a_disk_keeps_a_file_that_a_bucket_did_not_take(tmp_path: Path, bucket: Place) -> None:
    disk = Place(Storage(), str(tmp_path / "disk"))
    disk.put("a", b"mine")
    seen = blob(disk, "a")
    shutil.copy(seen.url, f"{seen.url}.2")
    Path(f"{seen.url}.2").replace(seen.url)  # the same bytes, but another file

    assert not bucket.storage.move(seen, f"{bucket.folder}/a")
    assert (disk.names(), bucket.names()) == (["a"], [])
