"""Files that no table refers to are removed: of attempts that died, and of snapshots that were let go of.

How old a file is says when it was written, not when it went out of use, and a reader may have planned with it a
moment ago. So what is found out of use is noted first, and goes when it has been so for the time of grace. A young
file is not even noted: a process at work will name it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hitparade.errors import LakeError
from hitparade.faults import point
from hitparade.maintain.outcome import Maintained
from hitparade.model import Blob
from hitparade.workspace import Workspace

NOTES = "unreferenced.json"
METADATA = (".avro", ".metadata.json")
AT_ONCE = 1000


def sweep(ws: Workspace, tables: Sequence[str], grace: timedelta, outcome: Maintained) -> None:
    """Remove what has been out of use for the time of grace, and note what was found out of use now."""
    now = ws.clock()
    before = now - grace
    notes = f"{ws.lake.location}/{NOTES}"
    since = read_notes(ws, notes)
    found: dict[str, Blob] = {}
    with ws.progress.of("maintain tables", len(tables)) as advance:
        for name in tables:
            found.update({blob.url: blob for blob in unreferenced(ws, name, before)})
            advance(1)
    dated = {url: since.get(url, now.isoformat()) for url in found}
    due = [url for url, at in dated.items() if datetime.fromisoformat(at) <= before]
    outcome.files, outcome.bytes = len(due), sum(found[url].size for url in due)
    outcome.waiting = len(dated) - len(due)
    if outcome.dry:
        return
    write_notes(ws, notes, since, dated)
    point("maintain.noted")
    remove(ws, due)
    gone = set(due)
    write_notes(ws, notes, dated, {url: at for url, at in dated.items() if url not in gone})
    for name in tables:
        outcome.folders += ws.storage.remove_empty(f"{ws.lake.location}/{name}", before=before.timestamp())


def unreferenced(ws: Workspace, name: str, before: datetime) -> list[Blob]:
    """The files of a table that are older than a time and that it does not refer to.

    What it refers to is read before the files are listed, and again afterwards. All that it names both times must be in
    the list: where it is not, names are not what they are taken for here, and nothing may be removed.
    """
    from hitparade.lake import upkeep

    first = upkeep.named(ws.lake, name)
    folder = f"{ws.lake.location}/{name}"
    if first.folder != folder:
        raise LakeError(f"table {name} lies in {first.folder}, not in {folder}", hint="put lake.location back")
    listed = {blob.url: blob for blob in ws.storage.everything(folder)}
    named = upkeep.named(ws.lake, name).files
    if missing := (first.files & named) - listed.keys():
        raise LakeError(
            f"table {name} names {len(missing)} files that are not there, such as {min(missing)}; nothing was removed",
            hint="hitparade verify; restore the files, or load them anew by hitparade rebuild",
        )
    return [
        blob
        for url, blob in listed.items()
        if url not in named and blob.modified <= before.timestamp() and is_ours(url.removeprefix(folder))
    ]


def is_ours(path: str) -> bool:
    """Whether a file in a table's folder is of a kind that is written there by us."""
    return path.startswith("/data/") or (path.startswith("/metadata/") and path.endswith((*METADATA, ".part")))


def remove(ws: Workspace, urls: Sequence[str]) -> None:
    """Remove files, some at a time."""
    with ws.progress.of("maintain remove", len(urls)) as advance:
        for start in range(0, len(urls), AT_ONCE):
            some = urls[start : start + AT_ONCE]
            ws.storage.remove(some)
            point("maintain.removed")
            advance(len(some))


def read_notes(ws: Workspace, url: str) -> Mapping[str, str]:
    """Since when files are known to be out of use. What cannot be read is nothing: then they stay for longer."""
    if ws.storage.stat(url) is None:
        return {}
    with ws.storage.open(url) as file:
        try:
            found = json.loads(file.read())
        except ValueError:
            return {}
    return {str(name): str(at) for name, at in found.items()} if isinstance(found, dict) else {}


def write_notes(ws: Workspace, url: str, before: Mapping[str, str], notes: Mapping[str, str]) -> None:
    """Keep the notes, where they are others than before."""
    if notes != before:
        ws.storage.write(url, json.dumps(notes, indent=0).encode())
