"""A turn at writing: one transaction, in which nobody else writes.

It holds the lock of `hitparade_control`. What it finds there was written by turns before, and what the caller reads of
the ledger meanwhile is at least as new.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from hitparade.errors import Fenced
from hitparade.model import Dataset, Delivery, Kpi
from hitparade.sinks.base import as_served, heard
from hitparade.sinks.warehouse import kpis as sql
from hitparade.sinks.warehouse.database import Database
from hitparade.sinks.warehouse.tables import (
    CONTROL,
    DELIVERIES,
    LISTENS,
    PUBLICATIONS,
    RAW_SONGS,
    RAW_USERS,
    SONG,
    SONG_ARTISTS,
    SONG_GENRES,
    SONGS,
    USERS,
    Table,
    kpi_table,
)
from hitparade.sqltext import identifier, quoted

if TYPE_CHECKING:
    import pyarrow as pa

VALUES_PER_STATEMENT = 5000
# In the order of the lake.
AS_SENT = ("track_id", "track_name", "artists", "album_name", "popularity", "duration_ms")
# What comes of a catalogue, by the name of the relation in the lake.
STAGED: Mapping[str, Table] = {
    "songs": Table("staged_songs", {name: SONG[name] for name in AS_SENT}),
    "song_genres": Table("staged_song_genres", SONG_GENRES.columns),
    "song_artists": Table("staged_song_artists", SONG_ARTISTS.columns),
    "users": Table("staged_users", USERS.columns),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """See the module. `run` is the run on whose behalf it writes."""

    database: Database
    run: int

    # -- listens

    def held(self, days: Collection[date]) -> Mapping[date, frozenset[int]]:
        """The load_ids whose listens are here, for each of some days."""
        found: dict[date, set[int]] = {day: set() for day in days}
        query = f"SELECT listen_date, load_id FROM {DELIVERIES.name} WHERE listen_date IN ({listed(days)})"
        for day, load_id in self.database.rows(query):
            found[day].add(load_id)
        return {day: frozenset(load_ids) for day, load_ids in found.items()}

    def take_out(self, days: Collection[date]) -> None:
        """Remove the listens of days, and that their loads are here."""
        if days:
            self._fence({LISTENS.name: days})
            for table in (LISTENS, DELIVERIES):
                self.database.run(f"DELETE FROM {table.name} WHERE listen_date IN ({listed(days)})")
            self._published(LISTENS.name, days)

    def add_listens(self, batches: Iterable[pa.RecordBatch], loads: Mapping[date, Mapping[Delivery, int]]) -> int:
        """Append listens, and record the deliveries with their rows of each day that they come from."""
        days = set(loads)
        self._fence({LISTENS.name: days})
        rows = self.database.copy(LISTENS, batches)
        self._record("streams", [(each, day, count) for day, found in loads.items() for each, count in found.items()])
        self._published(LISTENS.name, days)
        return rows

    # -- the catalogue

    def merge(
        self,
        dataset: Dataset,
        rows: Iterable[tuple[str, Iterator[pa.RecordBatch]]],
        deliveries: Collection[Delivery],
    ) -> int:
        """Put rows of a catalogue, by relation, in the place of those with their keys; how many keys there were."""
        self._fence_part(dataset)
        staged: list[Table] = []
        counts = []
        for relation, batches in rows:
            table = STAGED[relation]
            self.database.run(f"CREATE TEMP TABLE {table.name} ({table.definition(self.database.dialect)})")
            counts.append(self.database.copy(table, batches))
            staged.append(table)
        for statement in MERGING[dataset]:
            self.database.run(statement)
        for table in staged:
            self.database.run(f"DROP TABLE {table.name}")
        for table in MERGED[dataset]:
            self.database.analyze(table.name)
        self._record(dataset, [(each, None, each.rows_loaded) for each in deliveries])
        return counts[0]

    # -- KPIs

    def put(self, kpi: Kpi, days: Collection[date], batches: Iterable[pa.RecordBatch]) -> Mapping[date, int]:
        """Put days of a KPI in the place of what is here of them; the rows of each.

        What has no listens any more is not kept, nor positions that are not served.
        """
        table = kpi_table(kpi)
        self._fence({table.name: days})
        self.database.run(f"DELETE FROM {identifier(table.name)} WHERE listen_date IN ({listed(days)})")
        self.database.copy(table, (as_served(kpi, heard(batch)) for batch in batches))
        return self._published(table.name, days)

    def compute(self, wanted: Sequence[tuple[Kpi, Collection[date]]]) -> Mapping[tuple[str, date], int]:
        """Compute days of KPIs from the rows that are here; the rows of each KPI's day."""
        self._fence({kpi_table(kpi).name: days for kpi, days in wanted})
        days = {day for _, some in wanted for day in some}
        kpis = [kpi for kpi, _ in wanted]
        relations = list({each.name: each for kpi in kpis for each in kpi.relations}.values())
        made = []
        for name, query in sql.of_batch(relations, kpis, listed(days), self.database.dialect):
            self.database.run(f"CREATE TEMP TABLE {identifier(name)} AS {query}")
            self.database.analyze(name)
            made.append(name)
        counts: dict[tuple[str, date], int] = {}
        for kpi, own in wanted:
            for statement in replacing(kpi, listed(own)):
                self.database.run(statement)
            counts.update({(kpi.name, day): rows for day, rows in self._published(kpi_table(kpi).name, own).items()})
        for name in made:
            self.database.run(f"DROP TABLE {identifier(name)}")
        return counts

    def _published(self, table: str, days: Collection[date]) -> Mapping[date, int]:
        """Record days of a table as written by this run; the rows of each."""
        counted = self.database.rows(
            f"SELECT listen_date, COUNT(*) FROM {identifier(table)} WHERE listen_date IN ({listed(days)})"
            " GROUP BY listen_date"
        )
        counts = dict.fromkeys(days, 0) | dict(counted)
        self.database.run(
            f"DELETE FROM {PUBLICATIONS.name} WHERE part = %s AND listen_date IN ({listed(days)})", [table]
        )
        now = utc_now()
        self._insert(PUBLICATIONS, [(table, day, self.run, rows, now) for day, rows in counts.items()])
        return counts

    # -- who wrote what

    def _fence(self, parts: Mapping[str, Collection[date]]) -> None:
        """Fenced where a later run has written one of these days of a part."""
        for part, days in parts.items():
            query = f"SELECT MAX(run) FROM {PUBLICATIONS.name} WHERE part = %s AND listen_date IN ({listed(days)})"
            [(later,)] = self.database.rows(query, [part])
            self._refuse(part, later)

    def _fence_part(self, part: str) -> None:
        found = self.database.rows(f"SELECT run FROM {CONTROL.name} WHERE part = %s", [part])
        for (later,) in found:
            self._refuse(part, later)
        self.database.run(f"DELETE FROM {CONTROL.name} WHERE part = %s", [part])
        self.database.run(f"INSERT INTO {CONTROL.name} (part, run) VALUES (%s, %s)", [part, self.run])

    def _refuse(self, part: str, later: int | None) -> None:
        if later is not None and later > self.run:
            raise Fenced(
                f"{part} was written by run {later}, which is later than {self.run}",
                hint="run again; for a lake that was made anew give the warehouse another schema",
            )

    def _record(self, dataset: Dataset, loads: Sequence[tuple[Delivery, date | None, int]]) -> None:
        now = utc_now()
        self._insert(
            DELIVERIES,
            [(dataset, each.load_id, day, each.uri, rows, self.run, now) for each, day, rows in loads],
        )

    def _insert(self, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert a few rows by value."""
        width = len(table.columns)
        some = VALUES_PER_STATEMENT // width
        columns = ", ".join(map(identifier, table.columns))
        one = f"({', '.join(['%s'] * width)})"
        for start in range(0, len(rows), some):
            piece = rows[start : start + some]
            self.database.run(
                f"INSERT INTO {table.name} ({columns}) VALUES {', '.join([one] * len(piece))}",
                [value for row in piece for value in row],
            )


def listed(days: Iterable[date]) -> str:
    """Days as a list in SQL."""
    return ", ".join(f"DATE {quoted(day.isoformat())}" for day in sorted(days))


def utc_now() -> datetime:
    """Now, as a timestamp without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def replacing(kpi: Kpi, days: str) -> Iterator[str]:
    """The statements that put computed days of a KPI in the place of those there; of charts what is served."""
    table, columns = kpi_table(kpi).name, ", ".join(map(identifier, kpi.column_names))
    yield f"DELETE FROM {identifier(table)} WHERE listen_date IN ({days})"
    served = "" if kpi.served is None else f" AND {identifier('position')} <= {kpi.served}"
    yield (
        f"INSERT INTO {identifier(table)} ({columns}) SELECT {columns} FROM {identifier(sql.temporary(kpi.name))}"
        f" WHERE listen_date IN ({days}){served}"
    )


def merging(target: Table, source: str) -> str:
    """The statement that merges a staged table of the same columns by its key."""
    key = target.unique[0]
    given = {name: f"{source}.{name}" for name in target.columns}
    changes = ", ".join(f"{name} = {value}" for name, value in given.items() if name != key)
    return (
        f"MERGE INTO {target.name} USING {source} ON {target.name}.{key} = {source}.{key}"
        f" WHEN MATCHED THEN UPDATE SET {changes}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(given)}) VALUES ({', '.join(given.values())})"
    )


def of_tracks(target: Table, query: str) -> Iterator[str]:
    """The statements that replace everything about the staged tracks in a table of several rows a track."""
    source = STAGED["songs"].name
    yield f"DELETE FROM {target.name} USING {source} WHERE {target.name}.track_id = {source}.track_id"
    yield f"INSERT INTO {target.name} ({', '.join(target.columns)}) {query}"


MERGED: Mapping[Dataset, Sequence[Table]] = {
    "users": (RAW_USERS, USERS),
    "songs": (SONGS, SONG_GENRES, SONG_ARTISTS, RAW_SONGS),
}
"""The tables that a catalogue is merged into."""
MERGING: Mapping[Dataset, Sequence[str]] = {
    "users": (
        merging(RAW_USERS, STAGED["users"].name),
        merging(USERS, STAGED["users"].name),
    ),
    "songs": (
        *of_tracks(SONG_GENRES, "SELECT track_id, genre, position FROM staged_song_genres"),
        *of_tracks(SONG_ARTISTS, "SELECT track_id, artist, position FROM staged_song_artists"),
        *of_tracks(
            RAW_SONGS,
            "SELECT s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms, g.genre"
            " FROM staged_songs AS s LEFT JOIN staged_song_genres AS g ON g.track_id = s.track_id",
        ),
        "CREATE TEMP TABLE staged_tracks AS"
        " SELECT s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms,"
        " CAST(s.duration_ms AS DOUBLE PRECISION) / 1000 AS duration_sec, g.genre AS track_genre"
        " FROM staged_songs AS s LEFT JOIN staged_song_genres AS g ON g.track_id = s.track_id AND g.position = 1",
        merging(SONGS, "staged_tracks"),
        "DROP TABLE staged_tracks",
    ),
}
"""What is done with the staged rows of a catalogue."""
