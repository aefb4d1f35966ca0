"""What the lake should have of catalogue files: of each key what differs from what was in effect before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pycountry

if TYPE_CHECKING:
    from hitparade.model import Delivery
    from tests.fuzz.loading import Expected

Row = dict[str, Any]
SONG = ("track_id", "track_name", "artists", "album_name", "popularity", "duration_ms")
USER = ("user_id", "user_name", "user_age", "user_country", "created_at")
WHITE_SPACE = " \t\n\r\x0b\x0c"


def different_rows(
    dataset: str,
    loaded: Sequence[tuple[Expected, Delivery]],
    tables: Mapping[str, Mapping[int, list[Row]]],
) -> Iterable[tuple[Expected, str]]:
    """Where the rows of catalogue files are not what they should be."""
    in_effect: dict[Any, Any] = {}
    read, listed = (songs_of, listed_songs) if dataset == "songs" else (users_of, listed_users)
    for expected, delivery in loaded:
        delivered = read(expected.verdict.good)
        wanted = {key: value for key, value in delivered.items() if in_effect.get(key) != value}
        in_effect.update(delivered)
        got = listed({table: rows.get(delivery.load_id, []) for table, rows in tables.items()})
        if sorted(got.items(), key=repr) != sorted(wanted.items(), key=repr):
            yield expected, f"should write {sorted(wanted.items(), key=repr)}, writes {sorted(got.items(), key=repr)}"


def songs_of(rows: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
    """Tracks: attributes of the first row, genres in row order, each artist once."""
    found: dict[Any, Any] = {}
    for row in rows:
        song = [row.get(name) or (None if isinstance(row.get(name), str) else row.get(name)) for name in SONG]
        artists = [artist.strip(WHITE_SPACE) for artist in (song[2] or "").split(";")]
        credited = list(dict.fromkeys(artist for artist in artists if artist))
        _, genres, _ = found.setdefault(row["track_id"], (song, [], credited))
        genre = "".join(map(str.lower, row.get("track_genre") or ""))
        if genre and genre not in genres:
            genres.append(genre)
    return found


def listed_songs(tables: Mapping[str, list[Row]]) -> dict[Any, Any]:
    """The same from the lake's tables."""
    genres, artists = ordered(tables["song_genres"], "genre"), ordered(tables["song_artists"], "artist")
    return {
        row["track_id"]: ([row[name] for name in SONG], genres[row["track_id"]], artists[row["track_id"]])
        for row in tables["songs"]
    }


def ordered(rows: Iterable[Row], column: str) -> dict[Any, list[Any]]:
    """A track's genres or artists in their order, each at its place."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["track_id"], row["position"])):
        found[row["track_id"]].append(row[column])
        assert row["position"] == len(found[row["track_id"]])
    return found


def users_of(rows: Iterable[Mapping[str, Any]]) -> dict[Any, Any]:
    """Users by their first row, with their country's name where it is one."""
    found: dict[Any, Any] = {}
    for row in rows:
        country = row.get("user_country")
        known = country_of(country) if country else None
        values = [row["user_id"], row.get("user_name"), row.get("user_age"), known or country, row.get("created_at")]
        found.setdefault(row["user_id"], [None if value == "" else value for value in values])
    return found


def listed_users(tables: Mapping[str, list[Row]]) -> dict[Any, Any]:
    """The same from the lake's table."""
    return {row["user_id"]: [row[name] for name in USER] for row in tables["users"]}


def country_of(text: str) -> str | None:
    try:
        country = pycountry.countries.lookup(text)
    except LookupError:
        return None
    return str(getattr(country, "common_name", country.name))
