"""Rows of the lake on their way to a warehouse: each once, in batches, without being held in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from hitparade.engines.duckdb.connection import Connected
from hitparade.model import Dataset, InEffect

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 100_000
# Of each dataset: its key, and what is sent of it, by relation.
CATALOGUE: Mapping[Dataset, tuple[str, Mapping[str, str]]] = {
    "songs": (
        "track_id",
        {
            "songs": "track_id, track_name, artists, album_name, popularity, duration_ms",
            "song_genres": "track_id, genre, position",
            "song_artists": "track_id, artist, position",
        },
    ),
    "users": ("user_id", {"users": "user_id, user_name, user_age, user_country, created_at"}),
}


class Rows(Connected):
    """See Engine."""

    def new_listens(
        self,
        listens: InEffect,
        *,
        wanted: Mapping[date, Collection[int]],
        held: Mapping[date, Collection[int]],
    ) -> Iterator[pa.RecordBatch]:
        """See Engine. A listen is new if none of its rows is of a load that is held for its day."""
        lane = self.lane()
        lane.run("CREATE OR REPLACE TEMP TABLE loads (listen_date DATE, load_id BIGINT, held BOOLEAN)")
        for loads, is_held in ((wanted, False), (held, True)):
            pairs = [(day, load_id) for day, load_ids in loads.items() for load_id in load_ids]
            lane.run(
                f"INSERT INTO loads SELECT unnest($days::DATE[]), unnest($ids::BIGINT[]), {is_held}",
                {"days": [day for day, _ in pairs], "ids": [load_id for _, load_id in pairs]},
            )
        columns = "r.user_id, r.track_id, r.listened_at, r.listen_date, r.listen_hour"
        yield from lane.batches(
            f"SELECT {columns} FROM {lane.scan('listens', listens.files['listens'])} AS r"
            f" JOIN loads USING (listen_date, load_id) GROUP BY {columns} HAVING NOT bool_or(loads.held)"
        )

    def newest_rows(
        self, dataset: Dataset, in_effect: InEffect, load_ids: Collection[int]
    ) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """See Engine."""
        self.open_catalogue(*((in_effect, None) if dataset == "songs" else (None, in_effect)))
        key, relations = CATALOGUE[dataset]
        lane = self.lane()
        lane.put_load_ids("sent", dict.fromkeys(load_ids, 0))
        for relation, columns in relations.items():
            chosen = f"SELECT {key} FROM {dataset} WHERE load_id IN (SELECT load_id FROM sent)"
            yield relation, lane.batches(f"SELECT {columns} FROM {relation} WHERE {key} IN ({chosen})")

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, as it finds them."""
        with self.explained():
            yield from self.connection.sql(sql).to_arrow_reader(BATCH_ROWS)
