"""What a ledger must be able to do, whatever database holds it.

Every write names the run it belongs to and is refused (Fenced) once a later run exists. So what a process reads
after it took its run number stays true until it writes or is fenced: nobody else can have written in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.model import Computation, Dataset, Delivery, NewDelivery, Publication, Run, Settled, Status


class Ledger(Protocol):
    """Runs, contracts, deliveries and their touched days, computations, publications."""

    # -- the lake's facts

    def prepare(self, facts: Mapping[str, str]) -> Mapping[str, str]:
        """Create what is missing, keep each fact that is not there yet, return all as they stand."""
        ...

    # -- runs

    def begin_run(self, *, command: str, host: str, now: datetime) -> int:
        """Take the next run number; from now on every earlier run is fenced."""
        ...

    def beat(self, run: int, *, now: datetime) -> None:
        """Say that the run is still at work."""
        ...

    def end_run(self, run: int, *, now: datetime) -> None:
        """Say that the run is over."""
        ...

    def latest_run(self) -> Run | None:
        """The run with the highest number."""
        ...

    def forget_runs(self, *, before: datetime, dry: bool) -> int:
        """Let go of what grows with the number of runs and is referred to by nobody, of runs not heard of since.

        How many records; a `dry` call only counts them. The latest run stays, whatever its age.
        """
        ...

    # -- deliveries

    def record_deliveries(self, run: int, deliveries: Sequence[NewDelivery], *, now: datetime) -> tuple[int, ...]:
        """Record judged files and their touched days in one transaction; the seqs, in the order given."""
        ...

    def settle(self, run: int, status: Settled, reasons: Mapping[int, str]) -> tuple[int, ...]:
        """Say of quarantined deliveries, by seq, that they are released or discarded, and why; those that it is new
        of. One that is not in quarantine stays as it is.
        """
        ...

    def seen(self, identities: Collection[tuple[str, int, str]]) -> Mapping[tuple[str, int, str], Delivery]:
        """Of those (uri, size, etag) that a delivery has: the newest one that has it."""
        ...

    def with_contents(self, dataset: Dataset, sha256s: Collection[str]) -> tuple[Delivery, ...]:
        """Deliveries of these bytes, by seq."""
        ...

    def in_effect_under(self, dataset: Dataset, uris: Collection[str]) -> tuple[Delivery, ...]:
        """Deliveries in effect that came under these names, by seq."""
        ...

    def newest(self, dataset: Dataset) -> Delivery | None:
        """The dataset's delivery in effect with the highest seq."""
        ...

    def deliveries(
        self, *, dataset: Dataset | None = None, status: Status | None = None, limit: int | None = None
    ) -> tuple[Delivery, ...]:
        """Deliveries, the newest first."""
        ...

    def touching(self, day: date) -> tuple[tuple[Delivery, int], ...]:
        """Deliveries that touched a day, with their rows in it, by seq."""
        ...

    def days_of(self, seqs: Collection[int]) -> frozenset[date]:
        """The days in which deliveries have rows."""
        ...

    def rows_in_effect(self, days: Collection[date]) -> Mapping[date, int]:
        """Rows that deliveries in effect have in each of the days."""
        ...

    def load_ids(self, dataset: Dataset, *, days: Collection[date] | None = None) -> Mapping[int, int]:
        """load_id -> seq of the deliveries in effect; of those only that touch the days, when days are given."""
        ...

    def counts(self) -> Mapping[tuple[Dataset, Status], tuple[int, int, int, int]]:
        """Per dataset and status: files, rows read, rows loaded, rows rejected."""
        ...

    def contract_text(self, contract: str) -> str | None:
        """The manifest that a delivery was judged by, in canonical JSON."""
        ...

    # -- computations and publications

    def record_computations(self, run: int, computations: Iterable[Computation]) -> None:
        """Record that KPI days were computed, in the place of what was recorded of them before."""
        ...

    def computations(self, *, kpi: str | None = None, days: Collection[date] | None = None) -> tuple[Computation, ...]:
        """The last computation of each KPI's day, of those days only when days are given; in no order."""
        ...

    def stale(self, hashes: Mapping[str, str]) -> tuple[tuple[date, int, str], ...]:
        """(day, highest seq that touched it, KPI) where the KPI's last computation of the day is older, of another hash
        than the one given, or missing; in no order."""
        ...

    def computed_otherwise(self, hashes: Mapping[str, str]) -> tuple[Computation, ...]:
        """Computations of KPIs that are not given, or by another hash than the one given; not those that have none."""
        ...

    def freshness(self, hashes: Mapping[str, str], days: Span = ALWAYS) -> Freshness:
        """How fresh the days of some KPIs are, by their names and hashes; of no KPI: what has come of the days."""
        ...

    def unpublished(self, sink: str, tables: Mapping[str, str]) -> tuple[Computation, ...]:
        """Computations that the sink did not take, of the KPIs that have a table there; in no order."""
        ...

    def record_publications(self, run: int, publications: Iterable[Publication]) -> None:
        """Record that a sink took KPI days, in the place of what was recorded of them before."""
        ...

    def publications(self, sink: str) -> tuple[Publication, ...]:
        """What a sink last took of each table's day."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


def open_ledger(url: str) -> Ledger:
    """The ledger at a database URL, or in a DynamoDB table: `dynamodb:NAME`, wherever the environment says AWS is."""
    scheme, _, table = url.partition(":")
    if scheme == "dynamodb":
        from hitparade.ledger.dynamodb.ledger import DynamoLedger

        return DynamoLedger(table.removeprefix("//"))
    from hitparade.ledger.sql import SqlLedger

    return SqlLedger(url)
