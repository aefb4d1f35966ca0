"""A warehouse: PostgreSQL or Redshift, with every listen once, the catalogue, and the KPIs.

    postgresql://user@host:5432/music?kpis=compute     KPIs are computed there, by the same SQL files
    redshift:?staging=s3://bucket/staging              KPIs are copied from the lake; credentials from elsewhere

Options: kpis=copy (default) or compute; schema=NAME, made if it is not there; secret=NAME in Secrets Manager; sslmode;
and for Redshift staging, the place in S3 through which rows go, `staging` beside the lake unless given.

tables.py       the tables as data, and migrations           views.py     the documented queries
kpis.py         KPI SQL over those tables                     turn.py      what is done in one transaction
sink.py         the sink                                      reading.py   the reader
database.py     what both databases do; postgres.py, redshift.py   credentials.py
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import parse_qsl

from hitparade.errors import ConfigError
from hitparade.sinks.warehouse.credentials import (
    Credentials,
    postgres_parameters,
    redshift_credentials,
    without_secrets,
)
from hitparade.sinks.warehouse.database import Database
from hitparade.sinks.warehouse.postgres import PostgresDatabase
from hitparade.sinks.warehouse.reading import WarehouseReader
from hitparade.sinks.warehouse.redshift import RedshiftDatabase, Staging
from hitparade.sinks.warehouse.sink import WarehouseSink
from hitparade.storage import Storage, is_remote

__all__ = ["WarehouseReader", "WarehouseSink", "open_reader", "open_sink"]

KPIS = ("copy", "compute")
OPTIONS = {"kpis", "schema", "secret", "sslmode", "staging"}  # PostgreSQL's URL may have any of libpq's besides
ENV_FILE = ".env"


def open_sink(url: str, *, place: Callable[[str], str], storage: Storage) -> WarehouseSink:
    """The sink of a `postgresql:` or `redshift:` URL; it connects when it is first needed."""
    options = options_of(url)
    return WarehouseSink(
        without_secrets(url), partial(connect, url, place, storage), computes=options.get("kpis") == "compute"
    )


def open_reader(url: str, *, place: Callable[[str], str]) -> WarehouseReader:
    """The reader of what the sink of such a URL has written."""
    options_of(url)
    return WarehouseReader(without_secrets(url), partial(connect, url, place, None))


def options_of(url: str) -> Mapping[str, str]:
    """The options that are ours; ConfigError for values that they do not take."""
    options = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    unknown = set(options) - OPTIONS
    if url.startswith("redshift:") and unknown:
        raise ConfigError(
            f"sinks: '{without_secrets(url)}' has an option that there is not: {', '.join(sorted(unknown))}",
            hint=f"there are {', '.join(sorted(OPTIONS))}",
        )
    if options.get("kpis", "copy") not in KPIS:
        raise ConfigError(f"sinks: '{without_secrets(url)}': kpis is not {' or '.join(KPIS)}")
    if not re.fullmatch("[a-z_][a-z0-9_]*", options.get("schema", "public")):
        raise ConfigError(f"sinks: '{without_secrets(url)}': schema is not a name of small letters, digits and _")
    return options


def connect(url: str, place: Callable[[str], str], storage: Storage | None) -> Database:
    """A connection. Without a storage it is for reading: nothing is made, and there is no COPY."""
    options, name = options_of(url), without_secrets(url)
    env_file = None if is_remote(place(ENV_FILE)) else place(ENV_FILE)
    schema, secret = options.get("schema"), options.get("secret")
    if url.startswith("postgresql:"):
        parameters = postgres_parameters(url, env_file=env_file, secret=secret)
        return PostgresDatabase(name, parameters, schema=schema, writes=storage is not None)
    folder = place(options.get("staging", "staging"))
    if storage is not None and not is_remote(folder):
        raise ConfigError(
            f"sinks: '{name}' needs a place in S3 through which rows go",
            hint="such as redshift:?staging=s3://bucket/staging",
        )
    credentials = redshift_credentials(url, env_file=env_file, secret=secret)
    staging = None if storage is None else Staging(folder, storage, role_of(credentials, name))
    return RedshiftDatabase(name, credentials, staging=staging, schema=schema)


def role_of(credentials: Credentials, name: str) -> str:
    """The role with which Redshift reads S3; ConfigError without one."""
    if credentials.iam_role is None:
        raise ConfigError(
            f"{name}: no IAM role for COPY", hint="set REDSHIFT_IAM_ROLE: a role of the cluster that may read S3"
        )
    return credentials.iam_role
