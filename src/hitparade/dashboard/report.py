"""The charts of a day as one page of HTML that needs nothing else: no script, no network, pictures within it."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from hitparade.charts import Charts
from hitparade.dashboard import pictures, questions
from hitparade.dashboard.fragments import fragment, style
from hitparade.errors import ConfigError, StorageError
from hitparade.freshness import Freshness
from hitparade.storage.local import LocalStorage

GENRES_OF_SONGS, SONGS_OF_GENRE = 4, 5
WEEKS = 4
WIDE, HALF = 720, 344
"""Widths of pictures, in pixels: a page of A4 has some 720."""


def write_report(charts: Charts, out: Path, *, day: date | None) -> date:
    """Write the page of a day, the last one unless told otherwise, whole or not at all; the day."""
    chosen = day or charts.latest()
    if chosen is None:
        raise ConfigError("there is nothing to report: no day has listens", hint="hitparade run, then again")
    if chosen not in charts.days():
        raise ConfigError(f"there are no listens on {chosen}", hint=f"there are some on {near(charts.days(), chosen)}")
    keep(out, page(charts, chosen))
    return chosen


def near(days: Sequence[date], day: date) -> str:
    """The days next to one."""
    return " and ".join(str(each) for each in sorted(sorted(days, key=lambda other: abs(other - day))[:2]))


def keep(out: Path, text: str) -> None:
    """Write a file in a folder that is there; a folder of a mistyped name is not made."""
    if not out.parent.is_dir():
        raise StorageError(f"cannot write {out}: {os.strerror(errno.ENOENT)}", hint="choose another --out")
    LocalStorage().write(str(out), text.encode())


def page(charts: Charts, day: date) -> str:
    """The page."""
    first = max(day - timedelta(days=7 * WEEKS - 1), charts.days()[0])
    genres = questions.genres_of(charts, day)[:GENRES_OF_SONGS]
    hours = questions.hours_of(charts, day)
    return fragment(
        "report",
        style=style(),
        day=day,
        numbers=questions.in_numbers(questions.day_in_numbers(charts, day)),
        genres=questions.top_genres(charts, day),
        songs={genre: questions.top_songs(charts, day, genre)[:SONGS_OF_GENRE] for genre in genres},
        hours=hours,
        weeks=WEEKS,
        trend=trend_of(charts, first, day),
        by_hour=svg(pictures.hours_of_day(hours), HALF),
        diversity=svg(pictures.diversity(hours), HALF),
        heat_map=svg(pictures.heat_map(questions.hours_of_days(charts, first, day)), WIDE),
        listeners=listeners_of(charts, day),
        fewest=questions.FEWEST,
        fresh=freshness_of(charts, first, day),
    )


def trend_of(charts: Charts, first: date, last: date) -> str | None:
    """The picture of the top genres over time; None where nothing has a genre."""
    table = questions.trends(charts, first, last)
    genres = questions.most_heard(table, questions.LINES_AT_FIRST)
    if not genres:
        return None
    return svg(pictures.trend(table, genres, "listen_count", "listens per day", days=(first, last)), WIDE)


def listeners_of(charts: Charts, day: date) -> dict[str, str]:
    """The pictures of listeners by their titles, as far as the source holds what they show."""
    found = {}
    for title, question, width in (
        ("By country", questions.countries, HALF),
        ("By age", questions.age_bands, HALF),
    ):
        if groups := questions.held(question, charts, day):
            found[title] = svg(pictures.group_bars(groups), width)
    if bins := questions.held(questions.listening_times, charts, day):
        found["For how long people listened"] = svg(pictures.histogram(bins), WIDE)
    return found


def freshness_of(charts: Charts, first: date, last: date) -> Freshness:
    """How fresh what the page shows is."""
    return charts.freshness("genre_daily", first=first, last=last)


def svg(picture: pictures.Picture, width: int) -> str:
    """A picture as SVG, of a width in pixels."""
    import vl_convert

    found: str = vl_convert.vegalite_to_svg(picture.whole(width))
    return found
