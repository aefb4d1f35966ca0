"""A file system for Iceberg's metadata that lasts through a power cut.

pyiceberg does not sync what it writes; this does, each file and its folder, before the catalog can name it.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import cast

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

from hitparade.faults import point
from hitparade.storage.local import make_folders, sync_folder


class SyncedRaw(io.FileIO):
    """A file that is on the disk when it is closed."""

    def close(self) -> None:
        """Sync the bytes and the name, then close."""
        if not self.closed:
            os.fsync(self.fileno())
            super().close()
            sync_folder(Path(os.fsdecode(cast("str", self.name))).parent)
            point("lake.metadata_written")


class LocalFile(InputFile, OutputFile):
    """One file of the lake."""

    def __len__(self) -> int:
        """Its size in bytes."""
        return Path(self.location).stat().st_size

    def exists(self) -> bool:
        """Whether it is there."""
        return Path(self.location).exists()

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002 - the interface's word
        """Its bytes."""
        return cast("InputStream", Path(self.location).open("rb"))

    def to_input_file(self) -> InputFile:
        """Itself."""
        return self

    def create(self, overwrite: bool = False) -> OutputStream:
        """A new file, synced when closed; FileExistsError when it is there and may not be overwritten."""
        make_folders(Path(self.location).parent)
        raw = SyncedRaw(self.location, "wb" if overwrite else "xb")
        return cast("OutputStream", io.BufferedWriter(raw, 1 << 16))


class SyncedFileIO(FileIO):
    """The `py-io-impl` of a lake on a local disk."""

    def new_input(self, location: str) -> LocalFile:
        """A file to read."""
        return LocalFile(location)

    def new_output(self, location: str) -> LocalFile:
        """A file to write."""
        return LocalFile(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Remove a file."""
        Path(location if isinstance(location, str) else location.location).unlink()
