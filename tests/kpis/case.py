"""A case is a folder of data: what the lake holds, and the rows that a KPI must then have.

`cases/<kpi>/<sentence>/` has a CSV for each relation that is not empty, `expected.csv`, and `settings.yaml`
where the settings are not the usual ones. An empty cell is NULL; a quotient is written as one: `205/3`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import yaml

from hitparade.model import Kpi

Value = str | int | float | date | datetime | None
Row = tuple[Value, ...]

CASES = Path(__file__).parent / "cases"
SETTINGS = {"genre_attribution": "all"}

TYPES: Mapping[str, Mapping[str, str]] = {
    "listens": {
        "listen_date": "date",
        "listen_hour": "int",
        "user_id": "long",
        "track_id": "string",
        "listened_at": "timestamp",
    },
    "songs": {
        "track_id": "string",
        "track_name": "string",
        "artists": "string",
        "album_name": "string",
        "popularity": "int",
        "duration_ms": "long",
    },
    "song_genres": {"track_id": "string", "genre": "string", "position": "int"},
    "song_artists": {"track_id": "string", "artist": "string", "position": "int"},
    "users": {
        "user_id": "long",
        "user_name": "string",
        "user_age": "int",
        "user_country": "string",
        "created_at": "timestamp",
    },
}
"""The lake's relations, as the design has them."""


def _quotient(text: str) -> float:
    above, _, below = text.partition("/")
    return int(above) / int(below or 1)


_READ: Mapping[str, Callable[[str], Value]] = {
    "string": str,
    "int": int,
    "long": int,
    "double": _quotient,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One folder."""

    kpi: str
    folder: Path

    @property
    def settings(self) -> Mapping[str, str]:
        file = self.folder / "settings.yaml"
        return {**SETTINGS, **yaml.safe_load(file.read_text())} if file.exists() else SETTINGS

    def base(self) -> Mapping[str, list[Row]]:
        """Rows for every relation of the lake."""
        return {name: self._rows(name, types) for name, types in TYPES.items()}

    def expected(self, kpi: Kpi) -> list[Row]:
        """The rows that `kpi` must have, sorted."""
        return in_order(_read(self.folder / "expected.csv", {column.name: column.type for column in kpi.columns}))

    def _rows(self, name: str, types: Mapping[str, str]) -> list[Row]:
        file = self.folder / f"{name}.csv"
        if not file.exists():
            return []
        if name != "listens":
            return _read(file, types)
        given = {key: types[key] for key in ("user_id", "track_id", "listened_at")}
        return [listen(*row) for row in _read(file, given)]


def listen(user_id: Value, track_id: Value, listened_at: Value) -> Row:
    """A row of `listens`, in UTC."""
    assert isinstance(listened_at, datetime)
    return listened_at.date(), listened_at.hour, user_id, track_id, listened_at


def in_order(rows: list[Row]) -> list[Row]:
    """Rows in an order of their own, NULLs and all."""
    return sorted(rows, key=repr)


def cases() -> list[Case]:
    return [Case(path.parent.parent.name, path.parent) for path in sorted(CASES.glob("*/*/expected.csv"))]


def _read(file: Path, types: Mapping[str, str]) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    assert header == list(types), f"{file}: columns are {', '.join(types)}"
    kinds = list(types.values())
    return [tuple(_READ[kind](cell) if cell else None for kind, cell in zip(kinds, row, strict=True)) for row in rows]
