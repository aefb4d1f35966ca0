"""How listening is spread: over the days of a week, the hours of a day, users, tracks and files.

Uniform noise hides what real listening brings out: hot keys, days of unequal weight, hours with little in
them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate, pairwise

from hitparade.sample.seeds import seeded
from hitparade.sample.spec import SampleSpec

WEEKDAYS = (0.93, 0.92, 0.95, 1.0, 1.13, 1.12, 0.95)
"""Weights of Monday to Sunday: people listen most on Friday and Saturday."""

WORKDAY_HOURS = (18, 10, 6, 4, 5, 12, 26, 42, 50, 46, 43, 44, 47, 46, 45, 48, 56, 66, 72, 74, 75, 70, 55, 40)
WEEKEND_HOURS = (34, 24, 16, 9, 6, 6, 10, 18, 30, 42, 50, 54, 56, 55, 54, 54, 56, 60, 66, 70, 72, 66, 56, 36)
"""Weights of the hours, summing to 1000: an evening peak, a quiet night, weekends later than workdays."""

SEGMENT_ROWS = 1_000_000
"""Rows drawn at once, which bounds the memory whatever the size of a file."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day and how many listens it has."""

    number: int
    date: date
    listens: int


@dataclass(frozen=True, slots=True)
class Segment:
    """The listens `first` to `stop` - 1 of one day."""

    day: Day
    first: int
    stop: int


def days(spec: SampleSpec) -> tuple[Day, ...]:
    """The days of a sample; their listens add up to exactly `spec.listens`."""
    rng = seeded(spec.seed, "days")
    dates = [spec.start + timedelta(days=number) for number in range(spec.days)]
    weights = [WEEKDAYS[day.weekday()] * rng.uniform(0.94, 1.06) for day in dates]
    total = sum(weights)
    shares = [part / total for part in accumulate(weights)]
    ends = [0, *(round(spec.listens * share) for share in shares[:-1]), spec.listens]
    return tuple(
        Day(number, day, stop - first)
        for number, (day, (first, stop)) in enumerate(zip(dates, pairwise(ends), strict=True))
    )


def hours(day: date) -> list[int]:
    """1000 slots, each an hour: a uniform draw among them has the day's rhythm."""
    weights = WEEKEND_HOURS if day.weekday() >= 5 else WORKDAY_HOURS
    return [hour for hour, weight in enumerate(weights) for _ in range(weight)]


def files(spec: SampleSpec, calendar: tuple[Day, ...]) -> list[list[Segment]]:
    """What each stream file holds: whole days in order, or shares of a day if there are more files than days.

    A file that would hold nothing is left out: two files with only a header are one content delivered twice.
    """
    if spec.files <= spec.days:
        firsts = [number * spec.days // spec.files for number in range(spec.files + 1)]
        spans = (calendar[first:stop] for first, stop in pairwise(firsts))
        plan = [[piece for day in span for piece in _pieces(day, 0, day.listens)] for span in spans]
        return [segments for segments in plan if segments]
    firsts = [-(-number * spec.files // spec.days) for number in range(spec.days + 1)]
    plan = []
    for day, (first, stop) in zip(calendar, pairwise(firsts), strict=True):
        cuts = [day.listens * share // (stop - first) for share in range(stop - first + 1)]
        plan.extend(_pieces(day, low, high) for low, high in pairwise(cuts))
    return [segments for segments in plan if segments]


def _pieces(day: Day, first: int, stop: int) -> list[Segment]:
    return [Segment(day, low, min(low + SEGMENT_ROWS, stop)) for low in range(first, stop, SEGMENT_ROWS)]


def track_bend(tracks: int) -> float:
    """Where the Zipf curve of tracks bends: without it one track alone would have a tenth of all listens."""
    return 1.0 + tracks / 5000


def user_bend(users: int) -> float:
    """Likewise for users, whose curve is gentler: nobody listens to a thousand songs a day."""
    return 1.0 + users / 200
