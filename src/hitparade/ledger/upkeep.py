"""What keeps a ledger in SQL small: runs that nothing refers to leave it, SQLite gives back what it does not need."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from hitparade.ledger.schema import computations, deliveries, publications, runs

REFERRING = (deliveries, computations, publications)
# Below 4 MB that are free nobody gains by writing a database anew.
FREE_PAGES = 1000
PATIENCE_MS = 1000


def forget_runs(db: sa.Connection, *, latest: int, before: datetime, dry: bool) -> int:
    """Remove runs, but for the latest, those heard of since, and those whose work is still the last word."""
    idle = sa.and_(
        runs.c.run < latest,
        runs.c.heartbeat_at < before.isoformat(),
        *(~sa.exists().where(table.c.run == runs.c.run) for table in REFERRING),
    )
    found = db.scalar(sa.select(sa.func.count()).select_from(runs).where(idle)) or 0
    if found and not dry:
        db.execute(sa.delete(runs).where(idle))
    return found


def reclaim(engine: sa.Engine) -> None:
    """Have SQLite give back what it holds and does not need, where that is worth it; PostgreSQL does so by itself.

    Whoever is reading or writing goes first: then it is left for another time.
    """
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as db, suppress(OperationalError):
        db.exec_driver_sql(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        pages, free = (
            int(db.exec_driver_sql(f"PRAGMA {name}").scalar_one()) for name in ("page_count", "freelist_count")
        )
        if free >= FREE_PAGES and free * 4 > pages:
            db.exec_driver_sql("VACUUM")
        db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
