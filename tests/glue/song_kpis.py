"""song_kpis/ as calculate_metrics_etl leaves it, track_level_reports, and the job between them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hitparade.model import Kpi
from tests.s3 import Server
from tests.sinks.chart_days import KPIS, MONDAY, day_of
from tests.sinks.dynamodb_items import Item, items, plain_client

SCRIPTS = Path(__file__).parents[2] / "src" / "hitparade" / "glue"
SCRIPT = SCRIPTS / "insert_metrics_dynamo.py"
TRACKS, SONGS = KPIS["track_daily"], KPIS["top_songs_daily"]


def track_day(rows: Iterable[Mapping[str, Any]], day: date = MONDAY) -> pa.Table:
    """Rows of track_daily; a track that is only named was heard by nobody."""
    genre = {"primary_genre": "(unknown)"}
    return day_of(TRACKS, ({**genre, **row} for row in rows), day)


@dataclass(frozen=True)
class SongKpis:
    """A folder of a bucket, and a table of its own."""

    server: Server
    bucket: str
    table: str

    @property
    def source(self) -> str:
        """The folder's URL."""
        return f"s3://{self.bucket}/spotify_data/output/song_kpis/"

    def put(self, kpi: Kpi, rows: pa.Table, *, run: int | None, day: date = MONDAY) -> None:
        """Write a KPI's day."""
        stamped = rows.replace_schema_metadata(None if run is None else {b"hitparade.run": str(run).encode()})
        parquet = pa.BufferOutputStream()
        pq.write_table(stamped, parquet, compression="zstd")
        self.put_bytes(kpi, parquet.getvalue().to_pybytes(), day=day)

    def put_bytes(self, kpi: Kpi, content: bytes, *, day: date = MONDAY) -> None:
        """Write any file in the place of a KPI's day."""
        key = f"spotify_data/output/song_kpis/{kpi.name}/{day}.parquet"
        with self.server.client() as client:
            client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def make_table(self, *, keys: tuple[str, str] = ("track_id", "report_date")) -> None:
        """The table as its document has it."""
        kinds = ("HASH", "RANGE")
        with plain_client() as client:
            client.create_table(
                TableName=self.table,
                KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, kinds, strict=True)],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in keys],
                BillingMode="PAY_PER_REQUEST",
            )

    def drop_table(self) -> None:
        """As if there had never been one."""
        with plain_client() as client:
            client.delete_table(TableName=self.table)

    def items(self) -> dict[tuple[str, str], Item]:
        """What the table has, by key."""
        return {(item["track_id"], item["report_date"]): item for item in items(self.table)}

    def run(self, *more: str, python: Path | str = sys.executable) -> subprocess.CompletedProcess[str]:
        """The job as Glue starts it, with the arguments that Glue adds."""
        given = ["--source", self.source, "--table", self.table, *more]
        return job(SCRIPT, *given, python=python, environment=self.server.environment)


def job(
    script: Path, *given: str, environment: Mapping[str, str], python: Path | str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own."""
    glues = ["--JOB_NAME", script.stem, "--JOB_RUN_ID", "jr_1", "--airflow_task_uuid", "u", "--job-language", "python"]
    return subprocess.run(
        [python, script, *given, *glues],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=300,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What Glue shows as the error of a run: the last line of the traceback. Some Pythons name the script's module."""
    assert done.returncode != 0, done.stdout
    return done.stderr.strip().splitlines()[-1].removeprefix("__main__.")
