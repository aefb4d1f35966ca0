"""Songs and users: of a delivered file, what differs from the catalogue in effect, and the days this touches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from hitparade.engines import validation
from hitparade.engines.countries import country_names
from hitparade.engines.duckdb.connection import Connected, copy_to
from hitparade.model import Dataset, InEffect, Source, Staged

# A delivered track: its attributes from its first row, its genres in row order, its artists as credited.
SONGS = r"""
SELECT
    track_id, attributes.track_name, attributes.artists, attributes.album_name, attributes.popularity,
    attributes.duration_ms, genres,
    list_filter(
        list_transform(
            string_split(coalesce(attributes.artists, ''), ';'), lambda artist: trim(artist, E' \t\n\r\x0B\x0C')
        ),
        lambda artist, place: artist <> ''
    ) AS credits
FROM (
    SELECT
        track_id,
        arg_min({
            'track_name': track_name, 'artists': artists, 'album_name': album_name,
            'popularity': popularity, 'duration_ms': duration_ms
        }, row) AS attributes
    FROM delivered WHERE NOT bad GROUP BY track_id
)
JOIN (
    SELECT track_id, coalesce(list(genre ORDER BY first_row) FILTER (genre IS NOT NULL), []) AS genres
    FROM (
        SELECT track_id, lower(track_genre) AS genre, min(row) AS first_row
        FROM delivered WHERE NOT bad GROUP BY track_id, lower(track_genre)
    )
    GROUP BY track_id
) USING (track_id)
"""

USERS = """
SELECT user_id, attributes.user_name, attributes.user_age, attributes.user_country, attributes.created_at
FROM (
    SELECT
        user_id,
        arg_min({
            'user_name': user_name, 'user_age': user_age, 'created_at': created_at,
            'user_country': coalesce(country_name, user_country)
        }, row) AS attributes
    FROM delivered LEFT JOIN country_names USING (user_country)
    WHERE NOT bad GROUP BY user_id
)
"""

SONG_COLUMNS = ("track_name", "artists", "album_name", "popularity", "duration_ms")
USER_COLUMNS = ("user_name", "user_age", "user_country", "created_at")


class Catalogue(Connected):
    """One catalogue file at a time."""

    def deliver(self, source: Source, dataset: Dataset) -> Staged:
        """Validate a catalogue file into the table `delivered`."""
        with self.in_order():
            self.run(f"CREATE OR REPLACE TEMP TABLE delivered AS {validation.catalogue(source, dataset)}")
        read, rejected = self.rows("SELECT count(*), count(*) FILTER (bad) FROM delivered")[0]
        return Staged(load_id=source.load_id, rows_read=read, rows_rejected=rejected, days={})

    def write_changes(
        self,
        load_id: int,
        dataset: Dataset,
        folders: Mapping[str, str],
        *,
        in_effect: InEffect,
        watched: Mapping[str, frozenset[str]],
    ) -> Mapping[str, tuple[str, ...]]:
        """Write the delivered rows that differ from what is in effect, as files by table."""
        if dataset == "users":
            self.open_catalogue(None, in_effect)
            return self._write_users(load_id, folders, watched)
        self.open_catalogue(in_effect, None)
        return self._write_songs(load_id, folders, watched)

    def _write_songs(
        self, load_id: int, folders: Mapping[str, str], watched: Mapping[str, frozenset[str]]
    ) -> Mapping[str, tuple[str, ...]]:
        for table, column in (("song_genres", "genre"), ("song_artists", "artist")):
            self.run(
                f"CREATE OR REPLACE TEMP TABLE {table}_lists AS SELECT track_id,"
                f" list({column} ORDER BY position) AS {column}s FROM {table} GROUP BY track_id"
            )
        self.run(f"CREATE OR REPLACE TEMP TABLE new_songs AS {SONGS}")
        self.run("UPDATE new_songs SET credits = list_filter(credits, lambda c, i: list_position(credits, c) = i)")
        differs = {column: f"n.{column} IS DISTINCT FROM o.{column}" for column in SONG_COLUMNS}
        genres = "n.genres IS DISTINCT FROM coalesce(g.genres, [])"
        artists = "n.credits IS DISTINCT FROM coalesce(a.artists, [])"
        seen = [differs[column] for column in SONG_COLUMNS if column in watched.get("songs", ())]
        seen += [genres] if watched.get("song_genres") else []
        seen += [artists] if watched.get("song_artists") else []
        everything = " OR ".join([*differs.values(), genres, artists])
        self.run(
            "CREATE OR REPLACE TEMP TABLE changed AS"
            f" SELECT n.*, {touching('o.track_id', seen)} AS touches"
            " FROM new_songs AS n LEFT JOIN songs AS o ON o.track_id = n.track_id"
            " LEFT JOIN song_genres_lists AS g ON g.track_id = n.track_id"
            " LEFT JOIN song_artists_lists AS a ON a.track_id = n.track_id"
            f" WHERE o.track_id IS NULL OR {everything}"
        )
        queries = {
            "songs": f"track_id, {', '.join(SONG_COLUMNS)}",
            "song_genres": "track_id, unnest(genres) AS genre, generate_subscripts(genres, 1)::INTEGER AS position",
            "song_artists": "track_id, unnest(credits) AS artist, generate_subscripts(credits, 1)::INTEGER AS position",
        }
        return {
            table: self._write(f"SELECT {columns}, {load_id}::BIGINT AS load_id FROM changed", folders[table])
            for table, columns in queries.items()
        }

    def _write_users(
        self, load_id: int, folders: Mapping[str, str], watched: Mapping[str, frozenset[str]]
    ) -> Mapping[str, tuple[str, ...]]:
        raw = [country for (country,) in self.rows("SELECT DISTINCT user_country FROM delivered") if country]
        named = country_names(raw)
        self.run("CREATE OR REPLACE TEMP TABLE country_names (user_country VARCHAR, country_name VARCHAR)")
        if named:
            self.run(
                "INSERT INTO country_names SELECT unnest($raw::VARCHAR[]), unnest($named::VARCHAR[])",
                {"raw": list(named), "named": list(named.values())},
            )
        differs = {column: f"n.{column} IS DISTINCT FROM o.{column}" for column in USER_COLUMNS}
        seen = [differs.get(column, "false") for column in sorted(watched.get("users", ()))]
        self.run(
            f"CREATE OR REPLACE TEMP TABLE changed AS SELECT n.*, {touching('o.user_id', seen)} AS touches"
            f" FROM ({USERS}) AS n LEFT JOIN users AS o ON o.user_id = n.user_id"
            f" WHERE o.user_id IS NULL OR {' OR '.join(differs.values())}"
        )
        columns = f"user_id, {', '.join(USER_COLUMNS)}, {load_id}::BIGINT AS load_id"
        return {"users": self._write(f"SELECT {columns} FROM changed", folders["users"])}

    def _write(self, sql: str, folder: str) -> tuple[str, ...]:
        """Rows as one file in a folder; no file without rows."""
        if not self.rows(f"SELECT count(*) FROM ({sql})")[0][0]:
            return ()
        target = Path(folder) / "data_0.parquet"
        self.run(copy_to(sql, target, by_day=False))
        return (str(target),)

    def touching_keys(self, dataset: Dataset, target: Path) -> Path | None:
        """Write the keys whose watched columns the last written file changed; None when there are none."""
        key = "user_id" if dataset == "users" else "track_id"
        if not self.rows("SELECT count(*) FROM changed WHERE touches")[0][0]:
            return None
        self.run(copy_to(f"SELECT {key} FROM changed WHERE touches", target, by_day=False))
        return target

    def heard_days(self, dataset: Dataset, listens: InEffect) -> Mapping[date, int]:
        """See Engine."""
        key = "user_id" if dataset == "users" else "track_id"
        if not self.rows("SELECT count(*) FROM changed WHERE touches")[0][0]:
            return {}
        self.open_listens(listens)
        found = self.rows(
            f"SELECT DISTINCT listen_date FROM listens WHERE {key} IN (SELECT {key} FROM changed WHERE touches)"
        )
        return {day: 0 for (day,) in found}


def touching(key: str, seen: Sequence[str]) -> str:
    """Whether a row that differs from the one in effect concerns stored KPIs: it is new, or they read what differs."""
    return f"({' OR '.join([f'{key} IS NULL', *seen])})" if seen else "false"
