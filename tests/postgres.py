"""A PostgreSQL of the tests' own: a throwaway cluster in a temporary folder, reached by a socket in it.

Import the fixture `postgres_url` where it is wanted. Without PostgreSQL's programs its tests skip.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hitparade.emulator.warehouse.cluster import cluster, installation
from hitparade.errors import ConfigError

SUPERUSER = "postgres"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A URL for SQLAlchemy, `postgresql+psycopg://...`, of a database that the whole session shares."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    with_programs()
    with cluster(superuser=SUPERUSER, database="postgres") as folder:
        yield f"postgresql+psycopg://{SUPERUSER}@/postgres?host={folder}"


def with_programs() -> None:
    """Skip where there is no PostgreSQL to start."""
    try:
        installation()
    except ConfigError as error:
        pytest.skip(error.message)
