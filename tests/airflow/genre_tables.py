"""The tables of genres that two of the systems fill, against what show says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.airflow.system import OnEmulator

MEASURES = {
    "music_streaming_genre_listen_count": "listen_count",
    "music_streaming_unique_listeners": "unique_listeners",
    "music_streaming_total_listening_time": "listening_ms",
    "music_streaming_avg_listening_time": "avg_listening_ms_per_user",
}


def by_genre(rows: Sequence[Mapping[str, Any]], measure: str) -> dict[tuple[str, str], float | None]:
    """A measure by genre and day. A genre without one has none in the table."""
    return {(row["genre"], row["listen_date"]): float(row[measure]) for row in rows if row.get(measure) is not None}


def assert_tables_say_what_show_says(system: OnEmulator, prefix: str = "") -> None:
    genres = system.show("genre_daily")
    assert genres
    for table, measure in MEASURES.items():
        assert by_genre(system.items(prefix + table), measure) == by_genre(genres, measure), table
    songs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in system.show("top_songs_daily"):
        songs.setdefault((row["genre"], row["listen_date"]), []).append(row)
    told = {
        (item["genre"], item["listen_date"]): item["songs"]
        for item in system.items(f"{prefix}music_streaming_top_songs")
        if item["songs"]
    }
    assert {key: [song["track_id"] for song in chart] for key, chart in told.items()} == {
        key: [row["track_id"] for row in chart] for key, chart in songs.items()
    }
    top = {
        item["listen_date"]: [each["genre"] for each in item["genres"]]
        for item in system.items(f"{prefix}music_streaming_top_genres")
        if item["genres"]  # a day of tracks that the catalogue lacks has an empty chart
    }
    shown: dict[str, list[str]] = {}
    for row in system.show("top_genres_daily"):
        shown.setdefault(row["listen_date"], []).append(row["genre"])
    assert top == shown
