"""Packed files and those in other encodings become plain UTF-8, or are told apart from broken disks."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hitparade.errors import StorageError
from hitparade.landing.identify import fingerprint
from hitparade.landing.spool import Plain, plain
from hitparade.storage import Storage
from hitparade.storage.packed import Unreadable
from tests.engines.staging import contract_with

STORAGE = Storage()
TEXT = "user_id,track_id,listen_time\n1,café,2024-06-25 17:43:13\n"
MANY = (TEXT * 40_000).encode()


def zst(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


def spooled(folder: Path, name: str, data: bytes, **keys: Any) -> Plain:
    path = folder / name
    path.write_bytes(data)
    blob = STORAGE.stat(str(path))
    assert blob is not None
    contract = contract_with(**keys)
    with path.open("rb") as file:
        known = fingerprint(file, delimiter=contract.delimiter)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return plain(STORAGE, blob, known, contract=contract, scratch=scratch)


@pytest.mark.parametrize("keys", [{}, {"encoding": "utf-8"}, {"encoding": "utf-8-sig"}, {"encoding": "ascii"}])
def test_a_plain_file_is_read_where_it_lies(tmp_path: Path, keys: dict[str, Any]) -> None:
    found = spooled(tmp_path, "a.csv", TEXT.encode(), **keys)

    assert (found.path, found.spooled) == (str(tmp_path / "a.csv"), False)


@pytest.mark.parametrize(
    ("name", "data", "keys"),
    [
        ("a.csv.gz", gzip.compress(MANY), {}),
        ("a.csv.gz", gzip.compress(MANY[:100]) + gzip.compress(MANY[100:]), {}),
        ("a.csv.zst", zst(MANY), {}),
        ("a.csv.zst", zst(MANY[:100]) + zst(MANY[100:]), {}),
        ("a.csv", MANY.decode().encode("latin-1"), {"encoding": "latin-1"}),
        ("a.csv", MANY.decode().encode("cp1252"), {"encoding": "cp1252"}),
        ("a.csv", MANY.decode().encode("utf-16"), {"encoding": "utf-16"}),
        ("a.csv", MANY.decode().encode("utf-16-le"), {"encoding": "utf-16-le"}),
        ("a.csv", MANY.decode().encode("utf-16-be"), {"encoding": "utf-16-be"}),
        ("a.csv.gz", gzip.compress(MANY.decode().encode("latin-1")), {"encoding": "latin-1"}),
    ],
)
def test_a_file_is_unpacked_and_decoded(tmp_path: Path, name: str, data: bytes, keys: dict[str, Any]) -> None:
    found = spooled(tmp_path, name, data, **keys)

    assert found.spooled
    assert Path(found.path).read_bytes() == MANY
    assert (found.print.size, found.print.lines) == (len(MANY), MANY.count(b"\n"))


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
def test_what_is_inside_is_looked_at_for_what_readers_misread(tmp_path: Path, name: str) -> None:
    data = b'a,b\n"1" ,2\n'
    found = spooled(tmp_path, name, gzip.compress(data) if name.endswith("gz") else zst(data))

    assert (found.print.quotes, found.print.doubtful) == (True, True)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv.gz", gzip.compress(MANY)[:-1]),
        ("a.csv.gz", gzip.compress(MANY)[:-9]),
        ("a.csv.gz", gzip.compress(MANY)[:200]),
        ("a.csv.gz", MANY),
        ("a.csv.gz", gzip.compress(MANY) + b"and more"),
        ("a.csv.gz", gzip.compress(MANY)[:500] + b"xxxx" + gzip.compress(MANY)[504:]),
        ("a.csv.zst", zst(MANY)[:-1]),
        ("a.csv.zst", zst(MANY)[:200]),
        ("a.csv.zst", MANY),
        ("a.csv.zst", zst(MANY) + zst(MANY)[:100]),
        ("a.csv.zst", zst(MANY)[:3]),
    ],
)
def test_a_broken_packing_is_the_files_fault(tmp_path: Path, name: str, data: bytes) -> None:
    with pytest.raises(Unreadable) as refusal:
        spooled(tmp_path, name, data)

    assert refusal.value.rule == "compression"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (b"\x81", "cp1252"),
        ("x".encode("utf-16") + b"\x00", "utf-16"),
        (b"\xff\xfe" + b"\x00\xd8x\x00", "utf-16"),
        (b"+2AA-", "utf-7"),
    ],
    ids=["a byte that means nothing", "half a character at the end", "half a surrogate pair", "one escaped"],
)
def test_bytes_that_are_not_of_the_encoding_are_the_files_fault(tmp_path: Path, data: bytes, encoding: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        spooled(tmp_path, "a.csv", data, encoding=encoding)

    assert refusal.value.rule == "encoding"


@pytest.mark.parametrize("name", ["a.csv.gz", "a.csv.zst"])
def test_a_bomb_is_stopped_before_it_fills_the_disk(tmp_path: Path, name: str) -> None:
    zeros = bytes(50 << 20)
    data = gzip.compress(zeros, 1) if name.endswith("gz") else zst(zeros)

    with pytest.raises(Unreadable) as refusal:
        spooled(tmp_path, name, data, max_bytes=1 << 20)

    assert refusal.value.rule == "max_bytes"
    assert sum(path.stat().st_size for path in (tmp_path / "scratch").iterdir()) <= 2 << 20


def test_a_file_of_just_the_allowed_size_is_unpacked(tmp_path: Path) -> None:
    assert spooled(tmp_path, "a.csv.gz", gzip.compress(MANY), max_bytes=len(MANY)).print.size == len(MANY)


def test_a_broken_disk_is_not_the_files_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(MANY))
    blob = STORAGE.stat(str(path))
    assert blob is not None
    with path.open("rb") as file:
        known = fingerprint(file, delimiter=",")

    with pytest.raises(StorageError):
        plain(STORAGE, blob, known, contract=contract_with(), scratch=tmp_path / "nowhere")

    path.unlink()
    with pytest.raises(StorageError):
        plain(STORAGE, blob, known, contract=contract_with(), scratch=tmp_path)
