"""What is delivered to a workspace while processes die at it, and all that is to be seen of it in the end."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hitparade.scaffold import manifest_text
from tests.acceptance.test_own_kpis import HEADER, SELECT
from tests.shop import HEADERS, Shop

KPI = "kpis/day_daily.sql"
OF_AN_ATTEMPT = frozenset({"load_id", "etag", "loaded_at", "run"})
"""What the ledger tells of who loaded a file and when, and not of the file."""
TIME = re.compile(r" at [-0-9]+ [:0-9]+ UTC")
UNFINISHED = ".part"
"""How the name of a file ends that was being written when its process was killed."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a history: what is delivered, and the command that is run then."""

    name: str
    deliver: Callable[[Shop], None]
    command: tuple[str, ...] = ("run",)


def listens(users: int, tracks: int, days: tuple[int, ...], hour: int) -> list[str]:
    """Listens of some days of June."""
    return [
        f"{user},t{(user * day) % tracks},2024-06-{day:02} {hour + user % 3:02}:{user:02}:00"
        for day in days
        for user in range(1, users)
    ]


def first(shop: Shop) -> None:
    """Catalogue, two days, a repeat, a file with bad rows, one that is refused, and one delivered twice."""
    (shop.root / "kpis").mkdir(exist_ok=True)
    (shop.root / KPI).write_text(HEADER + SELECT)
    shop.deliver("songs", "songs.csv", [f"t{n},Ann;Bo,Album,Name {n},{n},{n * 1000},pop" for n in range(5)])
    shop.deliver("songs", "then.csv", [f"t{n},Dee,Album,Then {n},{n},{n * 100},folk" for n in range(3, 5)])
    shop.deliver("users", "users.csv", [f"{n},User {n},30,GB,2024-01-01" for n in range(1, 6)])
    shop.deliver("streams", "one.csv", listens(7, 6, (2, 3), 10))
    shop.deliver("streams", "two.csv", [*listens(4, 6, (3,), 10), "x,t1,2024-06-03 10:00:00", *listens(3, 2, (3,), 20)])
    shop.deliver("streams", "bad.csv", ["1,t1,never", "2,t1,2024-06-02 10:00:00", "x,t1,2024-06-02 10:00:00"])
    shop.deliver("streams", "twice.csv", listens(7, 6, (2, 3), 10))


def second(shop: Shop) -> None:
    """What comes later, and a claim that a dead process left."""
    later(shop)
    shop.deliver("streams", ".claimed.csv.claimed", listens(3, 7, (5,), 11))


def later(shop: Shop) -> None:
    """A late day, a name used again, a packed file, other songs, another KPI."""
    header, select = HEADER, SELECT
    header = header.replace("*/", "  tracks: {type: long, measure: distinct, unit: tracks, description: Tracks}\n*/")
    header = header.replace("user_id]", "user_id, track_id]")
    select = select.replace("\nFROM", ",\n  COUNT(DISTINCT plays.track_id) AS tracks\nFROM")
    (shop.root / KPI).write_text(header + select)
    shop.deliver("songs", "again.csv", [f"t{n},Cy,Album,Other {n},1,500,rock" for n in range(3, 8)])
    shop.deliver("users", "users.csv", [f"{n},Named {n},31,SE,2024-01-01" for n in range(4, 9)])
    shop.deliver("streams", "late.csv", listens(5, 7, (1, 2), 12))
    shop.deliver("streams", "one.csv", listens(8, 7, (3, 4), 9))
    packed = "\n".join([HEADERS["streams"], *listens(6, 5, (4,), 15), ""]).encode()
    shop.drop("streams", "packed.csv.gz", gzip.compress(packed, mtime=0))
    shop.deliver("streams", "worse.csv", ["1,t1,never", "2,t1,nor now"])


def third(shop: Shop) -> None:
    """Corrections take the place of what came under their names; a day is left without listens."""
    manifest = json.loads(manifest_text("streams"))
    manifest["schema"]["on_redelivery"] = "supersede"
    shop.manifest("streams", manifest)
    shop.deliver("streams", "late.csv", listens(4, 7, (2,), 13))


def many(shop: Shop) -> None:
    """Users in so many files, each a commit, that old snapshots are let go of."""
    for number in range(21):
        shop.deliver("users", f"user{number:02}.csv", [f"{number},Again {number},32,FR,2024-01-01"])


def mended(shop: Shop) -> None:
    """A contract by which files in quarantine may come back."""
    manifest = json.loads(manifest_text("streams"))
    manifest["schema"]["validation"]["max_rejected_ratio"] = 1.0
    shop.manifest("streams", manifest)


def old(shop: Shop) -> None:
    """All that is out of use may be removed at once."""
    config = shop.root / "hitparade.toml"
    config.write_text(config.read_text() + "\n[maintain]\nkeep_hours = 0\n")


DAILY = (Chapter("first", first), Chapter("second", second), Chapter("third", third))
"""What goes on from day to day."""
CHAPTERS = (
    *DAILY,
    Chapter("many", many),
    Chapter("mended", mended, ("quarantine", "release", "--all")),
    Chapter("old", old, ("maintain",)),
)
Seen = Mapping[str, Any]


def everything(shop: Shop) -> Seen:
    """All that is to be seen of a workspace on a disk."""
    return {**served(shop), **accounted(shop), **files(shop.root)}


def served(shop: Shop) -> Seen:
    """Every KPI's rows, and what was rejected of which file."""
    with shop.open() as ws:
        known = {each.load_id: each.seq for each in ws.ledger.deliveries()}
    rows = [row for row in shop.rejects() if row["load_id"] in known]
    rejected = [{**row, "load_id": known[row["load_id"]], "rejected_at": None} for row in rows]
    return {"kpis": shop.everything(), "rejected": sorted(rejected, key=repr)}


def outcomes(shop: Shop) -> Counter[tuple[object, ...]]:
    """What became of each file, whoever loaded it and in whichever order."""
    with shop.open() as ws:
        return Counter(
            (each.dataset, each.name, each.sha256, each.status, each.rows_read, each.rows_loaded, each.rows_rejected)
            for each in ws.ledger.deliveries()
        )


def accounted(shop: Shop) -> Seen:
    """What the ledger tells of files, days and sinks, but for who did it and when."""
    with shop.open() as ws:
        deliveries = [
            {name: value for name, value in asdict(each).items() if name not in OF_AN_ATTEMPT}
            | {"reason": TIME.sub("", each.reason or "")}
            for each in ws.ledger.deliveries()
        ]
        computed = [
            (each.kpi, each.listen_date, each.seq, each.hash, each.rows, each.listens, each.repeats)
            for each in ws.ledger.computations()
        ]
        published = [
            (sink.url, each.table, each.listen_date, each.rows)
            for sink in ws.sinks
            for each in ws.ledger.publications(sink.url)
        ]
        assert not [each for sink in ws.sinks for each in ws.ledger.unpublished(sink.url, {})]
        return {"deliveries": deliveries, "computed": sorted(computed), "published": sorted(published)}


def files(root: Path) -> Seen:
    """Every file outside of the lake, but for those that a dead process was writing."""
    found = {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}
    kept = {name: path for name, path in found.items() if not name.startswith("lake/") and path.suffix != UNFINISHED}
    return {"files": {name: content(path) for name, path in kept.items()}}


def content(path: Path) -> object:
    """The rows of a Parquet file, which carries its run too; a report but for its time; the hash of any other."""
    if path.suffix == ".parquet":
        return pq.ParquetFile(path).read().to_pylist()
    if path.name.endswith(".report.json"):
        return {**json.loads(path.read_text()), "judged_at": None}
    return hashlib.sha256(path.read_bytes()).hexdigest()
