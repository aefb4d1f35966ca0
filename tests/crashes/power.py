"""What a power cut leaves of a folder: only what was synced, and of the rest as much as chance wills.

A run is recorded by strace: every call that changes a file or a folder, and every sync. The record is replayed up to
any point into a model of the folder that knows, of each file and each folder, what was there at its last sync. From
it a folder is made as a power cut at that point may leave it.

The model is stricter than any file system in use: it keeps nothing that was not asked for. A file's name lasts only
when its folder was synced, its bytes only when the file was; neither brings the other along, and no order holds
between two files or two folders. What it takes for granted: a rename and a link are whole or not at all, a sync that
came back kept its word, and pages that are written by mapping (SQLite's -shm, which it makes anew) are lost.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

CALLS = (
    *("openat", "open", "creat", "close", "dup", "dup2", "dup3", "fcntl", "lseek", "write", "pwrite64", "writev"),
    *("pwritev", "pwritev2", "ftruncate", "truncate", "fallocate", "sendfile", "copy_file_range", "splice"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"),
    *("fsync", "fdatasync", "sync_file_range"),
)
LINE = re.compile(r"^(\d+) +(.*)$")
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+|\?)")
CLOSE = re.compile(r"^close\((\d+)")
SECTOR = 512
MOST = 1 << 24
"""Bytes of one call that are recorded."""


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that was answered: its arguments as strace tells them."""

    name: str
    arguments: tuple[str, ...]
    answer: int

    def number(self, place: int) -> int:
        """An argument that is a number or a descriptor."""
        return int(self.arguments[place], 0)

    def data(self, place: int) -> bytes:
        """An argument that is bytes."""
        text = self.arguments[place]
        assert text.startswith('"'), self
        assert text.endswith('"'), f"longer than what is recorded: {self.name}"
        return bytes.fromhex(text[1:-1].replace("\\x", ""))

    def path(self, place: int) -> str:
        """An argument that is a path."""
        return self.data(place).decode()


def record(command: Sequence[str], log: Path) -> subprocess.CompletedProcess[str]:
    """Run a command, and write down what it does to files."""
    strace = ["strace", "-f", "-xx", "-s", str(MOST), "-e", f"trace={','.join(CALLS)}", "-e", "signal=none"]
    return subprocess.run([*strace, "-o", str(log), *command], capture_output=True, text=True, check=False)


def calls(log: Path) -> Iterator[Call]:
    """The calls that a record tells and that did something, in the order in which they were answered.

    A close counts from when it was asked for: another thread may be given the descriptor before the answer is told.
    """
    begun: dict[str, str] = {}
    with log.open() as lines:
        for line in lines:
            match = LINE.match(line.rstrip("\n"))
            assert match, line[:200]
            thread, text = match.groups()
            if text.endswith(" <unfinished ...>"):
                begun[thread] = text.removesuffix(" <unfinished ...>")
                if closed := CLOSE.match(text):
                    yield Call("close", (closed[1],), 0)
                continue
            if text.startswith("<... close "):
                del begun[thread]
                continue
            if text.startswith("<... "):
                text = begun.pop(thread) + text.partition(" resumed>")[2]
            if (found := CALL.match(text)) and found[3] != "?" and int(found[3]) >= 0:
                yield Call(found[1], tuple(found[2].split(", ")), int(found[3]))


@dataclass(slots=True, eq=False)
class File:
    """A file: its bytes, those that last, and what was done to it since; its time, of one that was there before."""

    data: bytearray = field(default_factory=bytearray)
    time: int | None = None
    lasting: bytes = b""
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        """Put bytes somewhere."""
        self.since.append((offset, data))
        put(self.data, offset, data)

    def cut(self, size: int) -> None:
        """Have it be of a size."""
        self.since.append((size, None))
        resize(self.data, size)

    def sync(self) -> None:
        """What it has lasts."""
        self.lasting, self.since = bytes(self.data), []

    def left(self, chance: Random | None) -> bytes:
        """What a power cut leaves: what lasts, and any of the sectors that were written since."""
        left = bytearray(self.lasting)
        kept = share(chance)
        for offset, data in self.since if kept else ():
            if data is None:
                resize(left, offset)
                continue
            for start in range(0, len(data), SECTOR):
                if chance and chance.random() <= kept:
                    put(left, offset + start, data[start : start + SECTOR])
        return bytes(left)


@dataclass(slots=True, eq=False)
class Folder:
    """A folder: its names, those that last, and what was done to it since."""

    names: dict[str, File | Folder] = field(default_factory=dict)
    lasting: dict[str, File | Folder] = field(default_factory=dict)
    since: list[Mapping[str, File | Folder | None]] = field(default_factory=list)

    def change(self, names: Mapping[str, File | Folder | None]) -> None:
        """Give names, and take those that are None; all at once."""
        self.since.append(names)
        apply(self.names, names)

    def sync(self) -> None:
        """The names that it has last."""
        self.lasting, self.since = dict(self.names), []

    def left(self, chance: Random | None) -> Mapping[str, File | Folder]:
        """What a power cut leaves: names that last, and of the changes since as many as came that far."""
        left = dict(self.lasting)
        for change in self.since[: round(share(chance) * len(self.since))]:
            apply(left, change)
        return left


def share(chance: Random | None) -> float:
    """How much of what was not synced lasts all the same: often nothing, often all, else something between."""
    return chance.choice([0.0, 0.0, 1.0, 1.0, chance.random()]) if chance else 0.0


def apply(names: dict[str, File | Folder], change: Mapping[str, File | Folder | None]) -> None:
    for name, node in change.items():
        if node is None:
            names.pop(name, None)
        else:
            names[name] = node


def put(data: bytearray, offset: int, some: bytes) -> None:
    if len(data) < offset:
        resize(data, offset)
    data[offset : offset + len(some)] = some


def resize(data: bytearray, size: int) -> None:
    del data[size:]
    data.extend(bytes(size - len(data)))


def as_it_lies(folder: Path) -> Folder:
    """A folder of which everything lasts."""
    found = Folder()
    for path in folder.iterdir():
        found.names[path.name] = (
            as_it_lies(path) if path.is_dir() else File(bytearray(path.read_bytes()), path.stat().st_mtime_ns)
        )
    for node in found.names.values():
        node.sync()
    found.sync()
    return found


@dataclass(slots=True)
class Opened:
    """An open file or folder, and the place in it."""

    node: File | Folder
    place: int = 0
    at_end: bool = False


class Disk:
    """The model of a folder on a disk, changed by calls."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.top = as_it_lies(root)
        self.opened: dict[int, Opened] = {}

    def copy(self) -> Disk:
        """The same, to be changed apart from this."""
        return deepcopy(self)

    def do(self, call: Call) -> None:
        """Change as a call did."""
        getattr(self, f"_{call.name}")(call)

    def left(self, chance: Random | None, target: Path) -> None:
        """Make a folder as a power cut leaves it: with all that was synced, and what chance wills of the rest."""
        write_out(self.top, chance, target)

    # -- names

    def _node(self, path: str) -> File | Folder | None:
        node: File | Folder | None = self.top
        for part in path.removeprefix(self.root).strip("/").split("/"):
            if part:
                node = node.names.get(part) if isinstance(node, Folder) else None
        return node

    def _ours(self, path: str) -> bool:
        return path == self.root or path.startswith(f"{self.root}/")

    def _change(self, path: str, node: File | Folder | None) -> None:
        folder, _, name = path.rpartition("/")
        parent = self._node(folder)
        assert isinstance(parent, Folder), path
        parent.change({name: node})

    def _openat(self, call: Call, first: int = 1) -> None:
        path, flags = call.path(first), call.arguments[first + 1]
        self.opened.pop(call.answer, None)
        if not self._ours(path):
            return
        node = self._node(path)
        if node is None:
            assert "O_CREAT" in flags, call
            node = File()
            self._change(path, node)
        if "O_TRUNC" in flags and isinstance(node, File):
            node.cut(0)
        self.opened[call.answer] = Opened(node, at_end="O_APPEND" in flags)

    def _open(self, call: Call) -> None:
        self._openat(call, 0)

    def _mkdirat(self, call: Call, first: int = 1) -> None:
        if self._ours(path := call.path(first)):
            self._change(path, Folder())

    def _mkdir(self, call: Call) -> None:
        self._mkdirat(call, 0)

    def _unlinkat(self, call: Call, first: int = 1) -> None:
        path = call.path(first)
        if not path.startswith("/"):  # of a folder that is removed with all that is in it
            folder = self.opened.get(call.number(0))
            if folder is not None:
                assert isinstance(folder.node, Folder)
                folder.node.change({path: None})
        elif self._ours(path):
            self._change(path, None)

    def _unlink(self, call: Call) -> None:
        self._unlinkat(call, 0)

    def _rmdir(self, call: Call) -> None:
        self._unlinkat(call, 0)

    def _rename(self, call: Call, places: tuple[int, int] = (0, 1)) -> None:
        source, target = (call.path(place) for place in places)
        if not (self._ours(source) or self._ours(target)):
            return
        (folder, _, old), (other, _, new) = source.rpartition("/"), target.rpartition("/")
        assert folder == other, "a rename to another folder needs a model of its own"
        parent = self._node(folder)
        assert isinstance(parent, Folder)
        parent.change({old: None, new: parent.names[old]})

    def _renameat(self, call: Call) -> None:
        self._rename(call, (1, 3))

    _renameat2 = _renameat

    def _link(self, call: Call, places: tuple[int, int] = (0, 1)) -> None:
        source, target = (call.path(place) for place in places)
        if self._ours(target):
            self._change(target, self._node(source))

    def _linkat(self, call: Call) -> None:
        self._link(call, (1, 3))

    # -- descriptors

    def _close(self, call: Call) -> None:
        self.opened.pop(call.number(0), None)

    def _dup(self, call: Call) -> None:
        if (opened := self.opened.get(call.number(0))) is not None:
            self.opened[call.answer] = opened
        else:
            self.opened.pop(call.answer, None)

    _dup2 = _dup3 = _dup

    def _fcntl(self, call: Call) -> None:
        if call.arguments[1].startswith("F_DUPFD"):
            self._dup(call)

    # -- bytes

    def _file(self, call: Call) -> tuple[Opened, File] | None:
        opened = self.opened.get(call.number(0))
        if opened is None:
            return None
        assert isinstance(opened.node, File)
        return opened, opened.node

    def _lseek(self, call: Call) -> None:
        if (opened := self.opened.get(call.number(0))) is not None:
            opened.place = call.answer

    def _write(self, call: Call) -> None:
        if (found := self._file(call)) is not None:
            opened, file = found
            offset = len(file.data) if opened.at_end else opened.place
            file.write(offset, call.data(1)[: call.answer])
            opened.place = offset + call.answer

    def _pwrite64(self, call: Call) -> None:
        if (found := self._file(call)) is not None:
            found[1].write(call.number(3), call.data(1)[: call.answer])

    def _ftruncate(self, call: Call) -> None:
        if (found := self._file(call)) is not None:
            found[1].cut(call.number(1))

    def _fallocate(self, call: Call) -> None:
        if (found := self._file(call)) is not None:
            file, size = found[1], call.number(2) + call.number(3)
            if len(file.data) < size:
                file.cut(size)

    def _fsync(self, call: Call) -> None:
        if (opened := self.opened.get(call.number(0))) is not None:
            opened.node.sync()

    _fdatasync = _fsync

    def _not_modelled(self, call: Call) -> None:
        assert not any(each.isdigit() and int(each) in self.opened for each in call.arguments[:3]), call.name

    _writev = _pwritev = _pwritev2 = _sendfile = _copy_file_range = _splice = _sync_file_range = _not_modelled


def write_out(folder: Folder, chance: Random | None, target: Path) -> None:
    """Make a folder be as it is left; a file that has two names has both here."""
    made: dict[int, Path] = {}

    def make(folder: Folder, target: Path) -> None:
        target.mkdir()
        for name, node in folder.left(chance).items():
            path = target / name
            if isinstance(node, Folder):
                make(node, path)
            elif id(node) in made:
                path.hardlink_to(made[id(node)])
            else:
                path.write_bytes(node.left(chance))
                if node.time is not None:
                    os.utime(path, ns=(node.time, node.time))
                made[id(node)] = path

    make(folder, target)
