"""The servers that storage is tested on, and places in each medium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from hitparade.storage import Storage
from tests.dynamodb import reach
from tests.s3 import Server, moto_server, seaweedfs


@dataclass(frozen=True)
class Place:
    """A folder of its own in a medium, and the storage to use it by."""

    storage: Storage
    folder: str
    server: Server | None = None

    def put(self, name: str, data: bytes = b"bytes") -> str:
        """A file in the folder; its URL."""
        url = f"{self.folder}/{name}"
        self.storage.write(url, data)
        return url

    def read(self, name: str) -> bytes:
        """A file of the folder."""
        with self.storage.open(f"{self.folder}/{name}") as file:
            return file.read()

    def names(self, folder: str = "") -> list[str]:
        """The files directly in the folder, or in one below it."""
        return sorted(blob.name for blob in self.storage.list(f"{self.folder}{folder}"))


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    """Quick, and lets everybody in."""
    with moto_server() as server:
        yield server


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that checks every signature and every condition."""
    with seaweedfs(tmp_path_factory.mktemp("weed")) as server:
        yield server


@pytest.fixture(params=["moto", "weed"])
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A new bucket on each server."""
    yield from in_bucket(request.getfixturevalue(request.param), monkeypatch)


@pytest.fixture(params=["disk", "moto", "weed"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A folder on a disk, and in a bucket of each server."""
    if request.param == "disk":
        yield Place(Storage(), str(tmp_path / "a folder"))
        return
    yield from in_bucket(request.getfixturevalue(request.param), monkeypatch)


def in_bucket(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A folder in a new bucket of a server."""
    reach(server, monkeypatch)
    storage = Storage()
    yield Place(storage, f"{server.make_bucket(f'tests-{uuid4().hex}')}/a folder", server)
    storage.close()
