"""Deliveries: recorded whole or not at all, and found again by whatever a step asks for."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, timedelta

import pytest

from hitparade.contracts.manifest import builtin_contract
from hitparade.errors import Fenced, HitParadeError
from hitparade.ledger import Ledger
from tests.engines.staging import contract_with
from tests.ledger.records import MONDAY, NOW, TUESDAY, WEDNESDAY, begun, delivery, record, touched


def seqs(found: object) -> list[int]:
    return [each.seq for each in found]  # type: ignore[attr-defined]


def test_a_delivery_is_read_as_it_was_written(ledger: Ledger) -> None:
    run = begun(ledger)
    new = replace(delivery("ä'\"; DROP.csv", touched={MONDAY: 2}), reason="warning: x", size=5_000_000_000)
    (seq,) = record(ledger, run, new)

    (found,) = ledger.deliveries()

    assert new.contract is not None
    same = {name: value for name, value in asdict(new).items() if name not in ("contract", "supersedes", "touched")}
    same |= {"seq": seq, "contract": new.contract.hash, "loaded_at": NOW, "run": run}
    assert asdict(found) == same


def test_seqs_go_on_over_runs_in_the_order_given(ledger: Ledger) -> None:
    first = record(ledger, begun(ledger), delivery("a"), delivery("b"))
    second = record(ledger, begun(ledger), delivery("c"))

    assert (first, second) == ((1, 2), (3,))
    assert [each.name for each in ledger.deliveries()] == ["c", "b", "a"]


def test_nothing_to_record_is_nothing(ledger: Ledger) -> None:
    assert record(ledger, begun(ledger)) == ()
    assert ledger.deliveries() == ()


def test_a_batch_is_recorded_whole_or_not_at_all(ledger: Ledger) -> None:
    run = begun(ledger)
    before = record(ledger, run, delivery("a", load_id=10_001, touched={MONDAY: 1}))

    with pytest.raises(HitParadeError):
        record(
            ledger,
            run,
            delivery("b", touched={TUESDAY: 1}, supersedes=before, contract=contract_with(max_rows=7)),
            delivery("c", load_id=10_001),
        )

    assert [(each.name, each.status) for each in ledger.deliveries()] == [("a", "loaded")]
    assert touched(ledger) == {MONDAY: 1}
    assert ledger.contract_text(contract_with(max_rows=7).hash) is None
    assert record(ledger, run, delivery("d")) == (2,)


def test_what_supersedes_takes_the_others_out_of_effect_and_touches_no_more_than_it_says(ledger: Ledger) -> None:
    run = begun(ledger)
    old = record(ledger, run, delivery("a", touched={MONDAY: 3}), delivery("b", touched={MONDAY: 1}))
    new = delivery("a", content="new", supersedes=old[:1], touched={MONDAY: 0, TUESDAY: 2})
    (seq,) = record(ledger, run, new)

    assert {each.seq: each.status for each in ledger.deliveries()} == {1: "superseded", 2: "loaded", 3: "loaded"}
    assert seqs(ledger.in_effect_under("streams", ["data/streams/a", "data/streams/b"])) == [2, 3]
    assert touched(ledger) == {MONDAY: seq, TUESDAY: seq}
    assert [(each.seq, rows) for each, rows in ledger.touching(MONDAY)] == [(1, 3), (2, 1), (3, 0)]


def test_days_of_are_those_with_rows(ledger: Ledger) -> None:
    run = begun(ledger)
    one = delivery("a", touched={MONDAY: 3, TUESDAY: 0})
    other = delivery("b", touched={MONDAY: 1, WEDNESDAY: 1})
    first, second = record(ledger, run, one, other)

    assert ledger.days_of([first]) == {MONDAY}
    assert ledger.days_of({first, second, 99}) == {MONDAY, WEDNESDAY}
    assert ledger.days_of([]) == frozenset()


def test_load_ids_are_of_what_is_in_effect_and_touches_the_days(ledger: Ledger) -> None:
    run = begun(ledger)
    record(
        ledger,
        run,
        delivery("a", load_id=90_001, touched={MONDAY: 3, TUESDAY: 1}),
        delivery("b", load_id=90_002, touched={TUESDAY: 1}),
        delivery("c", load_id=90_003, status="quarantined"),
        delivery("d", load_id=90_004, status="duplicate"),
        delivery("e", load_id=90_005, dataset="songs", touched={MONDAY: 0}),
    )
    record(ledger, run, delivery("a", load_id=90_006, supersedes=(1,), touched={MONDAY: 2}))

    assert ledger.load_ids("streams") == {90_002: 2, 90_006: 6}
    assert ledger.load_ids("streams", days=[MONDAY]) == {90_006: 6}
    assert ledger.load_ids("streams", days={MONDAY, TUESDAY}) == {90_002: 2, 90_006: 6}
    assert ledger.load_ids("streams", days=[WEDNESDAY]) == {}
    assert ledger.load_ids("streams", days=[]) == {}
    assert ledger.load_ids("songs") == {90_005: 5}
    assert ledger.load_ids("users") == {}


def test_seen_is_by_name_size_and_etag(ledger: Ledger) -> None:
    new = delivery("a")
    record(ledger, begun(ledger), new, delivery("b", status="quarantined"))
    known = (new.uri, new.size, new.etag)
    others = [(new.uri, new.size + 1, new.etag), (new.uri, new.size, "other"), ("data/streams/z", new.size, new.etag)]

    assert {known: each.name for known, each in ledger.seen([known, *others]).items()} == {known: "a"}
    assert ledger.seen([("data/streams/b", new.size, new.etag)]) != {}
    assert ledger.seen([]) == {}


def test_contents_are_found_in_their_dataset_whatever_became_of_them(ledger: Ledger) -> None:
    run = begun(ledger)
    new = delivery("a", content="x")
    record(
        ledger,
        run,
        new,
        delivery("b", content="x", status="duplicate"),
        delivery("c", content="y", status="quarantined"),
        delivery("d", content="x", dataset="songs"),
    )

    assert seqs(ledger.with_contents("streams", [new.sha256])) == [1, 2]
    assert seqs(ledger.with_contents("streams", [new.sha256, "y".ljust(64, "0")])) == [1, 2, 3]
    assert seqs(ledger.with_contents("users", [new.sha256])) == []
    assert ledger.with_contents("streams", []) == ()


def test_the_newest_is_the_last_in_effect(ledger: Ledger) -> None:
    run = begun(ledger)
    assert ledger.newest("songs") is None
    record(
        ledger,
        run,
        delivery("a", dataset="songs"),
        delivery("b", dataset="songs"),
        delivery("c", dataset="songs", status="quarantined"),
        delivery("d", dataset="users"),
    )

    newest = ledger.newest("songs")

    assert newest is not None
    assert newest.name == "b"


def test_deliveries_come_newest_first_and_may_be_narrowed(ledger: Ledger) -> None:
    run = begun(ledger)
    record(
        ledger,
        run,
        delivery("a"),
        delivery("b", status="quarantined"),
        delivery("c", dataset="songs"),
        delivery("d"),
    )

    assert seqs(ledger.deliveries()) == [4, 3, 2, 1]
    assert seqs(ledger.deliveries(dataset="streams")) == [4, 2, 1]
    assert seqs(ledger.deliveries(status="quarantined")) == [2]
    assert seqs(ledger.deliveries(dataset="streams", status="loaded", limit=1)) == [4]


def test_counts_are_by_dataset_and_status(ledger: Ledger) -> None:
    run = begun(ledger)
    record(
        ledger,
        run,
        delivery("a", rows=5, rejected=1),
        delivery("b", rows=10, rejected=0),
        delivery("c", rows=7, rejected=7, status="quarantined"),
        delivery("d", rows=2, rejected=0, dataset="users"),
    )

    assert ledger.counts() == {
        ("streams", "loaded"): (2, 15, 14, 1),
        ("streams", "quarantined"): (1, 7, 0, 7),
        ("users", "loaded"): (1, 2, 2, 0),
    }


def test_what_is_settled_leaves_quarantine_and_says_why(ledger: Ledger) -> None:
    run = begun(ledger)
    record(ledger, run, *(delivery(name, status="quarantined") for name in ("a", "b", "c")), delivery("d"))

    assert ledger.settle(run, "released", {1: "mended", 4: "not in quarantine", 9: "nowhere"}) == (1,)
    assert ledger.settle(run, "discarded", {1: "too late", 3: "none of ours"}) == (3,)

    found = {each.seq: (each.status, each.reason) for each in ledger.deliveries()}
    assert found == {
        1: ("released", "mended"),
        2: ("quarantined", None),
        3: ("discarded", "none of ours"),
        4: ("loaded", None),
    }
    for status, expected in (("quarantined", [2]), ("released", [1]), ("discarded", [3]), ("superseded", [])):
        assert seqs(ledger.deliveries(status=status)) == expected  # type: ignore[arg-type]
        assert seqs(ledger.deliveries(dataset="streams", status=status, limit=1)) == expected  # type: ignore[arg-type]
    assert seqs(ledger.deliveries(dataset="streams")) == [4, 3, 2, 1]
    assert {status: row[0] for (_, status), row in ledger.counts().items()} == {
        "loaded": 1,
        "quarantined": 1,
        "released": 1,
        "discarded": 1,
    }
    assert [each.status for each in ledger.with_contents("streams", ["a".ljust(64, "0")])] == [
        "released",
        "quarantined",
        "discarded",
        "loaded",
    ]


def test_the_newest_settled_are_found_past_many_others(ledger: Ledger) -> None:
    run = begun(ledger)
    record(ledger, run, *(delivery(f"{number}", status="quarantined") for number in range(9)))
    ledger.settle(run, "released", {2: "x", 3: "x", 5: "x"})
    ledger.settle(run, "discarded", dict.fromkeys((1, 4, 6, 7, 8, 9), "x"))

    assert seqs(ledger.deliveries(status="released", limit=2)) == [5, 3]
    assert seqs(ledger.deliveries(status="quarantined")) == []


def test_settling_belongs_to_a_run(ledger: Ledger) -> None:
    run = begun(ledger)
    record(ledger, run, delivery("a", status="quarantined"))
    begun(ledger)

    for seq in (1, 2):
        with pytest.raises(Fenced):
            ledger.settle(run, "released", {seq: "too late"})

    assert seqs(ledger.deliveries(status="quarantined")) == [1]


def test_a_contract_is_recorded_once_and_found_by_its_hash(ledger: Ledger) -> None:
    run = begun(ledger)
    strict, known = contract_with(max_rows=5), builtin_contract("streams")
    record(ledger, run, delivery("a", contract=strict), delivery("b", contract=strict), delivery("c", contract=known))
    record(ledger, run, delivery("d", contract=strict), replace(delivery("e"), contract=None))

    assert ledger.contract_text(strict.hash) == strict.text
    assert ledger.contract_text(known.hash) == known.text
    assert ledger.contract_text("nowhere") is None
    assert [each.contract for each in ledger.deliveries(limit=2)] == [None, strict.hash]


def test_more_values_than_one_statement_takes(ledger: Ledger) -> None:
    run = begun(ledger)
    days = [date(2000, 1, 1) + timedelta(days=number) for number in range(5_100)]
    first = delivery("a", content="x", load_id=70_001, touched=dict.fromkeys(days, 1))
    last = delivery("z", content="z", load_id=70_002, touched={days[-1]: 1})
    record(ledger, run, first, last)
    many = [f"{number:064}" for number in range(70_000)]
    names = [f"data/streams/{number}" for number in range(70_000)]
    identities = [(first.uri, first.size, first.etag), (last.uri, last.size, last.etag)]

    assert seqs(ledger.with_contents("streams", [first.sha256, *many, last.sha256])) == [1, 2]
    assert seqs(ledger.in_effect_under("streams", [first.uri, *names, last.uri])) == [1, 2]
    assert set(ledger.seen([*identities, *((name, 1, "x") for name in names)])) == set(identities)
    assert ledger.load_ids("streams", days=days) == {70_001: 1, 70_002: 2}
    assert ledger.days_of(range(70_000)) == set(days)
    record(ledger, run, delivery("b", supersedes=(1, 2, *range(1_000, 70_000))))
    assert ledger.load_ids("streams").keys() == {ledger.deliveries(limit=1)[0].load_id}
