"""What every part of the Spark engine stands on: the session, what tasks may take, and the lake's rows as views."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hitparade.engines.base import Item, Result, Stage
from hitparade.engines.duckdb import DuckDBEngine, open_engine
from hitparade.engines.spark.session import (
    Cluster,
    failures_explained,
    give_meaning,
    memory_bytes,
    open_session,
)
from hitparade.engines.spark.spread import slots_of, slots_of_executor, spread
from hitparade.engines.spark.tasks import Catalogue, Means
from hitparade.model import Dataset, InEffect, Kpi
from hitparade.sqltext import quoted
from hitparade.storage import Storage

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MAX_LANES = 64
LEAST_SHARE = 256 << 20
# A path is a path: Spark takes [ and * in one for a pattern otherwise.
AS_IT_STANDS = ("__globPaths__", "false")

COLUMNS: Mapping[str, str] = {
    "listens": "user_id BIGINT, track_id STRING, listened_at TIMESTAMP_NTZ, listen_date DATE, listen_hour INT,"
    " load_id BIGINT",
    "songs": "track_id STRING, track_name STRING, artists STRING, album_name STRING, popularity INT,"
    " duration_ms BIGINT, load_id BIGINT",
    "song_genres": "track_id STRING, genre STRING, position INT, load_id BIGINT",
    "song_artists": "track_id STRING, artist STRING, position INT, load_id BIGINT",
    "users": "user_id BIGINT, user_name STRING, user_age INT, user_country STRING, created_at TIMESTAMP_NTZ,"
    " load_id BIGINT",
}
SONG_TABLES = (("song_genres", "genre"), ("song_artists", "artist"))


class Connected:
    """The engine's means. Spark is started when something needs it: stored KPIs are read without."""

    def __init__(
        self,
        *,
        cluster: Cluster,
        day_rows: int,
        scratch: Path,
        zone: str,
        storage: Storage,
        translate: Callable[[str], str],
    ) -> None:
        self.cluster = cluster
        self.day_rows = day_rows
        self.scratch = scratch
        self.zone = zone
        self.storage = storage
        self.translate = translate
        self.catalogue = Catalogue(None, None)
        self.touching: str | None = None
        self.leftovers: list[str] = []
        self.started_here = False
        # SQL takes the whole cluster, so it has one session, and those who want it take turns.
        self.sql_turn = threading.RLock()
        self.laid: Catalogue | None = None
        self.lasting: list[DataFrame] = []
        self.put: dict[str, tuple[Kpi, tuple[str, ...]]] = {}

    @cached_property
    def session(self) -> SparkSession:
        """Spark, started when first asked for."""
        session, self.started_here = open_session(self.cluster)
        return session

    @cached_property
    def sql_session(self) -> SparkSession:
        """The session whose views SQL reads."""
        return self.own_session()

    def own_session(self) -> SparkSession:
        """A session with views of its own, in which SQL means what it should."""
        session = self.session.newSession()
        give_meaning(session)
        return session

    @cached_property
    def local(self) -> DuckDBEngine:
        """The embedded engine, for what is small: stored KPIs, and answers."""
        return open_engine(
            memory=self.cluster.memory, threads=0, scratch=self.scratch, zone=self.zone, storage=self.storage
        )

    @property
    def slots(self) -> int:
        """How many tasks run at a time."""
        return slots_of(self.session)

    @property
    def lanes(self) -> int:
        """As many batches as tasks: each is one."""
        return min(self.slots, MAX_LANES)

    def lane(self) -> Self:
        """Itself: a batch of days is a task of its own. Spark is started by whoever asks, and gets their Ctrl-C."""
        _ = self.session
        return self

    @property
    def means(self) -> Means:
        """What a task may take: its share of what an executor has beside its heap."""
        share = memory_bytes(self.cluster.memory) // slots_of_executor(self.session)
        return Means(memory=f"{max(share, LEAST_SHARE) >> 20}MiB", zone=self.zone, storage=self.storage)

    def each(self, work: Callable[[Item, Path], Result], items: Sequence[Item]) -> list[Result]:
        """See Engine."""
        return spread(self.session, work, items)

    # -- exports

    def export_catalogue(
        self, targets: Mapping[tuple[Stage, Dataset], Path], *, songs: InEffect | None, users: InEffect | None
    ) -> Mapping[tuple[Stage, Dataset], int]:
        """See Engine. It ends on this disk, so it is made here."""
        return self.local.export_catalogue(targets, songs=songs, users=users)

    def export_listens(
        self, files: Sequence[str], targets: Mapping[int, Mapping[Stage, Path]]
    ) -> Mapping[int, Mapping[Stage, int]]:
        """See Engine."""
        return self.local.export_listens(files, targets)

    # -- views

    def view(self, session: SparkSession, name: str, columns: str, urls: Sequence[str]) -> None:
        """Parquet files as a view of just these columns; what their folders are called says nothing."""
        if urls:
            reader = session.read.schema(columns).option("recursiveFileLookup", "true").option(*AS_IT_STANDS)
            frame = reader.parquet(*urls)
        else:
            frame = session.createDataFrame([], columns)
        frame.createOrReplaceTempView(name)

    def put_load_ids(self, session: SparkSession, name: str, load_ids: Mapping[int, int]) -> None:
        """A view of (load_id, seq)."""
        frame = session.createDataFrame(list(load_ids.items()), "load_id BIGINT, seq BIGINT")
        frame.createOrReplaceTempView(name)

    def open_listens(self, session: SparkSession, listens: InEffect, days: Iterable[object] | None = None) -> None:
        """Make `listens`: the rows that count, of some days only when days are given."""
        self.view(session, "listens_rows", COLUMNS["listens"], listens.files.get("listens", ()))
        self.put_load_ids(session, "listens_in_effect", listens.load_ids)
        condition = "load_id IN (SELECT load_id FROM listens_in_effect)"
        if days is not None:
            condition += f" AND listen_date IN ({', '.join(f'DATE {quoted(str(day))}' for day in days)})"
        self.sql(
            session,
            "CREATE OR REPLACE TEMPORARY VIEW listens AS"
            f" SELECT listen_date, listen_hour, user_id, track_id, listened_at FROM listens_rows WHERE {condition}",
        )

    def open_catalogue(self, songs: InEffect | None, users: InEffect | None) -> None:
        """See Engine. Tasks and SQL make it when they need it."""
        self.catalogue = Catalogue(songs, users)

    def open_relations(self, kpis: Sequence[Kpi]) -> None:
        """See Engine."""
        self.catalogue = Catalogue(self.catalogue.songs, self.catalogue.users, tuple(kpis))

    def lay_catalogue(self) -> None:
        """Make the catalogue's views in the SQL session, unless they are there."""
        if self.laid == self.catalogue:
            return
        self.forget()
        session = self.sql_session
        if self.catalogue.songs is not None:
            self._newest("songs", "track_id", self.catalogue.songs)
            for table, column in SONG_TABLES:
                self.view(session, f"{table}_rows", COLUMNS[table], self.catalogue.songs.files[table])
                self.keep(
                    table,
                    f"SELECT r.track_id, r.{column}, r.position FROM {table}_rows AS r"
                    " JOIN songs USING (track_id, load_id)",
                )
        if self.catalogue.users is not None:
            self._newest("users", "user_id", self.catalogue.users)
        self.laid = self.catalogue

    def _newest(self, table: str, key: str, rows: InEffect) -> None:
        """Of each key the row of the highest seq."""
        session = self.sql_session
        self.view(session, f"{table}_rows", COLUMNS[table], rows.files[table])
        self.put_load_ids(session, f"{table}_in_effect", rows.load_ids)
        columns = ", ".join(column.split(" ")[0] for column in COLUMNS[table].split(", "))
        self.keep(
            table,
            f"SELECT {columns} FROM (SELECT r.*, row_number() OVER (PARTITION BY r.{key} ORDER BY e.seq DESC) AS newest"
            f" FROM {table}_rows AS r JOIN {table}_in_effect AS e USING (load_id)) WHERE newest = 1",
        )

    def keep(self, name: str, sql: str) -> None:
        """A relation that is read often, in memory as far as it fits and on the executors' disks beyond."""
        frame = self.sql(self.sql_session, sql).persist()
        self.lasting.append(frame)
        frame.createOrReplaceTempView(name)

    def forget(self) -> None:
        """Let go of the catalogue in the executors."""
        for frame in self.lasting:
            frame.unpersist()
        self.lasting = []
        self.laid = None

    def sql(self, session: SparkSession, text: str) -> DataFrame:
        """A statement, or a query that runs when its rows are asked for."""
        with failures_explained():
            return session.sql(text)

    def rows_of(self, session: SparkSession, text: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with failures_explained():
            return [tuple(row) for row in session.sql(text).collect()]

    def close(self) -> None:
        """Let go of the embedded engine, and of Spark if it was started here."""
        self.storage.remove(self.leftovers)
        if "local" in self.__dict__:
            self.local.close()
        if "session" in self.__dict__:
            from py4j.protocol import Py4JError

            try:
                self.forget()
                if self.started_here:
                    self.session.stop()
            except (Py4JError, ConnectionError, AttributeError):
                return  # it is gone already
