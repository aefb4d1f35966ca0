"""A documented system on the emulator: its files are dropped, its KPIs are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tests.emulator.emulated import Emulated
from tests.shown import shown

STREAMS = "user_id,track_id,listen_time"
WITHOUT_SPARK = '''"""A Spark job's work, done by the engine that needs no Spark."""

from hitparade.glue.door import perform, show_waiting, work_through

perform(__doc__, work_through, show_waiting, engine="duckdb")
'''
"""What takes a job's script's place where a test is about the DAG: a Spark takes half a minute to do the same."""


@dataclass(frozen=True)
class OnEmulator:
    """A system's bucket, and the folder of its settings in it."""

    aws: Emulated
    bucket: str
    folder: str = ""

    def put(self, key: str, content: str | bytes) -> None:
        """An object in the bucket."""
        body = content.encode() if isinstance(content, str) else content
        self.aws.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)

    def get(self, key: str) -> bytes:
        """An object's bytes."""
        return bytes(self.aws.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def deliver(self, key: str, rows: Iterable[str], header: str = STREAMS) -> None:
        """Drop a file of rows."""
        self.put(key, "\n".join([header, *rows, ""]))

    def remove(self, key: str) -> None:
        """Take an object away."""
        self.aws.client("s3").delete_object(Bucket=self.bucket, Key=key)

    def clear(self, *prefixes: str) -> None:
        """Take away every delivered file directly below these prefixes."""
        for prefix in prefixes:
            for name in self.keys(prefix):
                if "/" not in name and name != "manifest.json":
                    self.remove(prefix + name)

    def keys(self, prefix: str, bucket: str | None = None) -> list[str]:
        """The objects below a prefix, without it and without those that stand for a folder."""
        pages = self.aws.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=bucket or self.bucket, Prefix=prefix)
        names = [entry["Key"].removeprefix(prefix) for page in found for entry in page.get("Contents", ())]
        return [name for name in names if name and not name.endswith("/")]

    def show(self, kpi: str, *more: str) -> list[dict[str, Any]]:
        """A KPI as the command shows it."""
        config = "/".join(part for part in (f"s3://{self.bucket}", self.folder, "hitparade.toml") if part)
        return shown(kpi, *more, config=config, environment=self.aws.environment)

    def items(self, table: str) -> list[Mapping[str, Any]]:
        """What a DynamoDB table holds."""
        read = TypeDeserializer().deserialize
        pages = self.aws.client("dynamodb").get_paginator("scan").paginate(TableName=table)
        return [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]

    def runs(self, job: str) -> list[Mapping[str, Any]]:
        """A job's runs, the last first."""
        return list(self.aws.client("glue").get_job_runs(JobName=job)["JobRuns"])
