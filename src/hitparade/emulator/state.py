"""What the emulator holds, in a folder, so that it is there after a restart.

moto keeps its state in plain objects. They are written whole, while nothing changes them: one file for everything but
the contents of S3 objects, which are files of their own, named for what is in them and written once. A save replaces
that one file at once, so a process killed in the middle of it leaves the save before.
"""

from __future__ import annotations

import copyreg
import fcntl
import hashlib
import io
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import moto
from moto.backends import get_backend
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from hitparade.emulator.jobs import cut_off
from hitparade.errors import ConfigError
from hitparade.log import get_logger

SERVICES = ("s3", "dynamodb", "secretsmanager", "glue", "iam", "sqs", "logs")
FORMAT = 1
ANOTHER = "name another folder, and fill it by --seed"


class Folder:
    """A folder that holds the state of one emulator at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path / "state.pickle"
        self._objects = path / "objects"
        self._names: WeakKeyDictionary[FakeKey, str] = WeakKeyDictionary()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep others out of it. Secrets are in there too: it is for its owner only."""
        self._objects.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.chmod(0o700)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ConfigError(
                    f"{self.path}: another emulator keeps its state there", hint="name another folder"
                ) from error
            yield

    def save(self) -> None:
        """Write everything. Requests that change something must wait meanwhile.

        Runs and queues go on changing; when one does so in the very moment, that is a RuntimeError, and no harm.
        """
        used: set[str] = set()
        services = {}
        for service in SERVICES:
            accounts = {account: dict(regions) for account, regions in backends(service).items()}
            content = io.BytesIO()
            try:
                Writer(content, lambda key: self._keep(key, used)).dump(accounts)
            except (TypeError, pickle.PicklingError) as error:
                get_logger().warning("emulate.not_kept", service=service, reason=str(error))
                continue
            services[service] = content.getvalue()
        write(self._file, pickle.dumps({"format": FORMAT, "moto": moto.__version__, "services": services}))
        for path in self._objects.iterdir():
            if path.name not in used:
                path.unlink()

    def restore(self) -> None:
        """Put back what was saved, if anything was; ConfigError when it cannot be read."""
        try:
            saved = pickle.loads(self._file.read_bytes())  # noqa: S301 - of its owner's, and for its owner only
        except FileNotFoundError:
            return
        except (pickle.UnpicklingError, EOFError) as error:
            raise ConfigError(f"{self._file}: it cannot be read: {error}", hint=ANOTHER) from error
        if (saved["format"], saved["moto"]) != (FORMAT, moto.__version__):
            raise ConfigError(
                f"{self.path}: it was written with moto {saved['moto']} (format {saved['format']}), and this is"
                f" moto {moto.__version__} (format {FORMAT})",
                hint=f"install moto {saved['moto']}, or {ANOTHER}",
            )
        for service, content in saved["services"].items():
            try:
                accounts = Reader(io.BytesIO(content), self._objects).load()
            except OSError as error:
                raise ConfigError(f"{self.path}: {service} cannot be read: {error}", hint=ANOTHER) from error
            for account, regions in accounts.items():
                for region, backend in regions.items():
                    backends(service)[account][region] = backend
        cut_off_runs()

    def _keep(self, key: FakeKey, used: set[str]) -> str:
        """The file of an object's content, written unless it is there. What is in an object never changes."""
        name = self._names.get(key)
        if name is None:
            content = content_of(key)
            name = hashlib.sha256(content).hexdigest()
            if not (self._objects / name).exists():
                write(self._objects / name, content)
            self._names[key] = name
        used.add(name)
        return name


class Content(str):
    """The name of the file that holds an object's content."""

    __slots__ = ()


class Writer(pickle.Pickler):
    """Writes objects of moto's, contents of S3 objects by name only."""

    def __init__(self, file: io.BytesIO, keep: Callable[[FakeKey], str]) -> None:
        super().__init__(file)
        self._keep = keep

    def reducer_override(self, held: Any) -> Any:
        """How the few objects are written that cannot be, or should not be, as they are."""
        if isinstance(held, FakeKey):
            state = {name: value for name, value in vars(held).items() if name not in {"_value_buffer", "lock"}}
            state["value"] = Content(self._keep(held))
            return copyreg.__newobj__, (type(held),), state  # type: ignore[attr-defined]
        if isinstance(held, _VersionedKeyStore):
            return remade_store, ({name: list(versions) for name, versions in dict.items(held)},)
        if isinstance(held, threading.Condition):
            return threading.Condition, ()
        return NotImplemented

    def persistent_id(self, held: Any) -> str | None:
        """The name that stands for an object's content."""
        return str(held) if isinstance(held, Content) else None


class Reader(pickle.Unpickler):
    """Reads what a Writer wrote."""

    def __init__(self, file: io.BytesIO, objects: Path) -> None:
        super().__init__(file)
        self._objects = objects

    def persistent_load(self, name: str) -> bytes:
        """The content of an object."""
        return (self._objects / name).read_bytes()


def remade_store(objects: dict[str, list[FakeKey]]) -> _VersionedKeyStore:
    """The objects of a bucket with all their versions, of which it shows as a dict only the newest."""
    store = _VersionedKeyStore()
    for name, versions in objects.items():
        store.setlist(name, versions)
    return store


def backends(service: str) -> Any:
    """A service's state: account -> region -> moto's objects."""
    return get_backend(service)  # type: ignore[call-overload]  # it has one signature a name


def content_of(key: FakeKey) -> bytes:
    """What is in an object; nothing once moto has thrown it away."""
    try:
        return key.value
    except ValueError:
        return b""


def cut_off_runs() -> None:
    """End the runs that were going when an emulator was killed."""
    for regions in backends("glue").values():
        for backend in regions.values():
            for job in backend.jobs.values():
                for run in job.job_runs:
                    cut_off(run)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, and to the disk."""
    scratch = path.with_name(f"{path.name}.tmp")
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
