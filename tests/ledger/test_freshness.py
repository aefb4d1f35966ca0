"""How fresh days are: what was computed last, from how many files, how many of their rows came late, what waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.ledger import Ledger
from tests.ledger.records import MONDAY, NOW, TUESDAY, WEDNESDAY, begun, computation, delivery, record

HASHES = {"k": "h" * 64}
THURSDAY, FRIDAY = (WEDNESDAY + timedelta(days=number) for number in (1, 2))
NEXT_YEAR = date(2025, 1, 1)


@pytest.fixture
def past(ledger: Ledger) -> Ledger:
    """Deliveries in and out of order, one of which was superseded, and Monday and Tuesday computed."""
    run = begun(ledger)
    record(ledger, run, delivery("1", touched={MONDAY: 10, TUESDAY: 20}))
    record(
        ledger, run, delivery("2", touched={MONDAY: 3, WEDNESDAY: 5}), delivery("3", touched={TUESDAY: 7, WEDNESDAY: 9})
    )
    record(ledger, run, delivery("4", dataset="songs", touched={MONDAY: 0}), delivery("5", status="quarantined"))
    record(ledger, run, delivery("6", touched={MONDAY: 100, NEXT_YEAR: 1}))
    record(ledger, run, delivery("6", supersedes=(6,), touched={MONDAY: 1, NEXT_YEAR: 1}))
    record(ledger, run, delivery("8", touched={THURSDAY: 6}))
    later = replace(computation("k", TUESDAY, run=run, seq=3), computed_at=NOW + timedelta(hours=1))
    ledger.record_computations(run, [computation("k", MONDAY, run=run, seq=7), later])
    ledger.record_computations(run, [computation("other", WEDNESDAY, run=run, seq=9)])
    return ledger


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        # Late: on Monday the 3 rows of the second, after the Tuesday of the first, and the 1 of the seventh; on
        # Tuesday the 7 of the third, after the Wednesday of the second; on Wednesday none, though two came; on
        # Thursday the 6 of the eighth. What the sixth brought counts no more.
        (ALWAYS, Freshness(NOW + timedelta(hours=1), version=7, files=5, late_rows=17, behind=3)),
        (Span(MONDAY, MONDAY), Freshness(NOW, version=7, files=3, late_rows=4, behind=0)),
        (Span(TUESDAY, TUESDAY), Freshness(NOW + timedelta(hours=1), version=3, files=2, late_rows=7, behind=0)),
        (Span(TUESDAY, None), Freshness(NOW + timedelta(hours=1), version=3, files=5, late_rows=13, behind=3)),
        (Span(None, MONDAY), Freshness(NOW, version=7, files=3, late_rows=4, behind=0)),
        (Span(WEDNESDAY, WEDNESDAY), Freshness(None, version=None, files=2, late_rows=0, behind=1)),
        (Span(THURSDAY, THURSDAY), Freshness(None, version=None, files=1, late_rows=6, behind=1)),
        (Span(FRIDAY, FRIDAY), Freshness(None, version=None, files=0, late_rows=0, behind=0)),
    ],
    ids=lambda given: f"{given.first}-{given.last}" if isinstance(given, Span) else "",
)
def test_days_are_as_fresh_as_the_ledger_knows(past: Ledger, days: Span, expected: Freshness) -> None:
    assert past.freshness(HASHES, days) == expected


def test_another_hash_leaves_every_day_behind(past: Ledger) -> None:
    assert past.freshness({"k": "changed"}, Span(MONDAY, TUESDAY)).behind == 2


def test_of_no_kpi_there_is_what_has_come(past: Ledger) -> None:
    assert past.freshness({}) == Freshness(None, version=None, files=5, late_rows=17, behind=0)


def test_an_empty_ledger_knows_of_nothing(ledger: Ledger) -> None:
    assert ledger.freshness(HASHES) == Freshness(None, version=None, files=0, late_rows=0, behind=0)
