"""The place that an export goes to, and the index of what is there: `exported.json`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hitparade import log
from hitparade.export.wish import digest
from hitparade.storage import Storage, is_remote
from hitparade.storage.local import sync_files

INDEX = "exported.json"
FORMAT = 1
LOOKS = 8


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, and its rows."""

    file: str
    rows: int


@dataclass(slots=True)
class Exported:
    """What an export did; `unchanged` files were as they should be."""

    place: str
    written: list[Written] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index says of a file: what it was made of, and its etag since. Both are empty until it is there."""

    source: str
    etag: str


ANNOUNCED = Entry(source="", etag="")


class Place:
    """Where an export goes, and the index of what is there: `exported.json`.

    A file is announced before it is written and recorded afterwards, so whatever happens in between, it is known as
    ours and is written again. One whose etag is another than was recorded is somebody else's by now: it is replaced
    where its name is wanted, and never removed.
    """

    def __init__(self, storage: Storage, url: str, folders: Collection[str]) -> None:
        self.storage = storage
        self.url = url
        self.entries = self._read()
        self.there = {
            f"{folder}/{blob.name}".removeprefix("/"): blob.etag
            for folder in folders
            for blob in storage.list(f"{url}/{folder}".removesuffix("/"))
        }

    def has(self, name: str, source: str) -> bool:
        """Whether a file is there that was made of this."""
        entry = self.entries.get(name)
        return entry is not None and entry.source == source and entry.etag == self.there.get(name)

    def ours(self, folders: Collection[str]) -> set[str]:
        """What was written in some folders, as far as the index knows."""
        return {name for name in self.entries if name.rpartition("/")[0] in folders}

    def announce(self, names: Collection[str]) -> None:
        """Say that files are about to be written."""
        if names:
            self.entries.update(dict.fromkeys(names, ANNOUNCED))
            self._save()

    def put(self, made: Mapping[str, Path], sources: Mapping[str, str]) -> None:
        """Put files there, each whole, and record them."""
        sizes = {name: path.stat().st_size for name, path in made.items()}
        urls = self.storage.put_all(list(made.values()), [self._at(name) for name in made])
        if not is_remote(self.url):
            sync_files(urls, root=self.url)
        self._record(sizes, sources)

    def write(self, name: str, text: str, source: str) -> None:
        """Put a small text there, whole, and record it."""
        data = text.encode()
        self.storage.write(self._at(name), data)
        self._record({name: len(data)}, {name: source})

    def remove(self, names: Collection[str]) -> list[str]:
        """Remove files that are still what was written, and forget all of these; those that were removed."""
        if not names:
            return []
        removed = sorted(
            name for name in names if name in self.there and self.entries[name].etag in ("", self.there[name])
        )
        self.storage.remove([self._at(name) for name in removed])
        for name in names:
            del self.entries[name]
        self._save()
        return removed

    def _at(self, name: str) -> str:
        return f"{self.url}/{name}"

    def _record(self, sizes: Mapping[str, int], sources: Mapping[str, str]) -> None:
        """Take up files as they are now; one that is not of its size was replaced meanwhile, by an export like this."""
        with ThreadPoolExecutor(LOOKS) as pool:
            blobs = list(pool.map(self.storage.stat, map(self._at, sizes)))
        for (name, size), blob in zip(sizes.items(), blobs, strict=True):
            if blob is not None and blob.size == size:
                self.entries[name] = Entry(sources[name], blob.etag)
        self._save()

    def _read(self) -> dict[str, Entry]:
        """The index; without one that can be read, everything is written anew."""
        if self.storage.stat(self._at(INDEX)) is None:
            return {}
        with self.storage.open(self._at(INDEX)) as file:
            text = file.read()
        try:
            found = json.loads(text)
            files = found["files"] if found["format"] == FORMAT else {}
            return {str(name): Entry(**entry) for name, entry in files.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            log.get_logger().warning("export.index_unreadable", place=self.url, error=str(error))
            return {}

    def _save(self) -> None:
        files = {name: asdict(entry) for name, entry in sorted(self.entries.items())}
        self.storage.write(self._at(INDEX), json.dumps({"format": FORMAT, "files": files}, indent=1).encode())


def write_text(place: Place, name: str, lines: Sequence[str], outcome: Exported, *, heads: int = 0) -> None:
    """Write a text of lines, the first of which may be no rows, unless it is there."""
    text = "".join(f"{line}\n" for line in lines)
    source = digest(text)
    if place.has(name, source):
        outcome.unchanged += 1
        return
    place.announce([name])
    place.write(name, text, source)
    outcome.written.append(Written(name, len(lines) - heads))
