"""Fixtures of the warehouse's tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.postgres import postgres_url as postgres_url
from tests.s3 import moto_server
from tests.warehouse.places import Redshift, standing_in


@pytest.fixture(scope="session")
def redshift_servers() -> Iterator[Redshift]:
    """The Redshift that stands on a PostgreSQL, and the S3 that it reads."""
    with ExitStack() as stack:
        server = stack.enter_context(moto_server())
        yield stack.enter_context(standing_in(server))


@pytest.fixture
def redshift(redshift_servers: Redshift, monkeypatch: pytest.MonkeyPatch) -> Redshift:
    """The same, in the environment of this test."""
    for name, value in redshift_servers.environment.items():
        monkeypatch.setenv(name, value)
    return redshift_servers
