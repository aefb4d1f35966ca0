"""Ledgers on DynamoDB for tests: with a past, and asked for everything they know."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from hitparade.ledger import open_ledger
from hitparade.ledger.dynamodb.ledger import DynamoLedger
from tests.dynamodb import new_table
from tests.engines.staging import contract_with
from tests.ledger.records import MONDAY, TUESDAY, begun, computation, delivery, publication, record, touched

DAYS = [MONDAY + timedelta(days=number) for number in range(150)]
STRICT = contract_with(max_rows=7)


@contextmanager
def opened(url: str) -> Iterator[DynamoLedger]:
    """A ledger opened, like by a process of its own."""
    ledger = open_ledger(url)
    assert isinstance(ledger, DynamoLedger)
    try:
        ledger.prepare({})
        yield ledger
    finally:
        ledger.close()


def everything(ledger: DynamoLedger) -> dict[str, object]:
    """What the ledger answers, whatever it is asked."""
    known = delivery("a", content="one")
    return {
        "deliveries": ledger.deliveries(),
        "loaded": ledger.deliveries(status="loaded", dataset="streams"),
        "superseded": ledger.deliveries(status="superseded"),
        "seen": ledger.seen([(known.uri, known.size, known.etag)]),
        "contents": ledger.with_contents("streams", [known.sha256]),
        "names": ledger.in_effect_under("streams", [known.uri, "data/streams/b"]),
        "touching": ledger.touching(MONDAY),
        "touched": touched(ledger),
        "days": [ledger.days_of([seq]) for seq in range(1, 6)],
        "rows": ledger.rows_in_effect(DAYS),
        "load_ids": (ledger.load_ids("streams"), ledger.load_ids("streams", days=DAYS)),
        "counts": ledger.counts(),
        "contract": ledger.contract_text(STRICT.hash),
        "freshness": ledger.freshness({"k": "h" * 64}),
        "computations": sorted(ledger.computations(), key=lambda each: (each.kpi, each.listen_date)),
        "unpublished": len(ledger.unpublished("s", {"k": "t"})),
        "publications": len(ledger.publications("s")),
    }


def requests_of(ledger: DynamoLedger, work: Callable[[], object]) -> int:
    """How many requests something takes."""
    count = itertools.count()

    def counting(**_: Any) -> None:
        next(count)

    ledger.table.client.meta.events.register("before-call.dynamodb", counting)
    work()
    ledger.table.client.meta.events.unregister("before-call.dynamodb", counting)
    return next(count)


@contextmanager
def ledger_with_a_past() -> Iterator[tuple[str, DynamoLedger, int]]:
    """A new ledger with two deliveries, a computation and a publication; its URL, and its run."""
    url = f"dynamodb:{new_table()}"
    with opened(url) as ledger:
        run = begun(ledger)
        first = delivery("a", content="one", load_id=10_000_041, touched={MONDAY: 3, TUESDAY: 1})
        record(ledger, run, first, delivery("b", load_id=10_000_042, touched={MONDAY: 1}))
        ledger.record_computations(run, [computation("k", MONDAY, run=run)])
        ledger.record_publications(run, [publication("s", "t", MONDAY, run=run)])
        yield url, ledger, run


def correct(ledger: DynamoLedger, run: int) -> None:
    """Record a batch that supersedes, brings a contract and touches many days."""
    days = dict.fromkeys(DAYS, 2)
    new = delivery("a", content="two", load_id=10_000_043, supersedes=(1,), touched=days, contract=STRICT)
    record(ledger, run, new, delivery("c", load_id=10_000_044, touched={TUESDAY: 5}))


def compute(ledger: DynamoLedger, run: int) -> None:
    """Record many days of two KPIs, one of which was computed before."""
    ledger.record_computations(run, [computation(kpi, day, run=run, seq=9) for kpi in ("k", "l") for day in DAYS])
