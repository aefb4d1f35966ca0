"""What people want to see, asked of the charts: values ready to be shown, whatever shows them.

Counts and times are added up only where their measure class allows it: listens and listening time are, unique
listeners never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

from hitparade.charts import Charts, LakeReader
from hitparade.dashboard import words
from hitparade.errors import ConfigError
from hitparade.model import UNKNOWN

if TYPE_CHECKING:
    import pyarrow as pa

STORED_POSITIONS = 100
GENRES_SHOWN, SONGS_SHOWN = 10, 10
FEWEST = 5
"""Groups of fewer listeners are shown together: a country with one listener would be that person's day."""
COUNTRIES_SHOWN = 15
LINES_AT_FIRST = 5
BINS = 24

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
Direction = Literal["up", "down", "same", "new", "unknown"]


@dataclass(frozen=True, slots=True)
class Move:
    """How a place in a chart has changed since the day before; `unknown` when there was no chart."""

    direction: Direction
    places: int = 0


@dataclass(frozen=True, slots=True)
class Genre:
    """A place in the chart of genres; `share` is its listens to those of the first."""

    position: int
    move: Move
    name: str
    listens: int
    listeners: int
    milliseconds: int
    share: float


@dataclass(frozen=True, slots=True)
class Song:
    """A place in a genre's chart of songs."""

    position: int
    move: Move
    track: str
    name: str
    artists: str
    listens: int
    listeners: int
    share: float


@dataclass(frozen=True, slots=True)
class Day:
    """A day in numbers. `listeners` is None where the source does not hold it."""

    listens: int
    milliseconds: int | None
    listeners: int | None
    genres: int


@dataclass(frozen=True, slots=True)
class Group:
    """Listeners who have something in common, on a day."""

    name: str
    listens: int
    listeners: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Listeners whose listening time of a day is from `start` (included) to `end` minutes."""

    start: float
    end: float
    listeners: int


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a day; `artist` is the one most heard, None where no track has one."""

    hour: int
    listens: int
    listeners: int
    diversity: float
    artist: str | None
    artist_listens: int | None


# ---- charts


def top_genres(charts: Charts, day: date) -> tuple[Genre, ...]:
    """The chart of genres of a day, and how each has moved."""
    rows = charts.read("top_genres_daily", date=day, positions=deep(charts, GENRES_SHOWN)).to_pylist()
    places = places_before(charts, "top_genres_daily", day, "genre")
    most = max((row["listen_count"] for row in rows), default=1)
    return tuple(
        Genre(
            position=row["position"],
            move=moved(row["position"], places, row["genre"]),
            name=row["genre"],
            listens=row["listen_count"],
            listeners=row["unique_listeners"],
            milliseconds=row["listening_ms"],
            share=row["listen_count"] / most,
        )
        for row in rows
    )


def top_songs(charts: Charts, day: date, genre: str) -> tuple[Song, ...]:
    """The chart of songs of a genre on a day, and how each has moved; `new` is what was not among the first hundred."""
    rows = charts.read("top_songs_daily", date=day, genre=genre, positions=deep(charts, SONGS_SHOWN)).to_pylist()
    places = places_before(charts, "top_songs_daily", day, "track_id", genre=genre)
    most = max((row["listen_count"] for row in rows), default=1)
    return tuple(
        Song(
            position=row["position"],
            move=moved(row["position"], places, row["track_id"]),
            track=row["track_id"],
            name=row["track_name"] or row["track_id"],
            artists=", ".join(part.strip() for part in (row["artists"] or "").split(";") if part.strip()),
            listens=row["listen_count"],
            listeners=row["unique_listeners"],
            share=row["listen_count"] / most,
        )
        for row in rows
    )


def places_before(charts: Charts, chart: str, day: date, key: str, *, genre: str | None = None) -> dict[str, int]:
    """The places of a chart on the day before, by a column, as far down as they are stored."""
    table = charts.read(chart, date=day - timedelta(days=1), genre=genre, positions=deep(charts, STORED_POSITIONS))
    return {row[key]: row["position"] for row in table.to_pylist()}


def deep(charts: Charts, positions: int) -> int | None:
    """So many positions of a chart, where they are stored: sinks hold only those that are served."""
    return positions if isinstance(charts.source, LakeReader) else None


def moved(position: int, places: dict[str, int], key: str) -> Move:
    """How a place has changed."""
    if not places:
        return Move("unknown")
    if key not in places:
        return Move("new")
    up = places[key] - position
    if up == 0:
        return Move("same")
    return Move("up" if up > 0 else "down", abs(up))


def genres_of(charts: Charts, day: date) -> tuple[str, ...]:
    """The genres that have a chart of songs on a day, the most heard first."""
    rows = charts.read("top_genres_daily", date=day, positions=deep(charts, 10_000)).to_pylist()
    return tuple(row["genre"] for row in rows)


def day_in_numbers(charts: Charts, day: date) -> Day:
    """What a day comes to."""
    hours = charts.read("hourly", date=day).to_pylist()
    table = held(charts.read, "country_daily", date=day)
    countries = table.to_pylist() if table is not None else None
    return Day(
        listens=sum(row["listen_count"] for row in hours),
        milliseconds=sum(row["listening_ms"] for row in countries) if countries is not None else None,
        # Each listener is in one country, so here they may be added up.
        listeners=sum(row["unique_listeners"] for row in countries) if countries is not None else None,
        genres=len(genres_of(charts, day)),
    )


def in_numbers(day: Day) -> list[tuple[str, str]]:
    """A day in numbers with their names, as far as they are known."""
    numbers = [("listens", words.count(day.listens))]
    if day.listeners is not None:
        numbers.append(("listeners", words.count(day.listeners)))
    if day.milliseconds is not None:
        numbers.append(("listened", words.time(day.milliseconds)))
    return [*numbers, ("genres", words.count(day.genres))]


def held(ask: Callable[Asked, Answer], *about: Asked.args, **narrowed: Asked.kwargs) -> Answer | None:
    """What is asked, or None where the source holds no table for it, as sinks may."""
    try:
        return ask(*about, **narrowed)
    except ConfigError:
        return None


# ---- trends


def trends(charts: Charts, first: date, last: date) -> pa.Table:
    """Listens, unique listeners and listening time of each genre by day; days without any have no row."""
    table = charts.genre(first=first, last=last).table
    return table.select(["listen_date", "genre", "listen_count", "unique_listeners", "listening_ms"])


def most_heard(table: pa.Table, many: int) -> tuple[str, ...]:
    """Of a table of trends the genres with most listens, ties by name; `(unknown)` is not a genre."""
    import pyarrow.compute as pc

    known = table.filter(pc.field("genre") != UNKNOWN)
    totals = known.group_by("genre").aggregate([("listen_count", "sum")]).to_pylist()
    ordered = sorted(totals, key=lambda row: (-row["listen_count_sum"], row["genre"]))
    return tuple(row["genre"] for row in ordered[:many])


# ---- hours


def hours_of_days(charts: Charts, first: date, last: date) -> pa.Table:
    """Listens by day and hour."""
    return charts.answer("hourly", first=first, last=last).table


def hours_of(charts: Charts, day: date) -> tuple[Hour, ...]:
    """The hours of a day that have listens, each with the artist most heard."""
    table = held(charts.read, "top_artist_hourly", date=day)
    artists = {row["listen_hour"]: row for row in (table.to_pylist() if table else ())}
    return tuple(
        Hour(
            hour=row["listen_hour"],
            listens=row["listen_count"],
            listeners=row["unique_listeners"],
            diversity=row["track_diversity_index"],
            artist=artists.get(row["listen_hour"], {}).get("artist"),
            artist_listens=artists.get(row["listen_hour"], {}).get("listen_count"),
        )
        for row in charts.hourly(day).rows()
    )


# ---- listeners


def listening_times(charts: Charts, day: date) -> tuple[Bin, ...]:
    """How many listeners listened for how long on a day, those beyond the longest usual time in the last bin.

    None when there are so few that they would be a group too small to be shown.
    """
    import pyarrow.compute as pc

    minutes = pc.divide(charts.read("user_daily", date=day)["listening_ms"].cast("float64"), 60_000)
    if len(minutes) < FEWEST:
        return ()
    usual = pc.quantile(minutes, q=0.99)[0].as_py()
    width = round_width(max(usual, 1) / BINS)
    places = pc.min_element_wise(pc.floor(pc.divide(minutes, width)), BINS - 1).cast("int64")
    found = {row["values"]: row["counts"] for row in pc.value_counts(places).to_pylist()}
    return tuple(Bin(at * width, (at + 1) * width, found.get(at, 0)) for at in range(max(found) + 1))


def round_width(minutes: float) -> float:
    """The next round number of minutes that is as wide."""
    for width in (0.25, 0.5, 1, 2, 5, 10, 15, 20, 30):
        if minutes <= width:
            return width
    return 60 * -(-minutes // 60)


def countries(charts: Charts, day: date) -> tuple[Group, ...]:
    """Listeners by country, most listens first; the small ones and what comes after the largest are put together."""
    rows = groups(charts.countries(day).rows(), "country")
    kept, small = apart(rows)
    named = [group for group in kept if group.name != UNKNOWN]
    ordered = sorted(named, key=lambda group: (-group.listens, group.name))
    rest = [*ordered[COUNTRIES_SHOWN:], *small]
    unknown = [group for group in kept if group.name == UNKNOWN]
    return (*ordered[:COUNTRIES_SHOWN], *together(rest, "other countries"), *unknown)


def age_bands(charts: Charts, day: date) -> tuple[Group, ...]:
    """Listeners by age, the youngest first; small groups are put together."""
    kept, small = apart(groups(charts.age_bands(day).rows(), "age_band"))
    unknown = [group for group in kept if group.name == UNKNOWN]
    return (*(group for group in kept if group.name != UNKNOWN), *together(small, "other ages"), *unknown)


def groups(rows: Iterable[dict[str, Any]], key: str) -> list[Group]:
    """Rows of a KPI as groups."""
    return [Group(row[key], row["listen_count"], row["unique_listeners"], row["listening_ms"]) for row in rows]


def apart(rows: Sequence[Group]) -> tuple[list[Group], list[Group]]:
    """Groups that may be shown, and those too small for it."""
    return [row for row in rows if row.listeners >= FEWEST], [row for row in rows if row.listeners < FEWEST]


def together(rows: Sequence[Group], name: str) -> tuple[Group, ...]:
    """Groups as one, unless even that is too small. A listener is in one of them, so they may be added up."""
    if not rows:
        return ()
    if len(rows) == 1 and rows[0].listeners >= FEWEST:
        return (rows[0],)
    one = Group(
        name,
        sum(row.listens for row in rows),
        sum(row.listeners for row in rows),
        sum(row.milliseconds for row in rows),
    )
    return (one,) if one.listeners >= FEWEST else ()
