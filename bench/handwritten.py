"""The nine stored KPIs as a data engineer would write them by hand: one DuckDB script over all days at once.

It is what `hitparade run` is measured against. It takes the files for clean, keeps nothing, and runs as
`python -m bench.handwritten FOLDER`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

USUAL_NAMES = {
    "Bolivia, Plurinational State of": "Bolivia",
    "Czech Republic": "Czechia",
    "Korea, Republic of": "South Korea",
    "Viet Nam": "Vietnam",
}
"""The countries that the sample writes in more than one way."""

TABLES = """
CREATE TABLE catalogue AS
SELECT
    row_number() OVER () AS row,
    track_id,
    nfc_normalize(trim(track_name)) AS track_name,
    nfc_normalize(trim(artists)) AS artists,
    duration_ms,
    lower(nfc_normalize(trim(track_genre))) AS genre
FROM read_csv('{folder}/songs/*.csv', types = {{'track_id': 'VARCHAR', 'duration_ms': 'BIGINT'}});

CREATE TABLE songs AS
SELECT track_id, track_name, artists, duration_ms
FROM catalogue
QUALIFY row_number() OVER (PARTITION BY track_id ORDER BY row) = 1;

CREATE TABLE song_genres AS
SELECT track_id, genre, row_number() OVER (PARTITION BY track_id ORDER BY min(row)) AS position
FROM catalogue
WHERE genre IS NOT NULL
GROUP BY track_id, genre;

CREATE TABLE song_artists AS
SELECT DISTINCT track_id, trim(artist) AS artist
FROM (SELECT track_id, unnest(string_split(artists, ';')) AS artist FROM songs)
WHERE trim(artist) <> '';

CREATE TABLE streams AS
SELECT user_id, track_id, listen_time
FROM read_csv(
    '{folder}/streams/*.csv',
    types = {{'user_id': 'BIGINT', 'track_id': 'VARCHAR', 'listen_time': 'TIMESTAMP'}}
);

CREATE TABLE listens AS
SELECT DISTINCT user_id, track_id, listen_time, listen_time::DATE AS listen_date, hour(listen_time) AS listen_hour
FROM streams;

CREATE TABLE users AS
SELECT
    user_id,
    coalesce({usual_names}[nfc_normalize(trim(user_country))], nfc_normalize(trim(user_country))) AS country,
    CASE
        WHEN user_age < 18 THEN '0-17'
        WHEN user_age < 25 THEN '18-24'
        WHEN user_age >= 65 THEN '65+'
        WHEN user_age >= 25 THEN concat((user_age - 5) // 10 * 10 + 5, '-', (user_age - 5) // 10 * 10 + 14)
    END AS age_band
FROM read_csv(
    '{folder}/users/*.csv',
    types = {{'user_id': 'BIGINT', 'user_age': 'INTEGER', 'user_country': 'VARCHAR'}}
);

CREATE TABLE user_listens AS
SELECT
    listen_date,
    user_id,
    count(*) AS listen_count,
    count(DISTINCT track_id) AS unique_tracks,
    coalesce(sum(duration_ms), 0)::BIGINT AS listening_ms,
    count(duration_ms) AS timed_listens
FROM listens
LEFT JOIN songs USING (track_id)
GROUP BY ALL;
"""

GENRE_DAILY = """
CREATE TABLE genre_daily AS
SELECT
    listen_date,
    coalesce(genre, '(unknown)') AS genre,
    count(*) AS listen_count,
    count(DISTINCT user_id) AS unique_listeners,
    coalesce(sum(duration_ms), 0)::BIGINT AS listening_ms,
    sum(duration_ms) / count(DISTINCT user_id) FILTER (duration_ms IS NOT NULL) AS avg_listening_ms_per_user,
    count(*) FILTER (duration_ms IS NULL) AS listens_without_duration
FROM listens
LEFT JOIN songs USING (track_id)
LEFT JOIN song_genres USING (track_id)
GROUP BY ALL
"""

TRACK_DAILY = """
CREATE TABLE track_daily AS
SELECT
    listen_date,
    track_id,
    count(*) AS listen_count,
    count(DISTINCT user_id) AS unique_listeners,
    coalesce(sum(duration_ms), 0)::BIGINT AS listening_ms,
    sum(duration_ms) / count(DISTINCT user_id) AS avg_listening_ms_per_user,
    track_name,
    artists,
    coalesce(genre, '(unknown)') AS primary_genre
FROM listens
LEFT JOIN songs USING (track_id)
LEFT JOIN (SELECT track_id, genre FROM song_genres WHERE position = 1) USING (track_id)
GROUP BY ALL
"""

TOP_SONGS_DAILY = """
CREATE TABLE top_songs_daily AS
SELECT
    listen_date,
    genre,
    row_number() OVER (
        PARTITION BY listen_date, genre ORDER BY listen_count DESC, unique_listeners DESC, track_id
    ) AS position,
    rank() OVER (PARTITION BY listen_date, genre ORDER BY listen_count DESC) AS rank,
    track_id,
    track_name,
    artists,
    listen_count,
    unique_listeners
FROM track_daily
JOIN (SELECT track_id, genre FROM song_genres) USING (track_id)
QUALIFY position <= 100
"""

TOP_GENRES_DAILY = """
CREATE TABLE top_genres_daily AS
SELECT
    listen_date,
    row_number() OVER (
        PARTITION BY listen_date ORDER BY listen_count DESC, unique_listeners DESC, genre
    ) AS position,
    rank() OVER (PARTITION BY listen_date ORDER BY listen_count DESC) AS rank,
    genre,
    listen_count,
    unique_listeners,
    listening_ms
FROM genre_daily
WHERE genre <> '(unknown)'
"""

USER_DAILY = """
CREATE TABLE user_daily AS
SELECT
    listen_date,
    user_id,
    listen_count,
    unique_tracks,
    listening_ms,
    listening_ms / nullif(timed_listens, 0) AS avg_listening_ms_per_listen
FROM user_listens
"""

BY_LISTENERS = """
CREATE TABLE {group}_daily AS
SELECT
    listen_date,
    coalesce({group}, '(unknown)') AS {group},
    sum(listen_count)::BIGINT AS listen_count,
    count(*) AS unique_listeners,
    sum(listening_ms)::BIGINT AS listening_ms,
    sum(listening_ms) / nullif(count(*) FILTER (timed_listens > 0), 0) AS avg_listening_ms_per_user,
    sum(listen_count - timed_listens)::BIGINT AS listens_without_duration
FROM user_listens
LEFT JOIN users USING (user_id)
GROUP BY ALL
"""
COUNTRY_DAILY, AGE_BAND_DAILY = (BY_LISTENERS.format(group=group) for group in ("country", "age_band"))

HOURLY = """
CREATE TABLE hourly AS
SELECT
    listen_date,
    listen_hour,
    count(*) AS listen_count,
    count(DISTINCT user_id) AS unique_listeners,
    count(DISTINCT track_id) AS unique_tracks,
    count(DISTINCT track_id) / count(*) AS track_diversity_index
FROM listens
GROUP BY ALL
"""

TOP_ARTIST_HOURLY = """
CREATE TABLE top_artist_hourly AS
SELECT listen_date, listen_hour, artist, listen_count
FROM (
    SELECT listen_date, listen_hour, artist, count(*) AS listen_count, count(DISTINCT user_id) AS unique_listeners
    FROM listens
    JOIN song_artists USING (track_id)
    GROUP BY ALL
)
QUALIFY row_number() OVER (
    PARTITION BY listen_date, listen_hour ORDER BY listen_count DESC, unique_listeners DESC, artist
) = 1
"""

KPIS = (
    *(GENRE_DAILY, TRACK_DAILY, TOP_SONGS_DAILY, TOP_GENRES_DAILY, USER_DAILY, COUNTRY_DAILY, AGE_BAND_DAILY),
    *(HOURLY, TOP_ARTIST_HOURLY),
)


def compute(folder: Path) -> duckdb.DuckDBPyConnection:
    """Compute all nine from the streams, songs and users below `folder`, into tables of the connection returned."""
    database = duckdb.connect()
    database.execute(TABLES.format(folder=folder, usual_names=f"MAP {USUAL_NAMES}"))
    for kpi in KPIS:
        database.execute(kpi)
    return database


if __name__ == "__main__":
    compute(Path(sys.argv[1])).close()
