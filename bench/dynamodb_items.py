"""`python -m bench.dynamodb_items sink|batch|update PREFIX ITEMS`: write items one way; prints the seconds it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any

import boto3
import pyarrow as pa

from hitparade.kpis.registry import load_kpis
from hitparade.sinks import open_sink

TABLE, DAY, RUN = "music_streaming_user_listening", date(2024, 6, 25), 1


def rows(items: int) -> pa.Table:
    """Users, each with numbers of its own."""
    users = pa.array(range(items), pa.int64())
    return pa.table(
        {
            "listen_date": pa.array([DAY] * items, pa.date32()),
            "user_id": users,
            "listen_count": pa.array([number % 50 + 1 for number in range(items)], pa.int64()),
            "unique_tracks": pa.array([number % 40 + 1 for number in range(items)], pa.int64()),
            "listening_ms": pa.array([number * 1001 for number in range(items)], pa.int64()),
            "avg_listening_ms_per_listen": pa.array([number * 1001 / (number % 50 + 1) for number in range(items)]),
        }
    )


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as boto3 wants it."""
    item = {name: Decimal(repr(value)) if isinstance(value, float) else value for name, value in row.items()}
    return item | {"listen_date": DAY.isoformat(), "user_daily_run": RUN}


def by_batch(table: Any, items: pa.Table) -> None:
    """As in boto3's manual."""
    with table.batch_writer() as batch:
        for row in items.to_pylist():
            batch.put_item(Item=plain(row))


def by_update(table: Any, items: pa.Table) -> None:
    """One upsert after the other."""
    for row in items.to_pylist():
        item = plain(row)
        key = {name: item.pop(name) for name in ("user_id", "listen_date")}
        table.update_item(
            Key=key,
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in item),
            ExpressionAttributeNames={f"#{name}": name for name in item},
            ExpressionAttributeValues={f":{name}": value for name, value in item.items()},
        )


LOOPS: Mapping[str, Callable[[Any, pa.Table], None]] = {"batch": by_batch, "update": by_update}


def main(way: str, prefix: str, items: int) -> None:
    """The sink makes the table for all of them."""
    [kpi] = [kpi for kpi in load_kpis(settings={"genre_attribution": "all"}) if kpi.name == "user_daily"]
    listed = rows(items)
    with closing(open_sink(f"dynamodb:{TABLE}?prefix={prefix}", place=str)) as sink:
        sink.write(kpi, DAY, listed.slice(0, 0), run=RUN)
        table = boto3.resource("dynamodb").Table(f"{prefix}{TABLE}")
        begun = time.perf_counter()
        if way == "sink":
            sink.write(kpi, DAY, listed, run=RUN)
        else:
            LOOPS[way](table, listed)
        seconds = time.perf_counter() - begun
        table.meta.client.close()
    print(seconds)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
