"""KPIs in DynamoDB.

    dynamodb:                                          every table of dynamodb_tables.yaml
    dynamodb:music_kpis_table,track_level_reports      only these
    dynamodb:?prefix=test_                             names that begin with test_

Account, region, endpoint and credentials are those of the usual AWS chain.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from hitparade.errors import ConfigError
from hitparade.sinks.dynamodb.reading import DynamoDbReader
from hitparade.sinks.dynamodb.sink import DynamoDbSink
from hitparade.sinks.dynamodb.tables import Table, default_tables

__all__ = ["DynamoDbReader", "DynamoDbSink", "open_reader", "open_sink"]


def open_sink(url: str, **_: object) -> DynamoDbSink:
    """The sink of a `dynamodb:` URL; nothing of it lies in the workspace."""
    tables, prefix = chosen(url)
    return DynamoDbSink(url, tables, prefix=prefix)


def open_reader(url: str, **_: object) -> DynamoDbReader:
    """The reader of what the sink of a `dynamodb:` URL has written."""
    tables, prefix = chosen(url)
    return DynamoDbReader(url, tables, prefix=prefix)


def chosen(url: str) -> tuple[Sequence[Table], str]:
    """The tables that a URL names, and the prefix of their names; ConfigError for what it cannot mean."""
    names, _, query = url.partition(":")[2].removeprefix("//").partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    prefix = options.pop("prefix", "")
    if options or not re.fullmatch(r"[A-Za-z0-9_.-]*", prefix):
        raise ConfigError(f"sinks: '{url}' is not understood", hint="such as dynamodb:music_kpis_table?prefix=test_")
    tables = {table.name: table for table in default_tables()}
    for name in filter(None, names.split(",")):
        if name not in tables:
            near = difflib.get_close_matches(name, tables, n=1)
            known = f"did you mean {near[0]}? " if near else ""
            raise ConfigError(f"sinks: '{url}': there is no table {name}", hint=f"{known}there are {', '.join(tables)}")
    return [table for table in tables.values() if not names or table.name in names.split(",")], prefix
