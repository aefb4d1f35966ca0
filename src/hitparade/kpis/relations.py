"""The relations that every engine lays before KPI SQL: the days' listens and the catalogue, as now in effect.

`listens` is narrowed to the days that are computed; its repeats are still in it. `songs` and `users` have one
row per key. A track's genres and artists stand once each, numbered from position 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

LISTENS: Final = "listens"
CATALOGUE: Final = ("songs", "song_genres", "song_artists", "users")

BASE_RELATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    LISTENS: ("listen_date", "listen_hour", "user_id", "track_id", "listened_at"),
    "songs": ("track_id", "track_name", "artists", "album_name", "popularity", "duration_ms"),
    "song_genres": ("track_id", "genre", "position"),
    "song_artists": ("track_id", "artist", "position"),
    "users": ("user_id", "user_name", "user_age", "user_country", "created_at"),
}
"""The columns of each."""
