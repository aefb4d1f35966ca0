"""Songs and users of a sample, in Python: small beside the listens, and easier to read than SQL.

A track stands in one row per genre. What is popular is decided by rank, and ranks are spread over the ids by
the permutation that the listens use too, so that the songs most heard are those with the highest popularity.
"""

from __future__ import annotations

import csv
import math
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random

from hitparade.sample import names, words
from hitparade.sample.places import appearing
from hitparade.sample.seeds import seeded, shuffle
from hitparade.sample.shape import track_bend
from hitparade.sample.spec import SampleSpec

SONG_COLUMNS = (
    "track_id",
    "artists",
    "album_name",
    "track_name",
    "popularity",
    "duration_ms",
    "explicit",
    "track_genre",
)
USER_COLUMNS = ("user_id", "user_name", "user_age", "user_country", "created_at")

ID_ALPHABET = string.digits + string.ascii_letters
ID_LENGTH = 22
TRACKS_PER_ARTIST = 8
YOUNGEST, OLDEST = 13, 90

_GENRES = tuple(name for name, _ in words.GENRES)
_GENRE_WEIGHTS = tuple(accumulate(weight for _, weight in words.GENRES))
_COUNTRIES = tuple(name for name, _ in words.COUNTRIES)
_COUNTRY_WEIGHTS = tuple(accumulate(weight for _, weight in words.COUNTRIES))


@dataclass(frozen=True, slots=True)
class Song:
    """A track as the catalogue has it: one row per genre, the first of them its primary genre."""

    track_id: str
    artists: str
    album_name: str
    track_name: str
    popularity: int
    duration_ms: int
    explicit: bool
    genres: tuple[str, ...]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The song's rows, as text in the order of SONG_COLUMNS."""
        before = (self.track_id, self.artists, self.album_name, self.track_name)
        numbers = (str(self.popularity), str(self.duration_ms), str(self.explicit))
        return [(*before, *numbers, genre) for genre in self.genres]


def track_id(rng: Random) -> str:
    """An id in the manner of streaming services: 22 characters of base 62."""
    return "".join(rng.choices(ID_ALPHABET, k=ID_LENGTH))


def songs(spec: SampleSpec) -> Iterator[Song]:
    """Every song of a sample, in the order of track numbers."""
    rng = seeded(spec.seed, "songs")
    ranks = shuffle(spec.seed, "tracks", spec.tracks).inverted()
    artists = [
        names.artist(number, seeded(spec.seed, f"artist {number}"))
        for number in range(max(1, spec.tracks // TRACKS_PER_ARTIST))
    ]
    for number in range(spec.tracks):
        yield song(rng, rank=ranks.number(number), tracks=spec.tracks, artists=artists)


def song(rng: Random, *, rank: int, tracks: int, artists: list[str]) -> Song:
    """One song; the lower its rank among `tracks` tracks, the more popular are it and its artist."""
    bend = track_bend(tracks)
    fame = 1 - math.log1p(rank / bend) / math.log1p(tracks / bend)
    track_name = names.title(rng)
    return Song(
        track_id=track_id(rng),
        artists=_credits(rng, fame, artists),
        album_name=names.album(rng, track_name),
        track_name=track_name,
        popularity=max(0, min(100, round(15 + 80 * fame + rng.gauss(0, 7)))),
        duration_ms=max(45_000, min(780_000, round(rng.gauss(212_000, 52_000)))),
        explicit=rng.random() < 0.09,
        genres=_genres(rng),
    )


def users(spec: SampleSpec) -> Iterator[tuple[str, ...]]:
    """Every user's row: ids count from 1, and nobody joined after the first day."""
    rng = seeded(spec.seed, "users")
    return (user(rng, number, spec.start) for number in range(1, spec.users + 1))


def user(rng: Random, user_id: int, start: date) -> tuple[str, ...]:
    """One user's row, as text in the order of USER_COLUMNS."""
    age = min(OLDEST, YOUNGEST + int(rng.gammavariate(2.2, 9.0)))
    country = rng.choices(_COUNTRIES, cum_weights=_COUNTRY_WEIGHTS)[0]
    joined = start - timedelta(days=int(1500 * rng.random() ** 1.5))
    return (str(user_id), names.person(rng), str(age), country, joined.isoformat())


def write_songs(path: Path, catalogue: Iterable[Song]) -> tuple[int, list[str]]:
    """Writes a songs file; returns its rows and the ids in order."""
    ids: list[str] = []

    def rows() -> Iterator[tuple[str, ...]]:
        for entry in catalogue:
            ids.append(entry.track_id)
            yield from entry.rows

    return write_rows(path, SONG_COLUMNS, rows()), ids


def write_rows(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> int:
    """Writes a CSV file as RFC 4180 has it, with plain newlines; returns its rows."""
    written = 0
    with appearing(path) as part, part.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(row)
            written += 1
    return written


def _credits(rng: Random, fame: float, artists: list[str]) -> str:
    """One to three artists; famous songs tend to be by the artists of low numbers."""
    draw = rng.random()
    count = 1 if draw < 0.8 else 2 if draw < 0.95 else 3
    reach = 1 - 0.7 * fame
    picked = dict.fromkeys(artists[int(len(artists) * reach * rng.random() ** 2)] for _ in range(count))
    return ";".join(picked)


def _genres(rng: Random) -> tuple[str, ...]:
    draw = rng.random()
    count = 1 if draw < 0.73 else 2 if draw < 0.95 else 3
    return tuple(dict.fromkeys(rng.choices(_GENRES, cum_weights=_GENRE_WEIGHTS, k=count)))
