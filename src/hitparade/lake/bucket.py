"""Iceberg's metadata in a bucket: objects that appear whole, and never in the place of another."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from typing import cast

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.typedef import EMPTY_DICT, Properties

from hitparade.storage import Storage
from hitparade.storage.s3 import S3Storage

METADATA = (".avro", ".metadata.json")
REMEMBERED_BYTES = 64 << 20


class Remembered:
    """Objects that never change, as far as they are small and not too many: what a lake's metadata is made of."""

    def __init__(self) -> None:
        self.objects: OrderedDict[str, bytes] = OrderedDict()
        self.size = 0
        self.lock = threading.Lock()

    def get(self, url: str) -> bytes | None:
        """An object, if it is remembered."""
        with self.lock:
            if url in self.objects:
                self.objects.move_to_end(url)
            return self.objects.get(url)

    def put(self, url: str, data: bytes) -> None:
        """Remember an object, and forget those that nobody asked for in a long time."""
        with self.lock:
            self.size += len(data) - len(self.objects.pop(url, b""))
            self.objects[url] = data
            while self.size > REMEMBERED_BYTES:
                self.size -= len(self.objects.popitem(last=False)[1])


class Written(io.BytesIO):
    """An object in the making, which is put when it is closed."""

    def __init__(self, storage: S3Storage, remembered: Remembered, url: str, *, overwrite: bool) -> None:
        super().__init__()
        self.storage = storage
        self.remembered = remembered
        self.url = url
        self.overwrite = overwrite

    def close(self) -> None:
        """Put it; FileExistsError when there is another already that it may not replace."""
        if self.closed:
            return
        data = self.getvalue()
        super().close()
        if self.overwrite:
            self.storage.write(self.url, data)
        elif not self.storage.create(self.url, data):
            raise FileExistsError(self.url)
        self.remembered.put(self.url, data)


class BucketFile(InputFile, OutputFile):
    """One object of the lake."""

    def __init__(self, location: str, storage: S3Storage, remembered: Remembered) -> None:
        super().__init__(location)
        self.storage = storage
        self.remembered = remembered

    def __len__(self) -> int:
        """Its size in bytes; FileNotFoundError when it is not there."""
        blob = self.storage.stat(self.location)
        if blob is None:
            raise FileNotFoundError(self.location)
        return blob.size

    def exists(self) -> bool:
        """Whether it is there."""
        return self.storage.stat(self.location) is not None

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002 - the interface's word
        """Its bytes."""
        if not self.location.endswith(METADATA):
            return cast("InputStream", self.storage.open(self.location, buffered=False))
        data = self.remembered.get(self.location)
        if data is None:
            with self.storage.open(self.location) as file:
                data = file.read()
            self.remembered.put(self.location, data)
        return cast("InputStream", io.BytesIO(data))

    def to_input_file(self) -> InputFile:
        """Itself."""
        return self

    def create(self, overwrite: bool = False) -> OutputStream:
        """A new object."""
        return cast("OutputStream", Written(self.storage, self.remembered, self.location, overwrite=overwrite))


class BucketFileIO(FileIO):
    """The `py-io-impl` of a lake in a bucket; the lake's storage, and what it remembers, are catalog properties."""

    def __init__(self, properties: Properties = EMPTY_DICT) -> None:
        super().__init__(properties)
        self.storage: Storage = properties["hitparade.storage"]
        self.remembered: Remembered = properties["hitparade.remembered"]

    def _file(self, location: str) -> BucketFile:
        return BucketFile(location, cast("S3Storage", self.storage.medium(location)), self.remembered)

    def new_input(self, location: str) -> BucketFile:
        """An object to read."""
        return self._file(location)

    def new_output(self, location: str) -> BucketFile:
        """An object to write."""
        return self._file(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Remove an object."""
        self.storage.remove([location if isinstance(location, str) else location.location])
