"""Numbers as people read them: thousands apart, hours and minutes for milliseconds, days by their names."""

from __future__ import annotations

from datetime import date, datetime

from hitparade.freshness import Freshness

SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
LONG_HOURS = 10


def count(number: float) -> str:
    """A number of things: 12,345."""
    return f"{number:,.0f}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number of things, and what they are: 1 file, 2 files."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def time(milliseconds: float) -> str:
    """A time, as exact as it matters: 121 h, 3 h 20 min, 4 min, 45 s."""
    hours, rest = divmod(round(milliseconds), HOUR)
    minutes = rest // MINUTE
    if hours >= LONG_HOURS:
        return f"{count(round(milliseconds / HOUR))} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{rest // SECOND} s"


def day(value: date) -> str:
    """A day: Tuesday, 25 June 2024."""
    return f"{value:%A}, {value.day} {value:%B %Y}"


def hour(value: int) -> str:
    """An hour of a day: 09:00."""
    return f"{value:02d}:00"


def run(number: int | None, at: datetime | None, *, running: bool) -> str:
    """The last run, in a line."""
    if number is None or at is None:
        return "Nothing was run yet."
    return f"Run {count(number)} {'is at work, heard of' if running else 'ended'} {moment(at)}."


def moment(value: datetime) -> str:
    """A moment: 25 Jun 2024, 09:05 UTC."""
    return f"{value.day} {value:%b %Y, %H:%M} UTC"


def freshness(fresh: Freshness) -> str:
    """How fresh an answer is, in a line."""
    if fresh.as_of is None:
        return "Nothing was computed yet."
    parts = [f"As of {moment(fresh.as_of)}"]
    if fresh.files is not None:
        parts.append(counted(fresh.files, "file"))
    if fresh.late_rows:
        parts.append(counted(fresh.late_rows, "late row"))
    if fresh.version is not None:
        parts.append(f"version {count(fresh.version)}")
    if fresh.behind is not None:
        parts.append(f"{counted(fresh.behind, 'day')} to be computed anew" if fresh.behind else "up to date")
    return " · ".join(parts)
