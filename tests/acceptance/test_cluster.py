"""A cluster of two executors, one of which is killed while it works: the result is that of one process.

`HITPARADE_CLUSTER_LISTENS` makes the sample larger than it is for every run of the tests.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.shop import Shop

LISTENS = int(os.environ.get("HITPARADE_CLUSTER_LISTENS", "80000"))
FILES, DAYS = 40, 4
PATIENCE = 1200.0
EXECUTOR = b"CoarseGrainedExecutorBackend"
CLUSTER = {"HITPARADE_ENGINE__MASTER": "local-cluster[2,1,1024]", "HITPARADE_ENGINE__MEMORY": "1GiB"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The embedded engine's answer, and in its archive the files."""
    shop = Shop(tmp_path_factory.mktemp("alone"))
    hitparade = [sys.executable, "-m", "hitparade"]
    size = ["--listens", str(LISTENS), "--days", str(DAYS), "--files", str(FILES)]
    config = ["--config", str(shop.root / "hitparade.toml")]
    subprocess.run([*hitparade, "generate", *size, *config], check=True, capture_output=True)
    shutil.copytree(shop.root / "data", shop.root / "delivered")
    subprocess.run([*hitparade, "run", *config], check=True, capture_output=True)
    return shop


@pytest.mark.skipif(shutil.which("java") is None, reason="there is no Java")
@pytest.mark.parametrize("day_rows", [20_000_000, 0], ids=["days as tasks", "days by SQL"])
def test_a_killed_executor_changes_nothing(sample: Shop, tmp_path: Path, day_rows: int) -> None:
    shop = Shop(tmp_path)
    for file in (sample.root / "delivered").rglob("*.csv"):
        shutil.copy(file, shop.landing(file.parent.name))  # type: ignore[arg-type]  # folders are named for datasets
    config = str(shop.root / "hitparade.toml")
    command = [sys.executable, "-m", "hitparade", "run", "--verbose", "--engine", "spark", "--config", config]
    settings = {**os.environ, **CLUSTER, "HITPARADE_ENGINE__DAY_ROWS": str(day_rows)}
    log = tmp_path / "log"
    with log.open("w") as output:
        run = subprocess.Popen(command, stdout=output, stderr=output, env=settings, start_new_session=True)
        killed = [
            kill_executor(run, lambda: any(shop.root.glob("lake/listens/data/*/listen_date=*/*.parquet"))),
            kill_executor(run, lambda: any(shop.root.glob("lake/kpi_*/data/**/*.parquet"))),
        ]
        code = run.wait(PATIENCE)

    assert code == 0, log.read_text()[-3000:]
    assert len(set(killed)) == 2
    assert shop.everything() == sample.everything()
    assert rows_loaded(shop) == rows_loaded(sample)


def kill_executor(run: subprocess.Popen[bytes], begun: Callable[[], bool]) -> int:
    """Kill one of the run's executors as soon as some work is done."""
    deadline = time.monotonic() + PATIENCE
    while not begun():
        assert run.poll() is None, "the run ended before an executor was killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    executor = max(executors(run.pid))
    os.kill(executor, signal.SIGKILL)
    return executor


def executors(session: int) -> Iterator[int]:
    """The processes of executors in a session."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            if EXECUTOR in (folder / "cmdline").read_bytes() and os.getsid(int(folder.name)) == session:
                yield int(folder.name)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked


def rows_loaded(shop: Shop) -> dict[str, tuple[str, int, int]]:
    """What became of each file."""
    return {name: (each.status, each.rows_loaded, each.rows_rejected) for name, each in shop.deliveries().items()}
