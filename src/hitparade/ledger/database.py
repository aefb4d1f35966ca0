"""A database for the ledger: opened so that what is committed lasts, its refusals explained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from hitparade.errors import ConfigError, DiskFull, LakeError, MissingExtra, StorageError, tells_of_full_disk
from hitparade.storage.local import make_folders

SQLITE_TIMEOUT_S = 60
# Databases limit the values of one statement; the smallest limit in use is SQLite's 32,766.
VALUES_PER_STATEMENT = 5000


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Values in pieces that one statement can take."""
    for start in range(0, len(values), VALUES_PER_STATEMENT):
        yield values[start : start + VALUES_PER_STATEMENT]


def open_engine(url: str) -> sa.Engine:
    """An engine for the URL, set up so that what is committed lasts and writers wait for one another."""
    try:
        parsed = sa.make_url(url)
        if parsed.get_backend_name() != "sqlite":
            return sa.create_engine(parsed, pool_pre_ping=True)
    except sa.exc.ArgumentError as error:
        raise ConfigError(f"ledger: not a database URL: {error}", hint="such as sqlite:////data/ledger.db") from error
    except ValueError:
        # What is taken for the port may be a part of the password, so it is not told, not even as the cause.
        raise ConfigError(
            "ledger: not a database URL: its port is not a number",
            hint="write special characters of the password as %40 for @, %3A for :, %2F for /",
        ) from None
    except ModuleNotFoundError as error:
        raise MissingExtra(f"a ledger on {parsed.get_backend_name()} ({error.name})", "postgres") from error
    if parsed.database:
        try:
            make_folders(Path(parsed.database).parent)
        except OSError as error:
            raise StorageError(f"cannot make {Path(parsed.database).parent}: {error.strerror}") from error
    engine = sa.create_engine(parsed, connect_args={"timeout": SQLITE_TIMEOUT_S})

    @sa.event.listens_for(engine, "connect")
    def durable(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where _writing says, not where the driver thinks
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


@contextmanager
def explained(url: sa.URL) -> Iterator[None]:
    """Turn the database's refusals into errors that say which ledger, and whether to try again."""
    try:
        yield
    except SQLAlchemyError as error:
        where = url.render_as_string(hide_password=True)
        cause = str(getattr(error, "orig", None) or error).strip()
        if tells_of_full_disk(cause):
            raise DiskFull(f"ledger {where}") from error
        if isinstance(error, OperationalError):
            raise StorageError(
                f"ledger {where}: {cause}", hint="see that the place exists, has room and may be written"
            ) from error
        if isinstance(error, DatabaseError):
            raise LakeError(f"ledger {where}: {cause}", hint="is this file a ledger of hitparade?") from error
        raise
