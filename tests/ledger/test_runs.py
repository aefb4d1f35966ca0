"""Facts, runs and fencing: what every ledger promises, whatever database holds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from hitparade.errors import Fenced
from hitparade.ledger import Ledger, open_ledger
from tests.ledger.records import MONDAY, NOW, TUESDAY, begun, computation, delivery, publication, record

WRITES: dict[str, Callable[[Ledger, int], object]] = {
    "deliveries": lambda ledger, run: record(ledger, run, delivery()),
    "computations": lambda ledger, run: ledger.record_computations(run, [computation("k", MONDAY, run=run)]),
    "publications": lambda ledger, run: ledger.record_publications(run, [publication("s", "t", MONDAY, run=run)]),
    "no computations": lambda ledger, run: ledger.record_computations(run, []),
    "no publications": lambda ledger, run: ledger.record_publications(run, []),
    "no deliveries": lambda ledger, run: record(ledger, run),
}


def test_facts_are_kept_and_never_overwritten(ledger: Ledger) -> None:
    assert ledger.prepare({"timezone": "UTC"}) == {"timezone": "UTC"}
    assert ledger.prepare({"timezone": "Europe/Berlin", "format": "1"}) == {"timezone": "UTC", "format": "1"}
    assert ledger.prepare({}) == {"timezone": "UTC", "format": "1"}


def test_a_ledger_keeps_what_it_knows_when_it_is_opened_again(ledger: Ledger, ledger_url: str) -> None:
    run = begun(ledger)
    record(ledger, run, delivery())
    ledger.close()

    again = open_ledger(ledger_url)
    again.prepare({})

    assert (len(again.deliveries()), begun(again)) == (1, run + 1)
    again.close()


def test_a_new_ledger_has_seen_no_run(ledger: Ledger) -> None:
    assert ledger.latest_run() is None


def test_run_numbers_count_from_one(ledger: Ledger) -> None:
    assert [begun(ledger) for _ in range(3)] == [1, 2, 3]


def test_the_latest_run_tells_who_it_is_and_when_it_was_last_heard_of(ledger: Ledger) -> None:
    begun(ledger, "load")
    run = begun(ledger, "compute")
    later, end = NOW + timedelta(seconds=5), NOW + timedelta(seconds=9)

    ledger.beat(run, now=later)
    at_work = ledger.latest_run()
    ledger.end_run(run, now=end)
    ended = ledger.latest_run()

    assert at_work is not None
    assert ended is not None
    assert (at_work.run, at_work.command, at_work.host) == (run, "compute", "here/1")
    assert (at_work.started_at, at_work.heartbeat_at, at_work.ended_at) == (NOW, later, None)
    assert (ended.run, ended.heartbeat_at, ended.ended_at) == (run, end, end)


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_run_may_not_write_any_more_once_a_later_one_exists(
    ledger: Ledger, write: Callable[[Ledger, int], object]
) -> None:
    early = begun(ledger)
    late = begun(ledger)

    with pytest.raises(Fenced, match=f"run {early} .* run {late}"):
        write(ledger, early)

    assert ledger.deliveries() == ()
    assert ledger.computations() == ()
    assert ledger.publications("s") == ()
    write(ledger, late)


def test_a_run_that_is_over_still_fences_those_before_it(ledger: Ledger) -> None:
    early, late = begun(ledger), begun(ledger)
    ledger.end_run(late, now=NOW)

    with pytest.raises(Fenced):
        record(ledger, early, delivery())


def test_computations_are_replaced_by_kpi_and_day(ledger: Ledger) -> None:
    run = begun(ledger)
    first = [computation("k", MONDAY, run=run), computation("other", MONDAY, run=run)]
    ledger.record_computations(run, first)
    again = computation("k", MONDAY, run=run, seq=7, rows=9)
    ledger.record_computations(run, [again])

    assert set(ledger.computations()) == {again, first[1]}
    assert ledger.computations(kpi="k") == (again,)
    assert set(ledger.computations(days=[MONDAY])) == {again, first[1]}
    assert ledger.computations(kpi="k", days=[NOW.date()]) == ()


def test_publications_are_replaced_by_sink_table_and_day(ledger: Ledger) -> None:
    run = begun(ledger)
    first = [publication("s", "t", MONDAY, run=run), publication("s", "u", MONDAY, run=run)]
    ledger.record_publications(run, [*first, publication("other", "t", MONDAY, run=run)])
    again = publication("s", "t", MONDAY, run=run, computed_run=2)
    ledger.record_publications(run, [again])

    assert set(ledger.publications("s")) == {again, first[1]}
    assert len(ledger.publications("other")) == 1
    assert ledger.publications("nobody") == ()


def test_computations_by_other_definitions_than_those_given(ledger: Ledger) -> None:
    run = begun(ledger)
    mine, edited, removed = (computation(kpi, MONDAY, run=run) for kpi in ("mine", "edited", "removed"))
    unsettled = replace(computation("removed", TUESDAY, run=run), hash="")
    ledger.record_computations(run, [mine, edited, removed, unsettled])

    found = ledger.computed_otherwise({"mine": mine.hash, "edited": "e" * 64, "never computed": "n"})

    assert set(found) == {edited, removed}
    assert set(ledger.computed_otherwise({})) == {mine, edited, removed}
