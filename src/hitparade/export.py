"""export: the lake's accepted rows as plain Parquet for other systems, and what they want to know of them.

    validated-data/users.parquet, songs.parquet, <file>.parquet
    transformed-data/transformed_users.parquet, transformed_songs.parquet, <file>_transformed.parquet
    metadata/processed_stream_files.txt

Nothing in the lake changes, so it takes no run. Wanted is what the ledger has in effect; present is what the place's
index says of each file (see Place). So the work follows what is new, and an export that is cut short goes on.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from hitparade import log
from hitparade.engines.base import Stage
from hitparade.model import Dataset, Delivery, LakeFile
from hitparade.storage import Storage, is_remote
from hitparade.storage.local import sync_files
from hitparade.storage.packed import packing_of
from hitparade.workspace import TABLES, Workspace

Part = Literal["validated", "transformed", "processed"]
PARTS: tuple[Part, ...] = get_args(Part)
FOLDERS: Mapping[Part, str] = {
    "validated": "validated-data",
    "transformed": "transformed-data",
    "processed": "metadata",
}

CATALOGUE: Mapping[tuple[Stage, Dataset], str] = {
    ("validated", "users"): "validated-data/users.parquet",
    ("validated", "songs"): "validated-data/songs.parquet",
    ("transformed", "users"): "transformed-data/transformed_users.parquet",
    ("transformed", "songs"): "transformed-data/transformed_songs.parquet",
}
STREAMS: Mapping[Stage, str] = {
    "validated": "validated-data/{}.parquet",
    "transformed": "transformed-data/{}_transformed.parquet",
}
PROCESSED = "metadata/processed_stream_files.txt"
TAKEN = ("users", "songs")

INDEX = "exported.json"
FORMAT = 1
LOOKS = 8
BATCH_ROWS = 5_000_000


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
class Wish:
    """What should be at a place, by name: files of the catalogue and of deliveries, and texts with their rows.

    `sources` tells what a file is made of: as long as that is the same, so is the file.
    """

    catalogue: Mapping[str, tuple[Stage, Dataset]]
    listens: Mapping[str, tuple[Stage, Delivery]]
    texts: Mapping[str, tuple[str, int]]
    sources: Mapping[str, str]


def export(ws: Workspace, to: str, parts: Collection[Part] = ()) -> Exported:
    """Bring a place to what the ledger has in effect, in all parts unless some are named.

    New rows come first, then the list that names their files; what nobody names any more goes last.
    """
    chosen = [part for part in PARTS if part in (parts or PARTS)]
    in_effect = {dataset: ws.ledger.deliveries(dataset=dataset, status="loaded")[::-1] for dataset in TABLES}
    wish = wished(chosen, in_effect)
    place = Place(ws.storage, ws.settings.place(to), [FOLDERS[part] for part in chosen])
    missing = {name for name, source in wish.sources.items() if not place.has(name, source)}
    outcome = Exported(place.url, unchanged=len(wish.sources) - len(missing))
    place.announce(missing)
    write_catalogue(ws, place, wish, missing, outcome)
    write_listens(ws, place, wish, missing, outcome)
    write_texts(place, wish, missing, outcome)
    outcome.removed += place.remove(place.ours() - set(wish.sources))
    log.get_logger().info("export.done", place=place.url, written=len(outcome.written), removed=len(outcome.removed))
    return outcome


# ---- what is wanted


def wished(parts: Collection[Part], in_effect: Mapping[Dataset, Sequence[Delivery]]) -> Wish:
    """What should be there of some parts."""
    streams = in_effect["streams"]
    names = file_names(streams)
    catalogue = {name: (stage, dataset) for (stage, dataset), name in CATALOGUE.items() if stage in parts}
    listens = {
        name.format(names[each.load_id]): (stage, each)
        for stage, name in STREAMS.items()
        if stage in parts
        for each in streams
    }
    texts = {PROCESSED: ("".join(f"{each.name}\n" for each in streams), len(streams))} if "processed" in parts else {}
    sources = {
        **{name: digest(*map(source_of, in_effect[dataset])) for name, (_, dataset) in catalogue.items()},
        **{name: source_of(each) for name, (_, each) in listens.items()},
        **{name: digest(text) for name, (text, _) in texts.items()},
    }
    return Wish(catalogue, listens, texts, sources)


def file_names(streams: Sequence[Delivery]) -> Mapping[int, str]:
    """Under which name the rows of each delivery go, by load_id: its own, with its seq behind where that is taken."""
    names: dict[int, str] = {}
    taken = set(TAKEN)
    for each in streams:
        name = stem(each.name)
        while name in taken:
            name = f"{name}-{each.seq}"
        taken.add(name)
        names[each.load_id] = name
    return names


def stem(name: str) -> str:
    """A delivered name without .csv, and without what tells how it is packed."""
    return (name.rpartition(".")[0] if packing_of(name) else name).removesuffix(".csv")


def source_of(delivery: Delivery) -> str:
    """What tells a load from every other, even from those of a lake that was there before."""
    return f"{delivery.load_id} {delivery.sha256}"


def digest(*texts: str) -> str:
    """A short text for long ones."""
    return sha256("\n".join(texts).encode()).hexdigest()


# ---- writing it


def write_catalogue(ws: Workspace, place: Place, wish: Wish, missing: set[str], outcome: Exported) -> None:
    """Write the files of the catalogue that are missing."""
    forms = {form: name for name, form in wish.catalogue.items() if name in missing}
    if not forms:
        return
    datasets = {dataset for _, dataset in forms}
    with tempfile.TemporaryDirectory(dir=ws.scratch) as folder, ws.progress.of("export catalogue", 2) as advance:
        targets = {form: Path(folder) / Path(name).name for form, name in forms.items()}
        rows = ws.engine.export_catalogue(
            targets,
            songs=ws.in_effect("songs") if "songs" in datasets else None,
            users=ws.in_effect("users") if "users" in datasets else None,
        )
        advance(1)
        place.put({forms[form]: path for form, path in targets.items()}, wish.sources)
        outcome.written += [Written(name, rows[form]) for form, name in forms.items()]
        advance(1)


def write_listens(ws: Workspace, place: Place, wish: Wish, missing: set[str], outcome: Exported) -> None:
    """Write the files of deliveries that are missing, in batches: a day's files are read once for many of them."""
    wanted: dict[int, dict[Stage, str]] = {}
    loads: dict[int, Delivery] = {}
    for name, (stage, each) in wish.listens.items():
        if name in missing:
            wanted.setdefault(each.load_id, {})[stage] = name
            loads[each.load_id] = each
    if not loads:
        return
    files = ws.lake.files("listens", ws.ledger.days_of([each.seq for each in loads.values()]))
    with ws.progress.of("export listens", sum(each.rows_loaded for each in loads.values())) as advance:
        for batch in batches(loads.values(), ws.settings.load.batch_files):
            names = {each.load_id: wanted[each.load_id] for each in batch}
            outcome.written += write_batch(ws, place, wish, names, holding(ws, batch, files))
            advance(sum(each.rows_loaded for each in batch))


def batches(loads: Collection[Delivery], most_files: int) -> Iterator[list[Delivery]]:
    """Deliveries in turn, as many as have at most so many rows; one that has more is alone."""
    batch: list[Delivery] = []
    rows = 0
    for each in sorted(loads, key=lambda load: load.seq):
        if batch and (rows + each.rows_loaded > BATCH_ROWS or len(batch) == most_files):
            yield batch
            batch, rows = [], 0
        batch.append(each)
        rows += each.rows_loaded
    if batch:
        yield batch


def holding(ws: Workspace, batch: Collection[Delivery], files: Sequence[LakeFile]) -> list[str]:
    """Of the lake's files those in which rows of the deliveries may be."""
    days = ws.ledger.days_of([each.seq for each in batch])
    return [file.path for file in files if file.day in days]


def write_batch(
    ws: Workspace, place: Place, wish: Wish, names: Mapping[int, Mapping[Stage, str]], files: Sequence[str]
) -> list[Written]:
    """Write the files of some deliveries, named by load_id and stage."""
    with tempfile.TemporaryDirectory(dir=ws.scratch) as folder:
        targets = {
            load_id: {stage: Path(folder) / f"{load_id}-{stage}.parquet" for stage in stages}
            for load_id, stages in names.items()
        }
        rows = ws.engine.export_listens(files, targets)
        made = [(load_id, stage, name) for load_id, stages in names.items() for stage, name in stages.items()]
        place.put({name: targets[load_id][stage] for load_id, stage, name in made}, wish.sources)
        return [Written(name, rows[load_id][stage]) for load_id, stage, name in made]


def write_texts(place: Place, wish: Wish, missing: set[str], outcome: Exported) -> None:
    """Write the texts that are missing."""
    for name in sorted(missing & set(wish.texts)):
        text, rows = wish.texts[name]
        place.write(name, text, wish.sources)
        outcome.written.append(Written(name, rows))


# ---- the place


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
        self.folders = frozenset(folders)
        self.entries = self._read()
        self.there = {
            f"{folder}/{blob.name}": blob.etag for folder in folders for blob in storage.list(f"{url}/{folder}")
        }

    def has(self, name: str, source: str) -> bool:
        """Whether a file is there that was made of this."""
        entry = self.entries.get(name)
        return entry is not None and entry.source == source and entry.etag == self.there.get(name)

    def ours(self) -> set[str]:
        """What was ever written in the folders, as far as the index knows."""
        return {name for name in self.entries if name.rpartition("/")[0] in self.folders}

    def announce(self, names: Collection[str]) -> None:
        """Say that files are about to be written."""
        if names:
            self.entries.update(dict.fromkeys(names, ANNOUNCED))
            self._save()

    def put(self, made: Mapping[str, Path], sources: Mapping[str, str]) -> None:
        """Put files there, each whole, and record them."""
        urls = self.storage.put_all(list(made.values()), [self._at(name) for name in made])
        if not is_remote(self.url):
            sync_files(urls, root=self.url)
        self._record(made, sources)

    def write(self, name: str, text: str, sources: Mapping[str, str]) -> None:
        """Put a small text there, whole, and record it."""
        self.storage.write(self._at(name), text.encode())
        self._record([name], sources)

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

    def _record(self, names: Collection[str], sources: Mapping[str, str]) -> None:
        with ThreadPoolExecutor(LOOKS) as pool:
            blobs = list(pool.map(self.storage.stat, map(self._at, names)))
        for name, blob in zip(names, blobs, strict=True):
            self.entries[name] = ANNOUNCED if blob is None else Entry(sources[name], blob.etag)
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
