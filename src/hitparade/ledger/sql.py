"""The ledger in a SQL database: SQLite beside the catalog, or PostgreSQL by URL.

Writers take turns: SQLite by BEGIN IMMEDIATE, PostgreSQL by locking the table of runs. So seqs are given out in
the order in which deliveries are committed, and a run is checked and its rows written in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError, InternalError, OperationalError, ProgrammingError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from hitparade.errors import Fenced
from hitparade.faults import point
from hitparade.freshness import ALWAYS, Freshness, Span
from hitparade.ledger import schema, upkeep
from hitparade.ledger.database import chunks, explained, open_engine
from hitparade.ledger.freshness import freshness_of, stale_in
from hitparade.ledger.rows import as_computation, as_delivery, settle_quarantined
from hitparade.ledger.schema import computations, contracts, deliveries, facts, publications, runs, touched_days
from hitparade.model import Computation, Dataset, Delivery, NewDelivery, Publication, Run, Settled, Status

IN_EFFECT: Status = "loaded"


class SqlLedger:
    """See Ledger."""

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)

    # -- the lake's facts

    @retry(
        retry=retry_if_exception_type((OperationalError, ProgrammingError, IntegrityError, InternalError)),
        stop=stop_after_attempt(8),
        wait=wait_random_exponential(0.05, max=1),
        reraise=True,
    )
    def _create(self) -> None:
        """Create the tables, all or none; of several processes that do so at once all but one fail at first."""
        with self.engine.connect() as db:
            if self.engine.dialect.name == "sqlite":
                db.exec_driver_sql("BEGIN IMMEDIATE")
            schema.metadata.create_all(db)
            db.commit()

    def prepare(self, wanted: Mapping[str, str]) -> Mapping[str, str]:
        """See Ledger."""
        with explained(self.engine.url):
            self._create()
        with self._writing() as db:
            found = {row.name: row.value for row in db.execute(sa.select(facts))}
            missing = [{"name": name, "value": value} for name, value in wanted.items() if name not in found]
            if missing:
                db.execute(sa.insert(facts), missing)
            return {**wanted, **found}

    # -- runs

    def begin_run(self, *, command: str, host: str, now: datetime) -> int:
        """See Ledger."""
        with self._writing() as db:
            run = last_run(db) + 1
            at = now.isoformat()
            db.execute(sa.insert(runs).values(run=run, started_at=at, heartbeat_at=at, host=host, command=command))
            return run

    def beat(self, run: int, *, now: datetime) -> None:
        """See Ledger."""
        with self._writing() as db:
            db.execute(sa.update(runs).where(runs.c.run == run).values(heartbeat_at=now.isoformat()))

    def end_run(self, run: int, *, now: datetime) -> None:
        """See Ledger."""
        at = now.isoformat()
        with self._writing() as db:
            db.execute(sa.update(runs).where(runs.c.run == run).values(heartbeat_at=at, ended_at=at))

    def latest_run(self) -> Run | None:
        """See Ledger."""
        with self._reading() as db:
            row = db.execute(sa.select(runs).order_by(runs.c.run.desc()).limit(1)).first()
        if row is None:
            return None
        return Run(
            run=row.run,
            started_at=datetime.fromisoformat(row.started_at),
            heartbeat_at=datetime.fromisoformat(row.heartbeat_at),
            ended_at=datetime.fromisoformat(row.ended_at) if row.ended_at else None,
            host=row.host,
            command=row.command,
        )

    def forget_runs(self, *, before: datetime, dry: bool) -> int:
        """See Ledger."""
        with self._writing() as db:
            found = upkeep.forget_runs(db, latest=last_run(db), before=before, dry=dry)
        if not dry:
            upkeep.reclaim(self.engine)
        return found

    # -- deliveries

    def record_deliveries(self, run: int, new: Sequence[NewDelivery], *, now: datetime) -> tuple[int, ...]:
        """See Ledger."""
        with self._writing(run) as db:
            if not new:
                return ()
            self._record_contracts(db, new)
            first = (db.scalar(sa.select(sa.func.max(deliveries.c.seq))) or 0) + 1
            seqs = tuple(range(first, first + len(new)))
            db.execute(
                sa.insert(deliveries),
                [
                    {
                        "seq": seq,
                        "load_id": delivery.load_id,
                        "dataset": delivery.dataset,
                        "uri": delivery.uri,
                        "size": delivery.size,
                        "etag": delivery.etag,
                        "sha256": delivery.sha256,
                        "contract": delivery.contract.hash if delivery.contract else None,
                        "status": delivery.status,
                        "rows_read": delivery.rows_read,
                        "rows_loaded": delivery.rows_loaded,
                        "rows_rejected": delivery.rows_rejected,
                        "reason": delivery.reason,
                        "loaded_at": now.isoformat(),
                        "run": run,
                    }
                    for seq, delivery in zip(seqs, new, strict=True)
                ],
            )
            touched = [
                {"listen_date": day, "seq": seq, "rows": rows}
                for seq, delivery in zip(seqs, new, strict=True)
                for day, rows in delivery.touched.items()
            ]
            if touched:
                db.execute(sa.insert(touched_days), touched)
            superseded = [seq for delivery in new for seq in delivery.supersedes]
            for chunk in chunks(superseded):
                db.execute(sa.update(deliveries).where(deliveries.c.seq.in_(chunk)).values(status="superseded"))
            return seqs

    @staticmethod
    def _record_contracts(db: sa.Connection, new: Sequence[NewDelivery]) -> None:
        judged = {delivery.contract.hash: delivery.contract for delivery in new if delivery.contract}
        known = set(db.scalars(sa.select(contracts.c.hash).where(contracts.c.hash.in_(judged))))
        missing = [
            {"hash": contract.hash, "dataset": contract.dataset, "text": contract.text}
            for contract in judged.values()
            if contract.hash not in known
        ]
        if missing:
            db.execute(sa.insert(contracts), missing)

    def settle(self, run: int, status: Settled, reasons: Mapping[int, str]) -> tuple[int, ...]:
        """See Ledger."""
        with self._writing(run) as db:
            return settle_quarantined(db, status, reasons)

    def seen(self, identities: Collection[tuple[str, int, str]]) -> Mapping[tuple[str, int, str], Delivery]:
        """See Ledger."""
        wanted = set(identities)
        named = self._deliveries_where(deliveries.c.uri, {uri for uri, _, _ in wanted})
        by_identity = {(each.uri, each.size, each.etag): each for each in named}
        return {identity: each for identity, each in by_identity.items() if identity in wanted}

    def with_contents(self, dataset: Dataset, sha256s: Collection[str]) -> tuple[Delivery, ...]:
        """See Ledger."""
        return self._deliveries_where(deliveries.c.sha256, sha256s, deliveries.c.dataset == dataset)

    def in_effect_under(self, dataset: Dataset, uris: Collection[str]) -> tuple[Delivery, ...]:
        """See Ledger."""
        return self._deliveries_where(
            deliveries.c.uri, uris, deliveries.c.dataset == dataset, deliveries.c.status == IN_EFFECT
        )

    def _deliveries_where(
        self, column: sa.Column[Any], values: Collection[str], *conditions: sa.ColumnElement[bool]
    ) -> tuple[Delivery, ...]:
        found: list[Delivery] = []
        with self._reading() as db:
            for chunk in chunks(sorted(set(values))):
                rows = db.execute(sa.select(deliveries).where(column.in_(chunk), *conditions))
                found.extend(as_delivery(row) for row in rows)
        return tuple(sorted(found, key=lambda delivery: delivery.seq))

    def newest(self, dataset: Dataset) -> Delivery | None:
        """See Ledger."""
        found = self.deliveries(dataset=dataset, status=IN_EFFECT, limit=1)
        return found[0] if found else None

    def deliveries(
        self, *, dataset: Dataset | None = None, status: Status | None = None, limit: int | None = None
    ) -> tuple[Delivery, ...]:
        """See Ledger."""
        query = sa.select(deliveries).order_by(deliveries.c.seq.desc()).limit(limit)
        if dataset is not None:
            query = query.where(deliveries.c.dataset == dataset)
        if status is not None:
            query = query.where(deliveries.c.status == status)
        with self._reading() as db:
            return tuple(as_delivery(row) for row in db.execute(query))

    def touching(self, day: date) -> tuple[tuple[Delivery, int], ...]:
        """See Ledger."""
        query = (
            sa.select(deliveries, touched_days.c.rows)
            .join(touched_days, touched_days.c.seq == deliveries.c.seq)
            .where(touched_days.c.listen_date == day)
            .order_by(deliveries.c.seq)
        )
        with self._reading() as db:
            return tuple((as_delivery(row), row.rows) for row in db.execute(query))

    def days_of(self, seqs: Collection[int]) -> frozenset[date]:
        """See Ledger."""
        columns = touched_days.c
        found: set[date] = set()
        with self._reading() as db:
            for chunk in chunks(sorted(seqs)):
                query = sa.select(columns.listen_date).where(columns.seq.in_(chunk), columns.rows > 0)
                found.update(db.scalars(query.distinct()))
        return frozenset(found)

    def rows_in_effect(self, days: Collection[date]) -> Mapping[date, int]:
        """See Ledger."""
        found = dict.fromkeys(days, 0)
        query = (
            sa.select(touched_days.c.listen_date, sa.func.sum(touched_days.c.rows).label("rows"))
            .join(deliveries, deliveries.c.seq == touched_days.c.seq)
            .where(deliveries.c.status == IN_EFFECT)
            .group_by(touched_days.c.listen_date)
        )
        with self._reading() as db:
            for chunk in chunks(sorted(days)):
                rows = db.execute(query.where(touched_days.c.listen_date.in_(chunk)))
                found.update({row.listen_date: int(row.rows) for row in rows})
        return found

    def load_ids(self, dataset: Dataset, *, days: Collection[date] | None = None) -> Mapping[int, int]:
        """See Ledger."""
        in_effect = sa.select(deliveries.c.load_id, deliveries.c.seq).where(
            deliveries.c.dataset == dataset, deliveries.c.status == IN_EFFECT
        )
        found: dict[int, int] = {}
        with self._reading() as db:
            if days is None:
                return {row.load_id: row.seq for row in db.execute(in_effect)}
            joined = in_effect.join(touched_days, touched_days.c.seq == deliveries.c.seq).distinct()
            for chunk in chunks(sorted(days)):
                rows = db.execute(joined.where(touched_days.c.listen_date.in_(chunk)))
                found.update({row.load_id: row.seq for row in rows})
        return found

    def counts(self) -> Mapping[tuple[Dataset, Status], tuple[int, int, int, int]]:
        """See Ledger."""
        columns = deliveries.c
        query = sa.select(
            columns.dataset,
            columns.status,
            sa.func.count().label("files"),
            sa.func.sum(columns.rows_read).label("read"),
            sa.func.sum(columns.rows_loaded).label("loaded"),
            sa.func.sum(columns.rows_rejected).label("rejected"),
        ).group_by(columns.dataset, columns.status)
        with self._reading() as db:
            return {
                (row.dataset, row.status): (row.files, int(row.read), int(row.loaded), int(row.rejected))
                for row in db.execute(query)
            }

    def contract_text(self, contract: str) -> str | None:
        """See Ledger."""
        with self._reading() as db:
            return db.scalar(sa.select(contracts.c.text).where(contracts.c.hash == contract))

    # -- computations and publications

    def record_computations(self, run: int, new: Iterable[Computation]) -> None:
        """See Ledger."""
        rows = [{**asdict(computation), "computed_at": computation.computed_at.isoformat()} for computation in new]
        self._replace(run, computations, rows)

    def computations(self, *, kpi: str | None = None, days: Collection[date] | None = None) -> tuple[Computation, ...]:
        """See Ledger."""
        query = sa.select(computations)
        if kpi is not None:
            query = query.where(computations.c.kpi == kpi)
        with self._reading() as db:
            if days is None:
                return tuple(as_computation(row) for row in db.execute(query))
            parts = [query.where(computations.c.listen_date.in_(chunk)) for chunk in chunks(sorted(days))]
            return tuple(as_computation(row) for part in parts for row in db.execute(part))

    def stale(self, hashes: Mapping[str, str]) -> tuple[tuple[date, int, str], ...]:
        """See Ledger. The database compares, so that what is up to date, nearly all of history, stays there."""
        with self._reading() as db:
            return stale_in(db, hashes)

    def computed_otherwise(self, hashes: Mapping[str, str]) -> tuple[Computation, ...]:
        """See Ledger."""
        as_given = [sa.and_(computations.c.kpi == kpi, computations.c.hash == hash_) for kpi, hash_ in hashes.items()]
        query = sa.select(computations).where(computations.c.hash != "", sa.not_(sa.or_(sa.false(), *as_given)))
        with self._reading() as db:
            return tuple(as_computation(row) for row in db.execute(query))

    def freshness(self, hashes: Mapping[str, str], days: Span = ALWAYS) -> Freshness:
        """See Ledger."""
        with self._reading() as db:
            return freshness_of(db, hashes, days)

    def unpublished(self, sink: str, tables: Mapping[str, str]) -> tuple[Computation, ...]:
        """See Ledger."""
        found: list[Computation] = []
        with self._reading() as db:
            for kpi, table in tables.items():
                taken = sa.and_(
                    publications.c.sink == sink,
                    publications.c.table == table,
                    publications.c.listen_date == computations.c.listen_date,
                    publications.c.computed_run == computations.c.run,
                )
                query = (
                    sa.select(computations)
                    .join(publications, taken, isouter=True)
                    .where(computations.c.kpi == kpi, publications.c.sink.is_(None))
                )
                found.extend(as_computation(row) for row in db.execute(query))
        return tuple(found)

    def record_publications(self, run: int, new: Iterable[Publication]) -> None:
        """See Ledger."""
        rows = [{**asdict(publication), "published_at": publication.published_at.isoformat()} for publication in new]
        self._replace(run, publications, rows)

    def publications(self, sink: str) -> tuple[Publication, ...]:
        """See Ledger."""
        with self._reading() as db:
            rows = db.execute(sa.select(publications).where(publications.c.sink == sink)).mappings()
            return tuple(
                Publication(**{**row, "published_at": datetime.fromisoformat(row["published_at"])}) for row in rows
            )

    def _replace(self, run: int, table: sa.Table, rows: list[dict[str, Any]]) -> None:
        """Put rows in the place of those with the same key; without rows only the run is checked."""
        with self._writing(run) as db:
            if not rows:
                return
            keys = [column.name for column in table.primary_key.columns]
            matches = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in keys))
            db.execute(sa.delete(table).where(matches), [{f"key_{name}": row[name] for name in keys} for row in rows])
            db.execute(sa.insert(table), rows)

    # -- transactions

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with explained(self.engine.url), self.engine.connect() as db:
            yield db

    @contextmanager
    def _writing(self, run: int | None = None) -> Iterator[sa.Connection]:
        """A transaction that holds the turn to write; Fenced when a later run than this one exists."""
        with explained(self.engine.url), self.engine.connect() as db:
            if self.engine.dialect.name == "sqlite":
                db.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                db.exec_driver_sql("LOCK TABLE runs IN EXCLUSIVE MODE")
            if run is not None and (latest := last_run(db)) > run:
                raise Fenced(f"run {run} may not write any more: run {latest} exists", hint="run again")
            yield db
            point("ledger.written")
            db.commit()
        point("ledger.committed")

    def close(self) -> None:
        """See Ledger."""
        self.engine.dispose()


def last_run(db: sa.Connection) -> int:
    """The highest run number given out, 0 before the first."""
    return db.scalar(sa.select(sa.func.max(runs.c.run))) or 0
