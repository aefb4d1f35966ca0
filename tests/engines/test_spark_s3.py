"""Spark on `s3://`, against a real S3 server and moto: what it loads and computes there is what DuckDB does on disk."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import s3

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java")
OFFLINE = ("unresolved dependency", "UNRESOLVED DEPENDENCIES", "download failed")


@pytest.fixture(scope="module", params=["seaweedfs", "moto"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3.Server]:
    opened = s3.moto_server() if request.param == "moto" else s3.seaweedfs(tmp_path_factory.mktemp("seaweedfs"))
    with opened as running:
        yield running


def delivered(folder: Path) -> None:
    """Three stream files, one with bad rows, over two days, and some songs."""
    header = "user_id,track_id,listen_time"
    files = {
        "one.csv": [
            f"{number},t{number % 7},2024-06-2{4 + number % 2} 10:{number % 60:02}:00" for number in range(300)
        ],
        "two.csv": [
            "1,t1,2024-06-24 10:00:00",
            "x,t1,2024-06-24 10:00:00",
            '2,"t,1",2024-06-24 23:59:59',
            "3,t1,never",
        ],
        "three words.csv": ["5,é,2024-06-25 00:00:00", "5,é,2024-06-25 00:00:00"],
    }
    (folder / "streams").mkdir()
    for name, rows in files.items():
        (folder / "streams" / name).write_text("\n".join([header, *rows, ""]))
    songs = ["track_id,artists,album_name,track_name,popularity,duration_ms,track_genre"]
    songs += [
        f"t{number},A{number};B,Album,Song {number},50,{1000 + number},{'pop' if number % 2 else 'rock'}"
        for number in range(5)
    ]
    (folder / "songs.csv").write_text("\n".join([*songs, ""]))


def on_s3(folder: Path, bucket: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.engines.on_s3", str(folder), bucket]
    settings = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=settings, timeout=600, check=False)


def test_spark_does_in_a_bucket_what_duckdb_does_on_a_disk(server: s3.Server, tmp_path: Path) -> None:
    delivered(tmp_path)

    done = on_s3(tmp_path, server.make_bucket("lake"), server.environment)

    if done.returncode and any(mark in done.stderr for mark in OFFLINE):
        pytest.skip("Maven's packages cannot be had here")
    assert done.returncode == 0, done.stderr[-4000:]
    found = json.loads(done.stdout)
    assert [found[name].pop("scheme") for name in ("duckdb", "tasks", "sql")] == [[], ["s3"], ["s3"]]
    assert found["duckdb"]["staged"] == {"1": [300, 0], "2": [2, 0], "3": [4, 2]}
    assert found["tasks"] == found["duckdb"]
    assert found["sql"] == found["duckdb"]
