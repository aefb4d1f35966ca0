"""Which rows may leave, from what the ledger says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hitparade.maintain.known import Known, superseded
from hitparade.model import Delivery, Status

NOON = datetime(2024, 7, 1, 12, tzinfo=UTC)


def came(seq: int, status: Status, *, name: str = "a.csv", hour: int = 0) -> Delivery:
    """A delivery of a name, some hours after noon."""
    return Delivery(
        seq=seq,
        load_id=seq,
        dataset="streams",
        uri=f"data/streams/{name}",
        size=1,
        etag="",
        sha256="",
        contract=None,
        status=status,
        rows_read=1,
        rows_loaded=1,
        rows_rejected=0,
        reason=None,
        loaded_at=NOON + timedelta(hours=hour),
        run=1,
    )


def test_a_corrected_file_is_as_old_as_its_correction() -> None:
    newest_first = [came(3, "loaded", hour=5), came(2, "duplicate", hour=1), came(1, "superseded")]

    assert superseded(newest_first, before=NOON + timedelta(hours=4)) == []
    assert [each.seq for each in superseded(newest_first, before=NOON + timedelta(hours=5))] == [1]


def test_a_correction_of_another_name_says_nothing() -> None:
    newest_first = [came(2, "loaded", name="b.csv"), came(1, "superseded")]

    assert superseded(newest_first, before=NOON + timedelta(days=1)) == []


def test_of_a_run_that_may_still_be_at_work_nothing_is_dead() -> None:
    known = Known(settled=100, kept=frozenset({7}))

    assert [known.is_dead(load_id) for load_id in (7, 8, 99, 100, 101)] == [False, True, True, False, False]
