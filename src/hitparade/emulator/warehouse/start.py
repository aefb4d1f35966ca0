"""The warehouse, started: PostgreSQL, and the port that clients reach it by."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hitparade.emulator.warehouse.cluster import cluster
from hitparade.emulator.warehouse.functions import MADE
from hitparade.emulator.warehouse.proxy import Gate, served
from hitparade.storage import Storage

DATABASE = "dev"
USER = "awsuser"
PASSWORD = "emulator"  # noqa: S105 - a word that every program of this machine may know
ROLE = "arn:aws:iam::123456789012:role/RedshiftS3AccessRole"
# A transaction sees what was there when it began, and of two that change one row the second fails, as in Redshift.
# Redshift knows at once what is in a table that was just filled; PostgreSQL, which does not, is kept from joins by
# nested loops that it takes for cheap then.
SETTINGS = {"default_transaction_isolation": "repeatable read", "max_connections": "60", "enable_nestloop": "off"}


@contextmanager
def warehouse(listening: socket.socket, *, data: Path | None = None) -> Iterator[Mapping[str, str]]:
    """A warehouse at a socket that listens, until the end of the block: what a program needs to find it.

    Its tables are kept in the folder `data` if there is one. COPY reads the S3 of this process's environment.
    """
    with ExitStack() as ends:
        folder = ends.enter_context(
            cluster(superuser=USER, database=DATABASE, data=data, settings=SETTINGS, prepare=MADE)
        )
        storage = ends.enter_context(contextlib.closing(Storage()))
        ends.enter_context(served(listening, Gate(folder, USER, PASSWORD, storage)))
        host, port = listening.getsockname()
        yield {
            "REDSHIFT_HOST": host,
            "REDSHIFT_PORT": str(port),
            "REDSHIFT_DB": DATABASE,
            "REDSHIFT_USER": USER,
            "REDSHIFT_PASSWORD": PASSWORD,
            "REDSHIFT_IAM_ROLE": ROLE,
        }
