"""What a sample must become, known from how it was made: the measure that the product is held to.

Nothing here reads a file back. Counts follow the built-in contract and a reporting time zone of UTC.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from hitparade.model import Dataset
from hitparade.sample.listens import Listen
from hitparade.sample.places import appearing
from hitparade.sample.spec import SampleSpec

RowRule = Literal["csv", "encoding", "required", "type", "min", "max"]
FileRule = Literal["header", "empty_file", "extension", "compression", "max_rejected_ratio"]
Outcome = Literal["loaded", "duplicate", "quarantined"]


@dataclass(frozen=True, slots=True)
class FileTruth:
    """What becomes of one file.

    `rows_read`, `rows_rejected` and `rejects` (rows by rule) are None where the file is settled before its
    rows count: a duplicate, or a `reason` that refuses the file as a whole. Every bad row breaks exactly one
    rule. Of a quarantined file all rows are rejected; `rejects` then has those that are bad by themselves.
    """

    dataset: Dataset
    name: str
    outcome: Outcome
    reason: FileRule | None
    rows_read: int | None
    rows_loaded: int
    rows_rejected: int | None
    rejects: Mapping[RowRule, int] | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What is in effect: distinct listens, in all and by day, and how many loaded rows repeat one of them."""

    listens: int
    repeats: int
    listens_by_date: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Bulk:
    """The clean stream files: their rows, and the distinct listens of each day."""

    rows: int
    listens: Mapping[date, int]


@dataclass(frozen=True, slots=True)
class SongChange:
    """What a redelivered catalogue now says of a track."""

    track_id: str
    duration_ms: int
    genres: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Redelivery:
    """The second step: files to deliver once the first are loaded, and what is in effect after them."""

    files: Sequence[FileTruth]
    totals: Totals
    songs: Sequence[SongChange]


def loaded(dataset: Dataset, name: str, rows: int) -> FileTruth:
    """The truth of a file without a fault."""
    return FileTruth(dataset, name, "loaded", None, rows, rows, 0, {})


def totals(bulk: Bulk, *, added: Sequence[Listen], bulk_sample: Collection[Listen]) -> Totals:
    """What is in effect after the bulk and the rows `added` to it; those in `bulk_sample` repeat the bulk."""
    fresh = set(added) - set(bulk_sample)
    listens = sum(bulk.listens.values()) + len(fresh)
    by_date = Counter(dict(bulk.listens)) + Counter(listen.listened_at.date() for listen in fresh)
    return Totals(
        listens=listens,
        repeats=bulk.rows + len(added) - listens,
        listens_by_date={day.isoformat(): by_date[day] for day in sorted(by_date)},
    )


def write(
    path: Path,
    spec: SampleSpec,
    *,
    files: Sequence[FileTruth],
    in_effect: Totals,
    redelivery: Redelivery | None,
) -> None:
    """Writes the truth as JSON: `spec`, `files` in the order of writing, `totals`, `redelivery`."""
    truth: dict[str, Any] = {
        "spec": asdict(spec) | {"start": spec.start.isoformat()},
        "files": [asdict(entry) for entry in files],
        "totals": asdict(in_effect),
        "redelivery": asdict(redelivery) if redelivery else None,
    }
    with appearing(path) as part:
        part.write_text(json.dumps(truth, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
