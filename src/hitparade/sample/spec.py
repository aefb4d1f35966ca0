"""What to generate, and what was generated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hitparade.errors import ConfigError

EARLIEST = date(1970, 1, 1)
LATEST = date(2200, 1, 1)


@dataclass(frozen=True, slots=True)
class SampleSpec:
    """A sample, described: the same spec makes the same bytes.

    `listens` rows are spread over `days` days from `start` (UTC) and `files` stream files; `users` and
    `tracks` are how many the catalogue has. `hostile` adds small files that hold every defect a contract
    knows.
    """

    listens: int
    days: int
    users: int
    tracks: int
    files: int
    seed: int
    start: date
    hostile: bool

    def __post_init__(self) -> None:
        lowest = {"listens": 0, "days": 1, "users": 1, "tracks": 1, "files": 1, "seed": 0}
        wrong = [name for name, least in lowest.items() if getattr(self, name) < least]
        if wrong:
            needs = ", ".join(f"{name} at least {lowest[name]}" for name in wrong)
            raise ConfigError(f"this sample cannot be made: it needs {needs}", hint="give a larger number")
        if not (EARLIEST <= self.start <= LATEST and self.days <= (LATEST - self.start).days):
            span = f"its {self.days} days from {self.start} leave {EARLIEST} to {LATEST}"
            raise ConfigError(f"this sample cannot be made: {span}", hint="choose another start or fewer days")


@dataclass(frozen=True, slots=True)
class SampleResult:
    """What `generate` wrote.

    `files` are those in the landing folders in the order in which they were written, `redeliveries` those to
    be delivered in a second step (hostile samples only), `rows` counts the rows of listens in the clean
    files.
    """

    files: tuple[Path, ...]
    redeliveries: tuple[Path, ...]
    truth: Path
    rows: int
