"""A workspace in a bucket, as the documented systems have theirs."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hitparade.sample import SampleSpec, generate
from tests.glue.song_kpis import SCRIPTS, job
from tests.s3 import Server
from tests.shown import shown

SPEC = SampleSpec(listens=600, days=2, users=40, tracks=50, files=2, seed=3, start=date(2025, 3, 9), hostile=False)
OFFLINE = ("unresolved dependency", "UNRESOLVED DEPENDENCIES", "download failed")


@dataclass(frozen=True)
class Bucket:
    """A bucket with hitparade.toml in a folder, and sample data in its landing folders."""

    server: Server
    name: str
    folder: str

    @property
    def config(self) -> str:
        """The settings' URL."""
        return f"s3://{self.name}/{self.folder}/hitparade.toml"

    def put(self, key: str, content: bytes) -> None:
        """An object below the folder."""
        with self.server.client() as client:
            client.put_object(Bucket=self.name, Key=f"{self.folder}/{key}", Body=content)

    def settings(self, *sinks: str, more: str = "") -> None:
        """Write hitparade.toml."""
        text = f"sinks = {json.dumps(sinks)}\n[landing]\nsettle_seconds = 0\n{more}\n"
        self.put("hitparade.toml", text.encode())

    def deliver(self, scratch: Path, **folders: str) -> None:
        """Put the sample data into the landing folders."""
        streams, songs, users = (scratch / dataset for dataset in ("streams", "songs", "users"))
        generate(SPEC, streams=streams, songs=songs, users=users, truth=scratch / "truth.json")
        for dataset in ("streams", "songs", "users"):
            for file in sorted((scratch / dataset).glob("*.csv")):
                self.put(f"{folders.get(dataset, f'data/{dataset}')}/{file.name}", file.read_bytes())

    def job(self, name: str, *more: str) -> subprocess.CompletedProcess[str]:
        """A job's script on this workspace."""
        return job(SCRIPTS / name, "--config", self.config, *more, environment=self.server.environment)

    def show(self, kpi: str, *more: str) -> list[dict[str, Any]]:
        """A KPI as the command shows it."""
        return shown(kpi, *more, config=self.config, environment=self.server.environment)


@contextmanager
def environment_of(server: Server) -> Iterator[None]:
    """This process as a client of a server, for fixtures that last longer than a test."""
    before = dict(os.environ)
    os.environ.update(server.environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
