"""The Iceberg catalog: SQLite beside the lake, another database, or AWS Glue; and its refusals as errors of ours.

Glue's is opened without the part that needs SQLAlchemy 2, which an Airflow before 3.1 cannot have beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, OperationalError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from hitparade.aws import again, explained, open_client
from hitparade.errors import ConfigError, DiskFull, LakeError, MissingExtra, StorageError, tells_of_full_disk
from hitparade.faults import point
from hitparade.storage import Storage, is_remote
from hitparade.storage.local import errors_explained, make_folders

if TYPE_CHECKING:
    from pyiceberg.catalog.sql import SqlCatalog

SQLITE = "sqlite:///"
SQLITE_TIMEOUT_S = 60
GLUE_ATTEMPTS = 6


def open_catalog(url: str, location: str, storage: Storage) -> MetastoreCatalog:
    """The catalog at a URL (`glue`, or a database's), for a lake at a location."""
    properties: dict[str, Any] = {"warehouse": location, **files_of(location, storage)}
    if url == "glue":
        # A commit that is tried again after its first answer was lost makes pyiceberg remove files in use.
        client = open_client("glue", attempts=1)
        from pyiceberg.catalog.glue import GlueCatalog

        return GlueCatalog("hitparade", client=client, **properties)
    if not url.startswith(SQLITE):
        return open_database(url, properties)
    path = url.removeprefix(SQLITE)
    with errors_explained(f"open the lake {location}"):
        make_folders(Path(path).parent)
    with catalog_explained(path):
        return open_sqlite(path, properties)


def files_of(location: str, storage: Storage) -> dict[str, Any]:
    """How the catalog reads and writes metadata."""
    if is_remote(location):
        from hitparade.lake.bucket import Remembered

        implementation = "hitparade.lake.bucket.BucketFileIO"
        return {"py-io-impl": implementation, "hitparade.storage": storage, "hitparade.remembered": Remembered()}
    return {"py-io-impl": "hitparade.lake.synced.SyncedFileIO"}


def open_database(url: str, properties: dict[str, Any]) -> SqlCatalog:
    """A catalog in another database."""
    from pyiceberg.catalog.sql import SqlCatalog

    try:
        with catalog_explained(url.rpartition("@")[2]):
            return SqlCatalog("hitparade", **{"uri": url, **properties})
    except ArgumentError as error:
        raise ConfigError(
            "lake.catalog is neither 'glue' nor a database URL", hint="such as postgresql+psycopg://host/db"
        ) from error
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the catalog ({error.name})", "postgres") from error


@retry(
    retry=retry_if_exception_type((OperationalError, IntegrityError, sqlite3.OperationalError)),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(0.05, max=1),
    reraise=True,
)
def open_sqlite(path: str, properties: dict[str, Any]) -> SqlCatalog:
    """The SQLite catalog; several processes may create it at once, and all but one of them fail at first."""
    from pyiceberg.catalog.sql import SqlCatalog

    new = not Path(path).exists()
    with closing(sqlite3.connect(path, timeout=SQLITE_TIMEOUT_S)) as database:
        database.execute("PRAGMA journal_mode = WAL")
    catalog = SqlCatalog("hitparade", **{"uri": f"{SQLITE}{path}?timeout={SQLITE_TIMEOUT_S}", **properties})
    if new:
        point("lake.catalog_created")
    return catalog


def is_sql(catalog: MetastoreCatalog) -> TypeGuard[SqlCatalog]:
    """Whether a catalog is in a database."""
    return hasattr(catalog, "engine")


def close_catalog(catalog: MetastoreCatalog) -> None:
    """Let go of the catalog's connections; pyiceberg leaves Glue's open."""
    catalog.close()
    if not is_sql(catalog):
        catalog.glue.close()  # type: ignore[attr-defined]  # of a catalog that is not SQL, which is Glue


def name_of(catalog: MetastoreCatalog) -> str:
    """The catalog as messages call it, without a password."""
    if not is_sql(catalog):
        return "AWS Glue"
    return catalog.engine.url.database or catalog.engine.url.render_as_string()


def load_table(catalog: MetastoreCatalog, identifier: tuple[str, str]) -> Table | None:
    """A table as it is now, or None. Glue is asked again when it is busy."""

    def ask() -> Table | None:
        with catalog_explained(name_of(catalog)), suppress(NoSuchTableError):
            return catalog.load_table(identifier)
        return None

    return again(ask, attempts=1 if is_sql(catalog) else GLUE_ATTEMPTS)


@contextmanager
def catalog_explained(name: str) -> Iterator[None]:
    """Turn the catalog's refusals into errors that say which catalog, and whether to try again."""
    try:
        if name == "AWS Glue":
            with explained("ask the catalog, AWS Glue"):
                yield
        else:
            yield
    except (OperationalError, sqlite3.OperationalError) as error:
        if tells_of_full_disk(str(error)):
            raise DiskFull(f"the catalog {name}") from error
        raise StorageError(
            f"cannot open the catalog {name}: {getattr(error, 'orig', error)}",
            hint="see that the folder exists, has room and may be written",
        ) from error
    except (DatabaseError, sqlite3.DatabaseError) as error:
        raise LakeError(
            f"{name} is not a lake's catalog: {getattr(error, 'orig', error)}",
            hint="give lake.location a folder of its own",
        ) from error
