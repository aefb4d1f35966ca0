"""Numbers, times and days as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hitparade.dashboard import words
from hitparade.freshness import Freshness

NOON = datetime(2024, 7, 2, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (0, "0 s"),
        (1_999, "1 s"),
        (59_900, "59 s"),
        (60_000, "1 min"),
        (3_599_000, "59 min"),
        (3_600_000, "1 h 0 min"),
        (12_000_000, "3 h 20 min"),
        (35_999_000, "9 h 59 min"),
        (36_000_000, "10 h"),
        (36_000_000 + 1_800_001, "11 h"),
        (4_444_000 * 3_600_000, "4,444,000 h"),
    ],
)
def test_a_time_is_as_exact_as_it_matters(milliseconds: int, told: str) -> None:
    assert words.time(milliseconds) == told


def test_counts_have_their_thousands_apart() -> None:
    assert [words.count(number) for number in (0, 999, 1_000, 12_345_678)] == ["0", "999", "1,000", "12,345,678"]
    assert [words.counted(number, "file") for number in (0, 1, 2_000)] == ["0 files", "1 file", "2,000 files"]
    assert words.counted(3, "country", "countries") == "3 countries"


def test_days_and_hours_have_their_names() -> None:
    assert words.day(date(2024, 7, 2)) == "Tuesday, 2 July 2024"
    assert [words.hour(value) for value in (0, 9, 23)] == ["00:00", "09:00", "23:00"]


@pytest.mark.parametrize(
    ("fresh", "told"),
    [
        (Freshness(), "Nothing was computed yet."),
        (Freshness(NOON), "As of 2 Jul 2024, 12:05 UTC"),
        (
            Freshness(NOON, version=1234, files=1, late_rows=0, behind=0),
            "As of 2 Jul 2024, 12:05 UTC · 1 file · version 1,234 · up to date",
        ),
        (
            Freshness(NOON, version=4, files=2, late_rows=1, behind=1),
            "As of 2 Jul 2024, 12:05 UTC · 2 files · 1 late row · version 4 · 1 day to be computed anew",
        ),
    ],
)
def test_freshness_says_what_the_source_knows(fresh: Freshness, told: str) -> None:
    assert words.freshness(fresh) == told
