"""Days of the built-in KPIs, as an engine hands them to a sink, written as little as a test needs to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from hitparade.kpis.registry import load_kpis
from hitparade.model import Kpi

MONDAY = date(2024, 6, 24)
KPIS = {kpi.name: kpi for kpi in load_kpis(settings={"genre_attribution": "all"})}
ARROW = {"date": pa.date32(), "string": pa.string(), "int": pa.int32(), "long": pa.int64(), "double": pa.float64()}


def day_of(kpi: Kpi, rows: Iterable[Mapping[str, Any]], day: date = MONDAY) -> pa.Table:
    """Rows with a KPI's columns and types; counts that are not said are 0, anything else is missing."""
    schema = pa.schema([(column.name, ARROW[column.type]) for column in kpi.columns])
    zeros = {column.name: 0 for column in kpi.columns if column.measure in ("additive", "distinct")}
    return pa.Table.from_pylist([{"listen_date": day, **zeros, **row} for row in rows], schema=schema)


def genre_day(day: date = MONDAY, **counts: int) -> pa.Table:
    """Listens by genre."""
    return day_of(KPIS["genre_daily"], ({"genre": name, "listen_count": n} for name, n in counts.items()), day)


def user_day(users: int, listens: int = 1, day: date = MONDAY) -> pa.Table:
    """So many users, each with so many listens."""
    return day_of(KPIS["user_daily"], ({"user_id": n, "listen_count": listens} for n in range(users)), day)


def genre_chart(*genres: str | None, day: date = MONDAY) -> pa.Table:
    """Genres in their order; None is a place that vanished."""
    places = enumerate(genres, start=1)
    rows = ({"position": n, "genre": name, "rank": n, "listen_count": 9 if name else 0} for n, name in places)
    return day_of(KPIS["top_genres_daily"], rows, day)


def song_chart(day: date = MONDAY, **tracks: Iterable[str]) -> pa.Table:
    """The tracks of each genre in their order."""
    rows = (
        {"genre": genre, "position": n, "rank": n, "track_id": track, "track_name": f"The {track}", "listen_count": 9}
        for genre, listed in tracks.items()
        for n, track in enumerate(listed, start=1)
    )
    return day_of(KPIS["top_songs_daily"], rows, day)
