"""One DuckDB connection, set up as the engine needs it, and its errors explained."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hitparade.engines.base import Item, Result
from hitparade.engines.duckdb.remote import RemoteReads
from hitparade.errors import ConfigError, DiskFull, StorageError, tells_of_full_disk
from hitparade.model import InEffect
from hitparade.sqltext import identifier, path_literal, quoted
from hitparade.storage import Storage, is_remote

if TYPE_CHECKING:
    import pyarrow as pa

# Local times, by offsets a day before and a day after: exact for every shift of the clocks. Of an ambiguous time
# the earlier instant; NULL for a time that the clocks skip.
MACROS = """
CREATE MACRO to_local(zone, t) AS timezone(zone, timezone('UTC', t));
CREATE MACRO shift_at(zone, t) AS to_local(zone, t) - t;
CREATE MACRO utc_if_real(zone, t, utc) AS CASE WHEN to_local(zone, utc) = t THEN utc END;
CREATE MACRO to_utc(zone, t) AS least(
    utc_if_real(zone, t, t - shift_at(zone, t - INTERVAL 1 DAY)),
    utc_if_real(zone, t, t - shift_at(zone, t + INTERVAL 1 DAY))
);
"""


class Connected:
    """What every part of the engine stands on."""

    def __init__(self, *, memory: str, threads: int, scratch: Path, zone: str, storage: Storage) -> None:
        import duckdb

        self.zone = zone
        self.storage = storage
        self.of_catalogue: set[str] = set()
        self.scratch = scratch
        self.duckdb = duckdb
        options: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": str(scratch / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if threads:
            options["threads"] = threads
        try:
            self.connection = duckdb.connect(config=options)
        except duckdb.Error as error:
            raise ConfigError(f"engine: {error}", hint='such as memory = "1GB", threads = 2') from error
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET preserve_insertion_order = false")
        self.connection.execute("SET enable_progress_bar = false")
        self.connection.execute(MACROS)
        self.remote = RemoteReads(storage)

    def read_parquet(self, files: Sequence[str], *, union_by_name: bool = False) -> str:
        """Files as a relation; see read_parquet."""
        if any(map(is_remote, files)):
            self.remote.begin(self.connection)
        return read_parquet(files, union_by_name=union_by_name)

    def scan(self, table: str, files: Sequence[str]) -> str:
        """Planned Parquet files as a relation; without files an empty one of the table's columns."""
        if files:
            return self.read_parquet(files)
        columns = [column.strip().split(" ") for column in EMPTY[table].split(",")]
        nulls = ", ".join(f"NULL::{kind} AS {identifier(name)}" for name, kind in columns)
        return f"(SELECT {nulls} WHERE false)"

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what is nobody's mistake here, a full disk or too little memory, into errors that say so."""
        try:
            yield
        except self.duckdb.OutOfMemoryException as error:
            raise StorageError(
                f"the engine ran out of memory: {first_line(error)}",
                hint="raise [engine] memory, then run again",
            ) from error
        except RuntimeError as error:
            if "Query interrupted" not in str(error):
                raise
            raise KeyboardInterrupt from error  # that is what it was
        except self.duckdb.IOException as error:
            if tells_of_full_disk(str(error)):
                raise DiskFull from error
            raise StorageError(
                f"the engine could not read or write: {first_line(error)}",
                hint="see that the disk has room and the files may be read, then run again",
            ) from error
        except self.duckdb.Error:
            self.remote.tell()
            raise

    @property
    def lanes(self) -> int:
        """Two at a time: one alone leaves cores idle between its many small queries."""
        return 2

    def each(self, work: Callable[[Item, Path], Result], items: Sequence[Item]) -> list[Result]:
        """See Engine. Here, one after the other."""
        return [work(item, self.scratch) for item in items]

    def run(self, sql: str, values: Sequence[object] | Mapping[str, object] | None = None) -> None:
        """Run a statement."""
        with self.explained():
            self.connection.execute(sql, values)

    def rows(self, sql: str, values: Sequence[object] | Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.explained():
            return self.connection.execute(sql, values).fetchall()

    def arrow(self, sql: str, values: Sequence[object] = ()) -> pa.Table:
        """The rows of a query as Arrow."""
        with self.explained():
            return self.connection.sql(sql, params=list(values)).to_arrow_table()

    def lane(self) -> Self:
        """The same engine on a connection of its own, for work at the same time.

        Lanes share the memory, the threads and the catalogue's tables; temporary tables are each lane's own.
        """
        lane = copy.copy(self)
        lane.connection = self.connection.cursor()
        return lane

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """Rows keep the order in which they are read."""
        self.run("SET preserve_insertion_order = true")
        try:
            yield
        finally:
            self.run("SET preserve_insertion_order = false")

    def put_load_ids(self, table: str, load_ids: Mapping[int, int]) -> None:
        """A table of (load_id, seq)."""
        self.run(f"CREATE OR REPLACE TEMP TABLE {table} (load_id BIGINT, seq BIGINT)")
        if load_ids:
            self.run(
                f"INSERT INTO {table} SELECT unnest($ids::BIGINT[]), unnest($seqs::BIGINT[])",
                {"ids": list(load_ids), "seqs": list(load_ids.values())},
            )

    def open_catalogue(self, songs: InEffect | None, users: InEffect | None) -> None:
        """Make the catalogue in effect: songs, song_genres, song_artists, users, each row of its newest delivery.

        These are tables that every lane sees; what belongs to a batch of days is temporary and its lane's own.
        """
        self.of_catalogue.clear()
        if songs is not None:
            self.put_load_ids("songs_in_effect", songs.load_ids)
            self._newest("songs", "track_id", songs)
            for table, column in (("song_genres", "genre"), ("song_artists", "artist")):
                self.run(
                    f"CREATE OR REPLACE TABLE {table} AS SELECT r.track_id, r.{column}, r.position"
                    f" FROM {self.scan(table, songs.files[table])} AS r JOIN songs USING (track_id, load_id)"
                )
        if users is not None:
            self.put_load_ids("users_in_effect", users.load_ids)
            self._newest("users", "user_id", users)

    def _newest(self, table: str, key: str, rows: InEffect) -> None:
        """Of each key the row of the highest seq; with one delivery in effect there is no other."""
        one_of_many = f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY seq DESC) = 1"
        self.run(
            f"CREATE OR REPLACE TABLE {table} AS SELECT r.* FROM {self.scan(table, rows.files[table])} AS r"
            f" JOIN {table}_in_effect USING (load_id){one_of_many if len(rows.load_ids) > 1 else ''}"
        )

    def open_listens(self, listens: InEffect, days: Iterable[object] | None = None) -> None:
        """Make `listens` and `rows_in_effect`: the rows that count, of some days only when days are given."""
        self.put_load_ids("listens_in_effect", listens.load_ids)
        condition = "load_id IN (SELECT load_id FROM listens_in_effect)"
        if days is not None:
            condition += f" AND listen_date IN ({', '.join(f'DATE {quoted(str(day))}' for day in days)})"
        self.run(
            "CREATE OR REPLACE TEMP VIEW listens AS"
            " SELECT listen_date, listen_hour, user_id, track_id, listened_at"
            f" FROM {self.scan('listens', listens.files['listens'])} WHERE {condition}"
        )

    def close(self) -> None:
        """Let go of the connection."""
        self.remote.end(self.connection)
        self.connection.close()


NO_DICTIONARY = ", DICTIONARY_SIZE_LIMIT 1"

EMPTY: Mapping[str, str] = {
    "listens": "user_id BIGINT, track_id VARCHAR, listened_at TIMESTAMP, listen_date DATE, listen_hour INTEGER,"
    " load_id BIGINT",
    "songs": "track_id VARCHAR, track_name VARCHAR, artists VARCHAR, album_name VARCHAR, popularity INTEGER,"
    " duration_ms BIGINT, load_id BIGINT",
    "song_genres": "track_id VARCHAR, genre VARCHAR, position INTEGER, load_id BIGINT",
    "song_artists": "track_id VARCHAR, artist VARCHAR, position INTEGER, load_id BIGINT",
    "users": "user_id BIGINT, user_name VARCHAR, user_age INTEGER, user_country VARCHAR, created_at TIMESTAMP,"
    " load_id BIGINT",
}


def read_parquet(files: Sequence[str], *, union_by_name: bool = False) -> str:
    """Files as a relation, of the columns that are in them: what their folders are called says nothing."""
    listed = ", ".join(map(path_literal, files))
    return f"read_parquet([{listed}], hive_partitioning = false{', union_by_name = true' if union_by_name else ''})"


def copy_to(sql: str, target: Path, *, by_day: bool, repetitive: bool = True) -> str:
    """A statement that writes a query as zstd Parquet: a file, or a folder with one for each day.

    Where few texts stand twice in a row group, dictionaries cost time and save nothing.
    """
    partition = ", PARTITION_BY (listen_date), WRITE_PARTITION_COLUMNS true" if by_day else ""
    options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1{partition}{'' if repetitive else NO_DICTIONARY}"
    return f"COPY ({sql}) TO {quoted(str(target))} ({options})"


def parquet_below(folder: Path) -> tuple[str, ...]:
    """Every Parquet file below a folder."""
    return tuple(sorted(str(path) for path in folder.rglob("*.parquet")))


def first_line(error: Exception) -> str:
    """What an error says first."""
    return str(error).strip().split("\n", 1)[0]
