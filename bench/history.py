"""A history of daily runs: `python -m bench.history WORKSPACE LANDING DAYS`.

Day by day a file is delivered and a run does everything, as it would have been; only the start of a process a day is
spared. The last `DAYS` files of the sample are delivered.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from bench.progress import say
from bench.workspaces import CONFIG, deliver, deliver_all, files


def build(folder: Path, landing: Path, days: int) -> None:
    """Deliver the catalogue, then a file a day, each followed by a run."""
    from hitparade import log
    from hitparade.config import read_settings
    from hitparade.pipeline import run
    from hitparade.workspace import open_workspace

    log.set_up(level="error")
    settings = read_settings(folder / CONFIG)
    deliver_all(landing, folder, ("songs", "users"))
    started = time.perf_counter()
    for number, path in enumerate(files(landing, "streams")[-days:], start=1):
        deliver([path], folder / "data" / "streams")
        with open_workspace(settings, command="run") as ws:
            outcome = run(ws)
        if [each.status for each in outcome.loaded.deliveries if each.dataset == "streams"] != ["loaded"]:
            raise RuntimeError(f"{path.name} was not loaded")
        if number % 20 == 0 or number == days:
            say(f"  {number} of {days} daily runs, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
