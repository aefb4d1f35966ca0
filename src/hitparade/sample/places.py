"""Where a sample's files go: names nothing else has, and contents that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from hitparade.errors import StorageError
from hitparade.model import DATASETS, Dataset


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of a sample and the suffix that makes its names new there.

    A sample made a second time is a repeated delivery: it comes under names of its own (`-2`, `-3` ...) and
    nothing that lies there already is touched.
    """

    streams: Path
    songs: Path
    users: Path
    truth: Path
    seed: int
    suffix: str

    def landing(self, dataset: Dataset) -> Path:
        """The folder in which the dataset's files land."""
        return {"streams": self.streams, "songs": self.songs, "users": self.users}[dataset]

    def redeliver(self, dataset: Dataset) -> Path:
        """The folder of files that are to be delivered later, by hand, under a name that is known by then."""
        return self.truth.parent / "redeliver" / dataset

    def name(self, dataset: Dataset, label: str, ending: str = ".csv") -> str:
        """The name of one file: dataset, seed, and a label that tells what it is for."""
        return f"{dataset}-s{self.seed}-{label}{self.suffix}{ending}"

    def is_free(self) -> bool:
        """Whether no sample of this seed has used this suffix here, nor, without a suffix, any at all."""
        pattern = f"-s{self.seed}-*{self.suffix}.*"
        return not any(
            found
            for dataset in DATASETS
            for folder in (self.landing(dataset), self.redeliver(dataset))
            for found in folder.glob(dataset + pattern)
        )


def free_places(*, streams: Path, songs: Path, users: Path, truth: Path, seed: int) -> Places:
    """Places with the first suffix that is free, a truth that is free likewise, and folders that exist."""
    for folder in (streams, songs, users, truth.parent):
        folder.mkdir(parents=True, exist_ok=True)
    truths = (truth.with_stem(truth.stem + suffix) for suffix in _suffixes())
    free_truth = next(path for path in truths if not path.exists())
    places = (Places(streams, songs, users, free_truth, seed, suffix) for suffix in _suffixes())
    return next(found for found in places if found.is_free())


def _suffixes() -> Iterator[str]:
    yield ""
    yield from (f"-{number}" for number in count(2))


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A name to write to that no reader looks at; the file takes its own name once it is whole."""
    if path.exists():
        raise StorageError(f"{path} is there already", hint="generate with another seed, or into an empty folder")
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> Path:
    """Writes a small file whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with appearing(path) as part:
        part.write_bytes(content)
    return path


Progress = Callable[[int, int], None]
"""Called with the rows of listens written so far and in all."""
