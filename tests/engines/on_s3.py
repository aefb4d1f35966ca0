"""`python -m tests.engines.on_s3 FOLDER BUCKET`: the engines' work on the files of a folder, on disk and in a bucket.

A process of its own, since the Spark of the other tests was started without what `s3://` needs. Prints one JSON
object: for each engine what it loaded, rejected and computed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hitparade.engines.base import Engine, Flawed
from hitparade.engines.duckdb import open_engine as open_duckdb
from hitparade.engines.spark import Cluster
from hitparade.engines.spark import open_engine as open_spark
from hitparade.kpis.registry import load_kpis
from hitparade.kpis.render import render
from hitparade.model import InEffect, Source
from hitparade.storage import Storage
from tests.engines.staging import contract_with, source_of

STORAGE = Storage()
NOW = datetime(2024, 7, 1, tzinfo=UTC)
SONG_TABLES = ("songs", "song_genres", "song_artists")


def sources(folder: Path, bucket: str | None) -> tuple[list[Source], Source]:
    """The stream files and the song file, where an engine is to find them."""
    found = []
    for load_id, path in enumerate([*sorted((folder / "streams").iterdir()), folder / "songs.csv"], start=1):
        source = source_of(path, contract_with("songs" if path.stem == "songs" else "streams"), load_id=load_id)
        if bucket:
            url = STORAGE.put(path, f"{bucket}/landing/{path.name}")
            source = replace(source, path=url, url=url)
        found.append(source)
    return found[:-1], found[-1]


def work(engine: Engine, folder: Path, lake: str, scratch: Path) -> Mapping[str, Any]:
    """Load, find problems, compute, answer."""
    streams, songs = sources(folder, lake if "://" in lake else None)
    every = load_kpis(settings={"genre_attribution": "all"})
    kpis = [kpi for kpi in every if kpi.scope == "day" and "users" not in kpi.reads]  # no users are delivered here
    kpi_folders = {kpi.name: made(f"{lake}/kpi_{kpi.name}/1") for kpi in kpis}
    folders = {table: made(f"{lake}/{table}/1") for table in SONG_TABLES}
    nothing = InEffect(dict.fromkeys(SONG_TABLES, ()), {})
    catalogue = engine.stage_catalogue(songs, "songs", folders, in_effect=nothing, watched={})
    staging = engine.stage_listens(streams, made(f"{lake}/listens/1"))
    flawed = [Flawed(source, f"{lake}/rejects/{source.load_id}") for source in staging.sources]
    bad = engine.problems(flawed, now=NOW)
    listens = InEffect(staging.files, {source.load_id: source.load_id for source in staging.sources})
    engine.open_catalogue(InEffect(catalogue.files, {songs.load_id: 1}), None)
    engine.open_relations(kpis)
    days = sorted({day for each in staging.staged.values() for day in each.days})
    rows = sum(each.rows_loaded for each in staging.staged.values())
    done = engine.compute_days(
        kpis, days, listens, rows=rows, previous={kpi.name: () for kpi in kpis}, folders=kpi_folders
    )
    return {
        "scheme": sorted({url.split("://")[0] for url in staging.files["listens"] if "://" in url}),
        "staged": {each.load_id: [each.rows_read, each.rows_rejected] for each in staging.staged.values()},
        "rejects": rows_in([url for each in bad.values() for url in each.files], scratch),
        "counts": {f"{name} {day}": count for (name, day), count in sorted(done.rows.items())},
        "kpis": {kpi.name: text(engine.stored(kpi, done.files[kpi.name]).to_pylist()) for kpi in kpis},
    }


def made(folder: str) -> str:
    """A folder, made where it is one of a disk."""
    if "://" not in folder:
        Path(folder).mkdir(parents=True)
    return folder


def rows_in(urls: Sequence[str], scratch: Path) -> list[str]:
    """The rows of Parquet files as texts, in order."""
    return sorted(
        json.dumps(row, default=str)
        for url in STORAGE.fetch_all(urls, scratch)
        for row in pq.ParquetFile(url).read().to_pylist()
    )


def text(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows as texts that tell every bit of a number."""
    return [json.dumps(row, default=str) for row in rows]


def main(folder: Path, bucket: str) -> None:
    """Both engines, Spark once by tasks and once by SQL."""
    scratch = folder / "scratch"
    scratch.mkdir()
    embedded = open_duckdb(memory="500MB", threads=2, scratch=scratch, zone="UTC", storage=STORAGE)
    found = {"duckdb": work(embedded, folder, str(folder / "lake"), scratch)}
    embedded.close()
    cluster = Cluster(master="local[2]", memory="700MB", settings={"spark.sql.shuffle.partitions": "4"}, s3=True)
    for name, day_rows in (("tasks", 10**9), ("sql", 0)):
        engine = open_spark(
            cluster,
            day_rows=day_rows,
            scratch=scratch,
            zone="UTC",
            storage=STORAGE,
            translate=lambda sql: render(sql, "spark"),
        )
        found[name] = work(engine, folder, f"{bucket}/{name}", scratch)
        if name == "sql":
            engine.close()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
