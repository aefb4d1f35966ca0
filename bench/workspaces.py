"""Workspaces and sample data for the parts to work on, made by the commands that everyone uses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date, timedelta
from pathlib import Path

from bench.measure import BenchFailed

HITPARADE = (sys.executable, "-m", "hitparade")
CONFIG = "hitparade.toml"
DATASETS = ("streams", "songs", "users")


@dataclass(frozen=True, slots=True)
class Sample:
    """Sample data, described; the same description gives the same bytes."""

    listens: int
    days: int
    users: int
    tracks: int
    files: int
    start: date = date(2025, 1, 1)
    seed: int = 1

    @property
    def last_day(self) -> date:
        """Its last day."""
        return self.start + timedelta(days=self.days - 1)

    @property
    def folder(self) -> str:
        """A folder name that no other sample has."""
        return "-".join(str(value) for value in astuple(self))


def workspace(folder: Path) -> Path:
    """Make a workspace with the settings of `hitparade init`; its configuration."""
    hitparade("init", str(folder))
    return folder / CONFIG


def hitparade(*arguments: str) -> None:
    """Run a command that nobody measures."""
    done = subprocess.run([*HITPARADE, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFailed(f"hitparade {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def generated(data: Path, sample: Sample) -> Path:
    """The landing folders of a sample, generated below `data` unless they are there."""
    root = data / sample.folder
    if not (root / "done").exists():
        root.mkdir(parents=True, exist_ok=True)
        config = root / CONFIG if (root / CONFIG).exists() else workspace(root)
        counts = {name: getattr(sample, name) for name in ("listens", "days", "users", "tracks", "files", "seed")}
        options = [text for name, count in counts.items() for text in (f"--{name}", str(count))]
        hitparade("generate", "--config", str(config), "--start", sample.start.isoformat(), *options)
        (root / "done").touch()
    return root / "data"


def files(landing: Path, dataset: str) -> list[Path]:
    """The CSV files of a dataset, by name."""
    return sorted((landing / dataset).glob("*.csv"))


def deliver(paths: Iterable[Path], target: Path) -> None:
    """Put files into a landing folder, as hard links."""
    for path in paths:
        os.link(path, target / path.name)


def deliver_all(landing: Path, folder: Path, datasets: Sequence[str] = DATASETS) -> None:
    """Put a sample into the landing zone of a workspace."""
    for dataset in datasets:
        deliver(files(landing, dataset), folder / "data" / dataset)


def read_once(paths: Iterable[Path]) -> None:
    """Bring files into the page cache, so that no round has to wait for the disk."""
    for path in paths:
        with path.open("rb") as file:
            while file.read(1 << 20):
                pass
