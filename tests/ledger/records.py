"""Deliveries, computations and publications as tests need them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import count

from hitparade.contracts.manifest import builtin_contract
from hitparade.ledger import Ledger
from hitparade.model import Computation, Contract, Dataset, NewDelivery, Publication, Status

NOW = datetime(2024, 7, 1, 12, 30, 15, 123_456, tzinfo=UTC)
MONDAY, TUESDAY, WEDNESDAY = date(2024, 6, 24), date(2024, 6, 25), date(2024, 6, 26)
LOAD_IDS = count(1)


def begun(ledger: Ledger, command: str = "run") -> int:
    """A new run's number."""
    return ledger.begin_run(command=command, host="here/1", now=NOW)


def delivery(
    name: str = "a.csv",
    *,
    dataset: Dataset = "streams",
    content: str = "a",
    status: Status = "loaded",
    touched: Mapping[date, int] | None = None,
    supersedes: tuple[int, ...] = (),
    contract: Contract | None = None,
    load_id: int | None = None,
    rows: int = 3,
    rejected: int = 1,
) -> NewDelivery:
    """A judged file under a load_id of its own."""
    return NewDelivery(
        load_id=next(LOAD_IDS) if load_id is None else load_id,
        dataset=dataset,
        uri=f"data/{dataset}/{name}",
        size=len(content),
        etag=f"etag of {content}",
        sha256=content.ljust(64, "0"),
        contract=contract or builtin_contract(dataset),
        status=status,
        rows_read=rows,
        rows_loaded=rows - rejected,
        rows_rejected=rejected,
        reason=None,
        supersedes=supersedes,
        touched=touched or {},
    )


def record(ledger: Ledger, run: int, *deliveries: NewDelivery) -> tuple[int, ...]:
    """Deliveries in one transaction."""
    return ledger.record_deliveries(run, deliveries, now=NOW)


def computation(kpi: str, day: date, *, run: int, seq: int = 1, rows: int = 5) -> Computation:
    """A KPI's day as computed."""
    return Computation(
        kpi=kpi,
        listen_date=day,
        seq=seq,
        hash="h" * 64,
        rows=rows,
        listens=10,
        repeats=2,
        computed_at=NOW,
        run=run,
    )


def publication(sink: str, table: str, day: date, *, run: int, computed_run: int = 1) -> Publication:
    """A KPI's day as published."""
    return Publication(
        sink=sink, table=table, listen_date=day, computed_run=computed_run, rows=5, published_at=NOW, run=run
    )


def touched(ledger: Ledger) -> Mapping[date, int]:
    """The highest seq that touched each day, as a KPI that was never computed wants them."""
    return {day: seq for day, seq, _ in ledger.stale({"never computed": "h"})}
