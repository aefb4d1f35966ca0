"""The lake's rows as plain Parquet for others: the catalogue in effect, and the listens of each delivery.

Files are compressed by snappy, which every reader of Parquet knows, and sorted, so that the same rows are the same
file whenever and by however many threads they are written.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from hitparade.engines.base import Stage
from hitparade.engines.duckdb.connection import Connected, parquet_below
from hitparade.model import Dataset, InEffect
from hitparade.sqltext import quoted

USERS = "SELECT user_id, user_name, user_age, user_country, created_at FROM users ORDER BY user_id"
CATALOGUE: Mapping[tuple[Stage, Dataset], str] = {
    ("validated", "users"): USERS,
    ("transformed", "users"): USERS,
    ("validated", "songs"): """
        SELECT
            s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms, g.genre AS track_genre
        FROM songs AS s LEFT JOIN song_genres AS g ON g.track_id = s.track_id
        ORDER BY s.track_id, g.position
    """,
    ("transformed", "songs"): """
        SELECT
            s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms,
            CAST(s.duration_ms AS DOUBLE) / 1000 AS duration_sec, g.genre AS track_genre
        FROM songs AS s LEFT JOIN song_genres AS g ON g.track_id = s.track_id AND g.position = 1
        ORDER BY s.track_id
    """,
}
LISTENS: Mapping[Stage, str] = {
    "validated": "user_id, track_id, listened_at AS listen_time",
    "transformed": "user_id, track_id, listened_at AS listen_time, listen_date, listen_hour AS hour",
}


class Exporting(Connected):
    """Files for other systems, on this disk."""

    def export_catalogue(
        self, targets: Mapping[tuple[Stage, Dataset], Path], *, songs: InEffect | None, users: InEffect | None
    ) -> Mapping[tuple[Stage, Dataset], int]:
        """See Engine."""
        self.open_catalogue(songs, users)
        return {form: self.write_plain(CATALOGUE[form], target) for form, target in targets.items()}

    def export_listens(
        self, files: Sequence[str], targets: Mapping[int, Mapping[Stage, Path]]
    ) -> Mapping[int, Mapping[Stage, int]]:
        """See Engine. The files are read once, and taken apart by delivery on the way."""
        apart = self.scratch / uuid4().hex
        apart.mkdir(parents=True)
        try:
            self.put_load_ids("exported", dict.fromkeys(targets, 0))
            self.run(
                "COPY (SELECT user_id, track_id, listened_at, listen_date, listen_hour, load_id"
                f" FROM {self.scan('listens', files)} WHERE load_id IN (SELECT load_id FROM exported))"
                f" TO {quoted(str(apart))} (FORMAT parquet, PARTITION_BY (load_id))"
            )
            return {load_id: self._write_listens(apart, load_id, forms) for load_id, forms in targets.items()}
        finally:
            shutil.rmtree(apart, ignore_errors=True)

    def _write_listens(self, apart: Path, load_id: int, forms: Mapping[Stage, Path]) -> Mapping[Stage, int]:
        rows = self.scan("listens", parquet_below(apart / f"load_id={load_id}"))
        order = "ORDER BY listened_at, user_id, track_id"
        return {
            form: self.write_plain(f"SELECT {LISTENS[form]} FROM {rows} {order}", path) for form, path in forms.items()
        }

    def write_plain(self, sql: str, target: Path) -> int:
        """Write a query as one file; its rows."""
        written = self.rows(f"COPY ({sql}) TO {quoted(str(target))} (FORMAT parquet, COMPRESSION snappy)")
        return int(written[0][0])
