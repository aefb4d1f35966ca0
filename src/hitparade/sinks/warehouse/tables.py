"""The warehouse's tables as data, and the statements that make them on PostgreSQL and on Redshift.

Where tables need to change once people have them, a migration is added at the end of MIGRATIONS; none is ever edited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hitparade.model import Kpi
from hitparade.sqltext import identifier

Dialect = Literal["postgres", "redshift"]
Kind = Literal["string", "int", "long", "double", "date", "timestamp"]

# Text is compared byte by byte everywhere: else ties would be broken by the database's language.
TYPES: Final[Mapping[Dialect, Mapping[Kind, str]]] = {
    "postgres": {
        "string": 'TEXT COLLATE "C"',
        "int": "INTEGER",
        "long": "BIGINT",
        "double": "DOUBLE PRECISION",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    },
    "redshift": {
        "string": "VARCHAR(65535)",
        "int": "INTEGER",
        "long": "BIGINT",
        "double": "DOUBLE PRECISION",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
    },
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, and how its rows are found.

    `unique` is its key. Redshift: rows are spread by the column `spread`, or ALL or AUTO, and sorted by `sort`.
    PostgreSQL: the key is an index; else there is one on `sort`, which is a range of blocks where `appended`. Texts of
    files may be too long for a tree, and are found by their hash, which cannot be unique.
    """

    name: str
    columns: Mapping[str, Kind]
    unique: tuple[str, ...] = ()
    spread: str = "ALL"
    sort: str | None = None
    appended: bool = False

    def definition(self, dialect: Dialect) -> str:
        """Its columns as SQL."""
        return ", ".join(f"{identifier(name)} {TYPES[dialect][kind]}" for name, kind in self.columns.items())

    def creation(self, dialect: Dialect) -> Iterator[str]:
        """The statements that make it where it is not there."""
        body = f"CREATE TABLE IF NOT EXISTS {identifier(self.name)} ({self.definition(dialect)})"
        if dialect == "redshift":
            by_key = f"KEY DISTKEY ({identifier(self.spread)})"
            spread = f"DISTSTYLE {by_key if self.spread in self.columns else self.spread}"
            yield f"{body} {spread}" + (f" SORTKEY ({identifier(self.sort)})" if self.sort else "")
            return
        yield body
        by_text = self.sort is not None and self.columns[self.sort] == "string"
        if self.unique and not by_text:
            keys = ", ".join(map(identifier, self.unique))
            yield f"CREATE UNIQUE INDEX IF NOT EXISTS {self.name}_key ON {identifier(self.name)} ({keys})"
        elif self.sort:
            # What was not summarized yet is read by every query; else that waits for the next VACUUM.
            kept = "pages_per_range = 32, autosummarize = on"
            how = f"BRIN ({identifier(self.sort)}) WITH ({kept})" if self.appended else ""
            how = how or f"{'HASH' if by_text else 'BTREE'} ({identifier(self.sort)})"
            yield f"CREATE INDEX IF NOT EXISTS {self.name}_by_{self.sort} ON {identifier(self.name)} USING {how}"


def kpi_table(kpi: Kpi) -> Table:
    """The table of a stored KPI."""
    columns: dict[str, Kind] = {column.name: column.type for column in kpi.columns}
    return Table(kpi_name(kpi), columns, spread="AUTO", sort="listen_date")


def kpi_name(kpi: Kpi) -> str:
    """A KPI's name in the warehouse, as in the lake."""
    return f"kpi_{kpi.name}"


LISTENS = Table(
    "transformed_streams",
    {"user_id": "long", "track_id": "string", "listen_time": "timestamp", "listen_date": "date", "hour": "int"},
    spread="user_id",
    sort="listen_date",
    appended=True,
)
RAW_USERS = Table(
    "raw_users",
    {
        "user_id": "long",
        "user_name": "string",
        "user_age": "int",
        "user_country": "string",
        "created_at": "timestamp",
    },
    unique=("user_id",),
    spread="user_id",
    sort="user_id",
)
USERS = Table("transformed_users", RAW_USERS.columns, unique=("user_id",), spread="user_id", sort="user_id")
SONG: Final[Mapping[str, Kind]] = {
    "track_id": "string",
    "artists": "string",
    "album_name": "string",
    "track_name": "string",
    "popularity": "int",
    "duration_ms": "long",
}
RAW_SONGS = Table("raw_songs", {**SONG, "track_genre": "string"}, sort="track_id")
SONGS = Table(
    "transformed_songs",
    {**SONG, "duration_sec": "double", "track_genre": "string"},
    unique=("track_id",),
    sort="track_id",
)
SONG_GENRES = Table("song_genres", {"track_id": "string", "genre": "string", "position": "int"}, sort="track_id")
SONG_ARTISTS = Table("song_artists", {"track_id": "string", "artist": "string", "position": "int"}, sort="track_id")

CONTROL = Table("hitparade_control", {"part": "string", "run": "long", "definition": "string"}, unique=("part",))
"""What is not by day: the last run that wrote a part, and how it is defined. Whoever writes anything holds its lock."""
DELIVERIES = Table(
    "hitparade_deliveries",
    {
        "dataset": "string",
        "load_id": "long",
        "listen_date": "date",
        "uri": "string",
        "rows": "long",
        "run": "long",
        "loaded_at": "timestamp",
    },
    sort="listen_date",
)
"""The deliveries whose rows are here, listens for each of their days; of a catalogue without a day."""
PUBLICATIONS = Table(
    "hitparade_publications",
    {"part": "string", "listen_date": "date", "run": "long", "rows": "long", "published_at": "timestamp"},
    unique=("part", "listen_date"),
    sort="listen_date",
)
"""The run that last wrote a day of a KPI, or of `transformed_streams`."""
VERSION = Table("hitparade_schema", {"version": "int", "applied_at": "timestamp"}, unique=("version",))
"""The migrations that were applied."""

MIGRATIONS: Final[tuple[tuple[Table | str, ...], ...]] = (
    (
        *(CONTROL, DELIVERIES, PUBLICATIONS),
        *(RAW_USERS, RAW_SONGS, USERS, SONGS, SONG_GENRES, SONG_ARTISTS, LISTENS),
    ),
)
"""Migration 1, 2, ...: tables to make and statements to run, in order, all in one transaction."""


def statements(migration: tuple[Table | str, ...], dialect: Dialect) -> Iterator[str]:
    """A migration's statements."""
    for part in migration:
        if isinstance(part, Table):
            yield from part.creation(dialect)
        else:
            yield part
