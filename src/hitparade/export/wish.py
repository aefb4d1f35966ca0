"""What should be at a place: Parquet files of the catalogue and of each delivery in effect, and their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, get_args

from hitparade.engines.base import Stage
from hitparade.model import Dataset, Delivery
from hitparade.storage.packed import packing_of

Part = Literal["validated", "transformed", "processed", "kpis"]
PARTS: tuple[Part, ...] = get_args(Part)
FOLDERS: Mapping[Part, str] = {
    "validated": "validated-data",
    "transformed": "transformed-data",
    "processed": "metadata",
    "kpis": "",
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
TAKEN = ("users", "songs")
MOST_BYTES = 160  # of a name, which grows on its way; a disk takes 255
PROCESSED = "metadata/processed_stream_files.txt"


@dataclass(frozen=True, slots=True)
class Wish:
    """The Parquet files that should be at a place, by name: what each holds.

    `sources` tells what a file is made of: as long as that is the same, so is the file.
    """

    catalogue: Mapping[str, tuple[Stage, Dataset]]
    listens: Mapping[str, tuple[Stage, Delivery]]
    sources: Mapping[str, str]


def wished(stages: Collection[Stage], in_effect: Mapping[Dataset, Sequence[Delivery]]) -> Wish:
    """The Parquet files that should be there of some stages."""
    streams = in_effect["streams"]
    names = file_names(streams)
    catalogue = {name: form for form, name in CATALOGUE.items() if form[0] in stages}
    listens = {STREAMS[stage].format(names[each.load_id]): (stage, each) for stage in stages for each in streams}
    sources = {
        **{name: digest(*map(source_of, in_effect[dataset])) for name, (_, dataset) in catalogue.items()},
        **{name: source_of(each) for name, (_, each) in listens.items()},
    }
    return Wish(catalogue, listens, sources)


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
    """A delivered name without .csv, and without what tells how it is packed; of a very long one the beginning."""
    plain = (name.rpartition(".")[0] if packing_of(name) else name).removesuffix(".csv")
    return plain.encode(errors="ignore")[:MOST_BYTES].decode(errors="ignore")


def source_of(delivery: Delivery) -> str:
    """What tells a load from every other, even from those of a lake that was there before."""
    return f"{delivery.load_id} {delivery.sha256}"


def digest(*texts: str) -> str:
    """A short text for long ones."""
    return sha256("\n".join(texts).encode()).hexdigest()
