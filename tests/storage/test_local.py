"""Files on a local disk: listed, written whole, moved without ever overwriting one."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hitparade.errors import ConfigError, DiskFull, StorageError
from hitparade.model import Blob
from hitparade.storage import Storage
from hitparade.storage.local import LocalStorage, copy_new, errors_explained

STORAGE = LocalStorage()
TICK = 0.02  # seconds; a file's times are no finer than the kernel's clock


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another device, where a hard link cannot lead."""
    memory = Path("/dev/shm")  # noqa: S108 - for its device only
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system at /dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="hitparade-", dir=memory))
    yield folder
    shutil.rmtree(folder)


def blob(path: Path) -> Blob:
    """The file as it is, or as it would be."""
    return STORAGE.stat(str(path)) or Blob(str(path), 0, "", 0)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_listing_has_the_files_of_a_folder_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"abc")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "b.csv").write_bytes(b"x")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")

    (blob,) = STORAGE.list(str(tmp_path))

    assert (blob.url, blob.name, blob.size) == (str(tmp_path / "a.csv"), "a.csv", 3)
    assert STORAGE.stat(blob.url) == blob
    assert list(STORAGE.list(str(tmp_path / "nowhere"))) == []


def test_an_etag_changes_with_the_bytes_even_at_the_same_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    etags = set()
    for data in (b"one", b"two"):
        path.write_bytes(data)
        os.utime(path, (1000, 1000))
        time.sleep(TICK)
        blob = STORAGE.stat(str(path))
        assert blob is not None
        etags.add(blob.etag)
    replacement = tmp_path / "b.csv"
    replacement.write_bytes(b"two")
    replacement.replace(path)
    blob = STORAGE.stat(str(path))
    assert blob is not None

    assert len({*etags, blob.etag}) == 3


@pytest.mark.parametrize("name", ["nowhere", "a.csv/below"])
def test_what_is_not_there_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"x")

    assert STORAGE.stat(str(tmp_path / name)) is None


def test_a_file_is_written_whole_in_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.json"
    STORAGE.write(str(path), b"one")
    reader = STORAGE.open(str(path))

    STORAGE.write(str(path), b"two")

    with reader:
        assert reader.read() == b"one"  # who reads the old file goes on reading it
    assert path.read_bytes() == b"two"
    assert names(path.parent) == ["report.json"]


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()

    with pytest.raises(StorageError):
        STORAGE.write(str(tmp_path / "taken"), b"x")

    assert names(tmp_path) == ["taken"]


def test_a_move_makes_the_folder_and_takes_the_file_along(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "deep" / "b.csv"
    source.write_bytes(b"x")

    assert STORAGE.move(blob(source), str(target))
    assert (source.exists(), target.read_bytes()) == (False, b"x")


def test_a_move_never_overwrites(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(b"new")
    target.write_bytes(b"old")

    assert not STORAGE.move(blob(source), str(target))
    assert (source.read_bytes(), target.read_bytes()) == (b"new", b"old")


def test_a_file_that_is_gone_is_not_moved(tmp_path: Path) -> None:
    assert not STORAGE.move(blob(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert names(tmp_path) == []


def test_a_move_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(b"x")
    os.link(source, target)

    assert STORAGE.move(blob(source), str(target))
    assert names(tmp_path) == ["b.csv"]


def test_a_move_to_another_device_is_a_copy_that_never_overwrites(tmp_path: Path, elsewhere: Path) -> None:
    source, target = tmp_path / "a.csv", elsewhere / "deep" / "b.csv"
    source.write_bytes(b"x" * 3_000_000)

    assert STORAGE.move(blob(source), str(target))
    assert (source.exists(), target.read_bytes()) == (False, b"x" * 3_000_000)
    assert names(target.parent) == ["b.csv"]

    source.write_bytes(b"new")
    assert not STORAGE.move(blob(source), str(target))
    assert source.read_bytes() == b"new"
    assert target.stat().st_size == 3_000_000
    assert names(target.parent) == ["b.csv"]


def test_a_copy_that_meets_a_taken_name_at_its_end_leaves_it_alone(tmp_path: Path) -> None:
    """Where there are no hard links a name may be taken while the bytes are on their way."""
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(b"new")
    target.write_bytes(b"old")

    assert not copy_new(str(source), str(target))
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_refusal_says_what_where_and_what_to_do(code: int) -> None:
    with (
        pytest.raises(StorageError, match=r"cannot write data/a\.csv: ") as refusal,
        errors_explained("write data/a.csv"),
    ):
        raise OSError(code, os.strerror(code))

    assert os.strerror(code) in refusal.value.message
    assert refusal.value.hint


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_an_error_of_its_own(code: int) -> None:
    with (
        pytest.raises(DiskFull, match=r"cannot write data/a\.csv: the disk is full"),
        errors_explained("write data/a.csv"),
    ):
        raise OSError(code, os.strerror(code))


BELOW_A_FILE: dict[str, Callable[[Path], object]] = {
    "list": lambda file: list(STORAGE.list(str(file))),
    "open": lambda file: STORAGE.open(str(file / "x")),
    "write": lambda file: STORAGE.write(str(file / "x"), b"x"),
    "move": lambda file: STORAGE.move(blob(file), str(file / "x")),
}


@pytest.mark.parametrize("action", BELOW_A_FILE.values(), ids=BELOW_A_FILE.keys())
def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path, action: Callable[[Path], object]) -> None:
    (tmp_path / "file").write_bytes(b"x")

    with pytest.raises(StorageError, match="file"):
        action(tmp_path / "file")


def test_a_storage_is_found_by_the_scheme_of_its_url(tmp_path: Path) -> None:
    assert isinstance(Storage().medium(str(tmp_path)), LocalStorage)
    with pytest.raises(ConfigError, match="ftp"):
        Storage().stat("ftp://host/data")
