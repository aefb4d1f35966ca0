"""What processes that were killed left outside of the lake: folders for temporary files, and parts of copies."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from hitparade.maintain.outcome import Maintained
from hitparade.storage import is_remote
from hitparade.turn import is_dead
from hitparade.workspace import Workspace

SCRATCH = re.compile(r"hitparade-(.+)-(\d+)-\w{8}")
PART = re.compile(r".+\.[0-9a-f]+\.part")


def remove_leftovers(ws: Workspace, before: datetime, outcome: Maintained) -> None:
    """Remove those that have not changed since a time."""
    folders, parts = list(abandoned(before)), list(unfinished(ws, before))
    outcome.leftovers = len(folders) + len(parts)
    if not outcome.dry:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        ws.storage.remove(parts)


def abandoned(before: datetime) -> Iterator[Path]:
    """This user's folders for temporary files whose process, on this host, is gone."""
    for folder in Path(tempfile.gettempdir()).glob("hitparade-*"):
        owner = SCRATCH.fullmatch(folder.name)
        if owner is None or not is_dead(f"{owner[1]}/{owner[2]}"):
            continue
        with suppress(FileNotFoundError):  # another was faster
            found = folder.stat()
            if found.st_uid == os.getuid() and found.st_mtime <= before.timestamp():
                yield folder


def unfinished(ws: Workspace, before: datetime) -> Iterator[str]:
    """Files on a disk that were never given their name. In buckets they appear whole."""
    for place in (ws.settings.quarantine, ws.settings.archive):
        folder = ws.settings.place(place)
        if not is_remote(folder):
            for blob in ws.storage.everything(folder):
                if PART.fullmatch(blob.name) and blob.modified <= before.timestamp():
                    yield blob.url
