"""What the command line shows, which pages and reports must say too, and how the cells of their tables say it."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from datetime import date, timedelta
from io import StringIO
from typing import Any

from hitparade.cli.app import run as hitparade
from tests.shop import Shop

FIRST, LAST = date(2024, 6, 28), date(2024, 7, 2)
HIT = "<script>alert(1)</script> & 🎵"
NO_DAY_BEFORE = "\N{EN DASH}"
Cells = list[list[str]]


def told(shop: Shop, *command: str) -> Any:
    """What a command says in JSON."""
    with redirect_stdout(StringIO()) as said:
        assert hitparade([*command, "--json", "--config", str(shop.root / "hitparade.toml")]) == 0
    return json.loads(said.getvalue())


def shown(shop: Shop, kpi: str, day: date, *options: str) -> list[dict[str, Any]]:
    """The rows of a KPI's day."""
    rows: list[dict[str, Any]] = told(shop, "show", kpi, "--date", str(day), *options)
    return rows


def genres_shown(shop: Shop, day: date) -> Cells:
    """The genres' table: place, move, genre, listens, listeners, time."""
    before = {
        row["genre"]: row["position"] for row in shown(shop, "top_genres_daily", yesterday(day), "--limit", "100")
    }
    return [
        [
            str(row["position"]),
            moved(row["position"], before, row["genre"]),
            row["genre"],
            f"{row['listen_count']:,}",
            f"{row['unique_listeners']:,}",
            time(row["listening_ms"]),
        ]
        for row in shown(shop, "top_genres_daily", day, "--limit", "10")
    ]


def songs_shown(shop: Shop, day: date, genre: str, limit: int = 10) -> Cells:
    """The songs' table: place, move, song and artists, listens, listeners."""
    narrowed = ("--genre", genre, "--limit")
    rows = shown(shop, "top_songs_daily", yesterday(day), *narrowed, "100")
    before = {row["track_id"]: row["position"] for row in rows}
    return [
        [
            str(row["position"]),
            moved(row["position"], before, row["track_id"]),
            f"{row['track_name']}\n{row['artists'].replace(';', ', ')}",
            f"{row['listen_count']:,}",
            f"{row['unique_listeners']:,}",
        ]
        for row in shown(shop, "top_songs_daily", day, *narrowed, str(limit))
    ]


def artists_shown(shop: Shop, day: date) -> Cells:
    """The artists of the hours: hour, artist, their listens, all listens."""
    artists = {row["listen_hour"]: row for row in shown(shop, "top_artist_hourly", day)}
    return [
        [
            f"{row['listen_hour']:02}:00",
            artists[row["listen_hour"]]["artist"],
            f"{artists[row['listen_hour']]['listen_count']:,}",
            f"{row['listen_count']:,}",
        ]
        for row in shown(shop, "hourly", day)
    ]


def numbers_shown(shop: Shop, day: date) -> dict[str, str]:
    """The numbers of a day."""
    listeners = shown(shop, "user_daily", day)
    return {
        "listens": f"{sum(row['listen_count'] for row in listeners):,}",
        "listeners": f"{len(listeners):,}",
        "listened": time(sum(row["listening_ms"] for row in listeners)),
        "genres": f"{len(shown(shop, 'top_genres_daily', day, '--limit', '1000')):,}",
    }


def moved(position: int, before: dict[str, int], key: str) -> str:
    """How a place has changed, as a cell says it."""
    if not before:
        return NO_DAY_BEFORE
    if key not in before:
        return "new"
    places = before[key] - position
    return "=" if places == 0 else f"▲ {places}" if places > 0 else f"▼ {-places}"


def time(milliseconds: int) -> str:
    """A time, as a cell says it."""
    seconds = timedelta(milliseconds=milliseconds).total_seconds()
    if seconds >= 36_000:
        return f"{round(seconds / 3600):,} h"
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{int(seconds)} s"


def yesterday(day: date) -> date:
    """The day before."""
    return day - timedelta(days=1)
