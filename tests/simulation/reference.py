"""Every KPI from scratch, in plain Python, from the rows that were delivered. Shares no code with the product."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar

UNKNOWN = "(unknown)"
Row = dict[str, Any]
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Listen:
    """A row of streams."""

    user: int
    track: str
    at: datetime


@dataclass
class Track:
    """What the newest delivery says of a track."""

    name: str
    artists: str
    popularity: int | None
    duration: int | None
    genres: list[str]

    @property
    def credits(self) -> list[str]:
        return list(dict.fromkeys(part.strip() for part in self.artists.split(";") if part.strip()))


@dataclass
class User:
    """What the newest delivery says of a user."""

    age: int | None
    country: str | None


@dataclass
class Delivered:
    """Everything delivered: listens as a set, since repeats collapse; tracks and users by their newest delivery."""

    listens: set[Listen] = field(default_factory=set)
    tracks: dict[str, Track] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)


def grouped(rows: Iterable[Listen], key: Callable[[Listen], K]) -> dict[K, list[Listen]]:
    found: dict[K, list[Listen]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


class Reference:
    """The KPIs of what was delivered."""

    def __init__(self, delivered: Delivered) -> None:
        self.listens = sorted(delivered.listens, key=lambda each: (each.at, each.user, each.track))
        self.tracks = delivered.tracks
        self.users = delivered.users

    def everything(self) -> dict[str, list[Row]]:
        return {
            "genre_daily": self.genre_daily(),
            "top_songs_daily": self.top_songs_daily(),
            "top_genres_daily": self.top_genres_daily(),
            "track_daily": self.track_daily(),
            "user_daily": self.user_daily(),
            "country_daily": self.by_listener("country", lambda user: user.country),
            "age_band_daily": self.by_listener("age_band", lambda user: band(user.age)),
            "hourly": self.hourly(lambda each: (each.at.date(), each.at.hour), ("listen_date", "listen_hour")),
            "hour_of_day": self.hourly(lambda each: (each.at.hour,), ("listen_hour",)),
            "top_artist_hourly": self.top_artist(
                lambda each: (each.at.date(), each.at.hour), ("listen_date", "listen_hour")
            ),
            "top_artist_hour_of_day": self.top_artist(lambda each: (each.at.hour,), ("listen_hour",)),
            "user_totals": self.user_totals(),
            "genre_totals": self.genre_totals(),
        }

    # -- what a listen is worth

    def duration(self, listen: Listen) -> int | None:
        track = self.tracks.get(listen.track)
        return track.duration if track else None

    def genres(self, track: str) -> list[str]:
        known = self.tracks.get(track)
        return known.genres if known and known.genres else [UNKNOWN]

    def ms(self, rows: Iterable[Listen]) -> int:
        return sum(self.duration(row) or 0 for row in rows)

    def timed(self, rows: Iterable[Listen]) -> list[Listen]:
        return [row for row in rows if self.duration(row) is not None]

    # -- daily KPIs

    def by_genre(self) -> Mapping[tuple[date, str], list[Listen]]:
        found: dict[tuple[date, str], list[Listen]] = defaultdict(list)
        for row in self.listens:
            for genre in self.genres(row.track):
                found[row.at.date(), genre].append(row)
        return found

    def genre_daily(self) -> list[Row]:
        return [
            {
                "listen_date": day,
                "genre": genre,
                "listen_count": len(rows),
                "unique_listeners": users(rows),
                "listening_ms": self.ms(rows),
                "avg_listening_ms_per_user": ratio(self.ms(rows), users(self.timed(rows))),
                "listens_without_duration": len(rows) - len(self.timed(rows)),
            }
            for (day, genre), rows in sorted(self.by_genre().items())
        ]

    def top_genres_daily(self) -> list[Row]:
        days: dict[date, list[Row]] = defaultdict(list)
        for row in self.genre_daily():
            if row["genre"] != UNKNOWN:
                days[row["listen_date"]].append(row)
        columns = ("listen_count", "unique_listeners", "listening_ms")
        return [
            {
                "listen_date": day,
                "position": position,
                "rank": rank,
                "genre": row["genre"],
                **{name: row[name] for name in columns},
            }
            for day, rows in sorted(days.items())
            for position, rank, row in chart(rows, "genre", 5)
        ]

    def top_songs_daily(self) -> list[Row]:
        charts: dict[tuple[date, str], list[Row]] = defaultdict(list)
        for (day, genre), rows in self.by_genre().items():
            if genre == UNKNOWN:
                continue
            for track, heard in grouped(rows, lambda each: each.track).items():
                known = self.tracks[track]
                charts[day, genre].append(
                    {
                        "track_id": track,
                        "track_name": known.name,
                        "artists": known.artists,
                        "listen_count": len(heard),
                        "unique_listeners": users(heard),
                    }
                )
        return [
            {"listen_date": day, "genre": genre, "position": position, "rank": rank, **row}
            for (day, genre), rows in sorted(charts.items())
            for position, rank, row in chart(rows, "track_id", 3)
        ]

    def track_daily(self) -> list[Row]:
        found = []
        for (day, track), rows in sorted(grouped(self.listens, lambda each: (each.at.date(), each.track)).items()):
            known = self.tracks.get(track)
            found.append(
                {
                    "listen_date": day,
                    "track_id": track,
                    "listen_count": len(rows),
                    "unique_listeners": users(rows),
                    "listening_ms": self.ms(rows),
                    "avg_listening_ms_per_user": ratio(self.ms(rows), users(self.timed(rows))),
                    "track_name": known.name if known else None,
                    "artists": known.artists if known else None,
                    "primary_genre": self.genres(track)[0],
                }
            )
        return found

    def user_daily(self) -> list[Row]:
        return [
            {
                "listen_date": day,
                "user_id": user,
                "listen_count": len(rows),
                "unique_tracks": tracks(rows),
                "listening_ms": self.ms(rows),
                "avg_listening_ms_per_listen": ratio(self.ms(rows), len(self.timed(rows))),
            }
            for (day, user), rows in sorted(grouped(self.listens, lambda each: (each.at.date(), each.user)).items())
        ]

    def by_listener(self, name: str, kind: Callable[[User], str | None]) -> list[Row]:
        def key(listen: Listen) -> tuple[date, str]:
            user = self.users.get(listen.user)
            return listen.at.date(), (kind(user) if user is not None else None) or UNKNOWN

        return [
            {
                "listen_date": day,
                name: value,
                "listen_count": len(rows),
                "unique_listeners": users(rows),
                "listening_ms": self.ms(rows),
                "avg_listening_ms_per_user": ratio(self.ms(rows), users(self.timed(rows))),
                "listens_without_duration": len(rows) - len(self.timed(rows)),
            }
            for (day, value), rows in sorted(grouped(self.listens, key).items())
        ]

    def hourly(self, key: Callable[[Listen], tuple[Any, ...]], names: tuple[str, ...]) -> list[Row]:
        return [
            {
                **dict(zip(names, value, strict=True)),
                "listen_count": len(rows),
                "unique_listeners": users(rows),
                "unique_tracks": tracks(rows),
                "track_diversity_index": tracks(rows) / len(rows),
            }
            for value, rows in sorted(grouped(self.listens, key).items())
        ]

    def top_artist(self, key: Callable[[Listen], tuple[Any, ...]], names: tuple[str, ...]) -> list[Row]:
        found = []
        for value, rows in sorted(grouped(self.listens, key).items()):
            heard: dict[str, list[Listen]] = defaultdict(list)
            for row in rows:
                for artist in self.tracks[row.track].credits if row.track in self.tracks else ():
                    heard[artist].append(row)
            if heard:
                best = min(heard, key=lambda artist: (-len(heard[artist]), -users(heard[artist]), artist))
                found.append({**dict(zip(names, value, strict=True)), "artist": best, "listen_count": len(heard[best])})
        return found

    # -- all-time KPIs

    def user_totals(self) -> list[Row]:
        return [
            {
                "user_id": user,
                "listen_count": len(rows),
                "listening_ms": self.ms(rows),
                "active_days": len({row.at.date() for row in rows}),
                "avg_listening_ms_per_listen": ratio(self.ms(rows), len(self.timed(rows))),
                "avg_listening_ms_per_active_day": ratio(
                    self.ms(rows), len({row.at.date() for row in self.timed(rows)})
                ),
            }
            for user, rows in sorted(grouped(self.listens, lambda each: each.user).items())
        ]

    def genre_totals(self) -> list[Row]:
        found: dict[str, list[Listen]] = defaultdict(list)
        for row in self.listens:
            for genre in self.genres(row.track):
                found[genre].append(row)
        return [
            {
                "genre": genre,
                "listen_count": len(rows),
                "avg_popularity": self.mean(rows, lambda track: track.popularity),
                "avg_duration_ms": self.mean(rows, lambda track: track.duration),
            }
            for genre, rows in sorted(found.items())
        ]

    def mean(self, rows: Iterable[Listen], value: Callable[[Track], int | None]) -> float | None:
        weights = Counter(row.track for row in rows if row.track in self.tracks)
        known = {track: value(self.tracks[track]) for track in weights}
        counted = {track: number for track, number in known.items() if number is not None}
        return ratio(
            sum(number * weights[track] for track, number in counted.items()), sum(weights[t] for t in counted)
        )


def users(rows: Iterable[Listen]) -> int:
    return len({row.user for row in rows})


def tracks(rows: Iterable[Listen]) -> int:
    return len({row.track for row in rows})


def band(age: int | None) -> str | None:
    if age is None:
        return None
    if age >= 65:
        return "65+"
    start = max((start for start in (18, 25, 35, 45, 55) if start <= age), default=0)
    return {0: "0-17", 18: "18-24"}.get(start, f"{start}-{start + 9}")


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def chart(rows: list[Row], key: str, length: int) -> Iterable[tuple[int, int, Row]]:
    """Position and rank of the first rows of a chart."""
    ordered = sorted(rows, key=lambda row: (-row["listen_count"], -row["unique_listeners"], row[key]))
    for position, row in enumerate(ordered[:length], start=1):
        yield position, 1 + sum(other["listen_count"] > row["listen_count"] for other in rows), row
