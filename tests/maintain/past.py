"""A lake with a past: small files, corrections, rejected rows, attempts that were killed."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hitparade import faults, pipeline
from hitparade.config import Settings, read_settings
from hitparade.maintain import Maintained, maintain
from hitparade.workspace import Workspace
from tests.shop import Shop
from tests.together import forked

GRACE = timedelta(hours=25)
LONGEST = 120.0
SONGS = [f"t{each},Artist {each % 3},Album,Song {each},5,1000,{('pop', 'rock')[each % 2]}" for each in range(8)]


def rows(number: int, day: int, *, bad: int = 0) -> list[str]:
    """Listens of a file: some of them every file of the day has, some break a rule."""
    own = [f"{number},t{(number + each) % 8},2024-06-{day:02} {number % 24:02}:{each:02}:00" for each in range(4)]
    shared = [f"99,t1,2024-06-{day:02} 09:00:00"]
    return [*own, *shared, *["nobody,t1,2024-06-01 09:00:00"] * bad]


def make_past(shop: Shop, *, files: int = 10) -> None:
    """Deliveries, each with a load of its own: late ones, a correction of the third, a new catalogue; then the rest."""
    manifest = json.loads((shop.root / "data" / "streams" / "manifest.json").read_text())
    manifest["schema"]["on_redelivery"] = "supersede"
    shop.manifest("streams", manifest)
    shop.deliver("songs", "songs.csv", SONGS)
    shop.deliver("users", "users.csv", [f"{each},User {each},30,Chad,2020-01-01" for each in range(files)])
    for number in range(files):
        shop.deliver("streams", f"{number}.csv", rows(number, 1 + number % 2, bad=number % 3))
        load_once(shop)
    shop.run()
    if files > 2:
        shop.deliver("streams", "2.csv", rows(50, 1))
    shop.deliver("songs", "later.csv", ["t1,Artist 1,Album,Song 1 (Live),5,2000,jazz"])
    shop.run()


def load_once(shop: Shop) -> None:
    """Load, and leave the days to be computed."""
    with shop.open("load") as ws:
        pipeline.load(ws)


def maintained(shop: Shop, *, after: timedelta = GRACE, dry: bool = False) -> Maintained:
    """Maintain, some time from now: by then everything is out of use for long enough to be noted."""
    settings = read_settings(shop.root / "hitparade.toml")
    return maintained_by(settings, after=after, dry=dry)


def maintained_by(settings: Settings, *, after: timedelta = GRACE, dry: bool = False) -> Maintained:
    """See maintained."""
    ws = Workspace(settings, command="maintain", clock=lambda: datetime.now(UTC) + after)
    try:
        return maintain(ws, dry=dry)
    finally:
        ws.close()


def killed(shop: Shop, work: Callable[[Path], object], point: str) -> bool:
    """Whether a process that did the work was killed at a fault point, the first time it came there."""
    process = forked(dying, shop.root, work, point)
    process.join(LONGEST)
    return process.exitcode == -signal.SIGKILL


def dying(root: Path, work: Callable[[Path], object], point: str) -> None:
    """Do the work until a point."""

    def kill(passed: str) -> None:
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with faults.watched(kill):
        work(root)


def run_once(root: Path) -> None:
    """All four steps."""
    ws = Workspace(read_settings(root / "hitparade.toml"), command="run")
    try:
        pipeline.run(ws)
    finally:
        ws.close()


def maintain_later(root: Path) -> None:
    """Maintain, as of two times of grace from now."""
    maintained_by(read_settings(root / "hitparade.toml"), after=2 * GRACE)


# -- what is there


def loads(shop: Shop, table: str) -> dict[int, int]:
    """The rows of a table, by load_id, in effect or not."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: Counter[int] = Counter()
    with shop.open() as ws:
        for file in ws.lake.files(table):
            with ws.storage.open(file.path) as opened:
                counts = pc.value_counts(pq.ParquetFile(opened).read(["load_id"])["load_id"])
            found.update({row["values"]: row["counts"] for row in counts.to_pylist()})
    return dict(found)


def in_effect(shop: Shop) -> set[int]:
    """load_ids of streams in effect."""
    with shop.open() as ws:
        return set(ws.ledger.load_ids("streams"))


def recorded(shop: Shop, *statuses: str) -> set[int]:
    """load_ids of the deliveries of some statuses."""
    with shop.open() as ws:
        return {each.load_id for each in ws.ledger.deliveries() if each.status in statuses}


def meaning(shop: Shop) -> dict[str, Any]:
    """All that anyone can read: every KPI, and the rows in effect by load_id."""
    known = recorded(shop, "loaded")
    tables = ("listens", "songs", "song_genres", "song_artists", "users", "rejects")
    counting = {
        table: {load_id: count for load_id, count in loads(shop, table).items() if load_id in known} for table in tables
    }
    return {"kpis": shop.everything(), "rows": counting}


def files_below(shop: Shop, folder: str = "lake") -> set[Path]:
    """Every file below a folder."""
    return {path for path in (shop.root / folder).rglob("*") if path.is_file()}
