"""Small Parquet files for the lake's tables, staged as an engine stages them, and read back as it reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import count

import pyarrow as pa
import pyarrow.parquet as pq

from hitparade.lake import Lake
from hitparade.model import Column, ColumnType, Kpi

MONDAY, TUESDAY, WEDNESDAY = date(2024, 6, 24), date(2024, 6, 25), date(2024, 6, 26)
ATTEMPTS = count(1)
ARROW: dict[ColumnType, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "date": pa.date32(),
}


def kpi(**extra: ColumnType) -> Kpi:
    """A stored KPI of a day and a genre, with columns to one's liking."""
    columns = [
        Column("listen_date", "date", "key", "The day."),
        Column("genre", "string", "key", "The genre."),
        Column("listen_count", "long", "additive", "Listens."),
        *(Column(name, kind, "additive", "More.") for name, kind in extra.items()),
    ]
    return Kpi(
        name="plays",
        description="Plays.",
        scope="day",
        columns=tuple(columns),
        reads={},
        relations=(),
        settings=(),
        served=None,
        sql="",
        source="plays.sql",
        hash="h",
    )


def staged_listens(lake: Lake, day: date, load_ids: Iterable[int], *, attempt: str | None = None) -> list[str]:
    """A Parquet file of listens of one day, one for each load_id."""
    ids = list(load_ids)
    schema = pa.schema(
        [("user_id", pa.int64()), ("track_id", pa.string()), ("listened_at", pa.timestamp("us")),
         ("listen_date", pa.date32()), ("listen_hour", pa.int32()), ("load_id", pa.int64())]
    )  # fmt: skip
    nothing = [None] * len(ids)
    table = pa.Table.from_arrays(
        [pa.array(values, type=field.type) for values, field in
         zip([ids, nothing, nothing, [day] * len(ids), nothing, ids], schema, strict=True)],
        schema=schema,
    )  # fmt: skip
    return [put(lake, "listens", table, attempt)]


def staged_plays(
    lake: Lake, shape: Kpi, day: date, counts: Mapping[str, int], *, attempt: str | None = None
) -> list[str]:
    """A Parquet file of a KPI's day: listen_count by genre, other columns 7."""
    columns = {
        column.name: pa.array(
            {"listen_date": [day] * len(counts), "genre": list(counts), "listen_count": list(counts.values())}.get(
                column.name, [7] * len(counts)
            ),
            type=ARROW[column.type],
        )
        for column in shape.columns
    }
    return [put(lake, f"kpi_{shape.name}", pa.table(columns), attempt)]


def put(lake: Lake, table: str, rows: pa.Table, attempt: str | None) -> str:
    url = f"{lake.staging(table, attempt or f'attempt-{next(ATTEMPTS)}')}/data_0.parquet"
    if "://" not in url:
        pq.write_table(rows, url)
        return url
    file = pa.BufferOutputStream()
    pq.write_table(rows, file)
    lake.storage.write(url, file.getvalue().to_pybytes())
    return url


def read(lake: Lake, url: str) -> pa.Table:
    """A Parquet file of the lake."""
    with lake.storage.open(url) as file:
        return pq.ParquetFile(file).read()


def load_ids(lake: Lake, days: Collection[date] | None = None) -> list[int]:
    """The load_ids of the listens in a plan."""
    return sorted(
        load_id for file in lake.files("listens", days) for load_id in read(lake, file.path)["load_id"].to_pylist()
    )


def plays(lake: Lake, days: Collection[date] | None = None) -> dict[tuple[date, str], int]:
    """listen_count by day and genre in the KPI's plan."""
    return {
        (row["listen_date"], row["genre"]): row["listen_count"]
        for file in lake.files("kpi_plays", days)
        for row in read(lake, file.path).to_pylist()
    }
