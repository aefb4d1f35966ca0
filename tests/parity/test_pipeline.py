"""The same deliveries to three workspaces: what DuckDB, Spark by tasks, and Spark by SQL make of them is the same.

In the workspace that is computed by SQL work changes hands: DuckDB loads the catalogue and what is delivered again, and
reads in the end what Spark has made.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import date

import pytest

from hitparade import pipeline
from hitparade.sample import SampleSpec, generate
from hitparade.steps.compute import Stale, decide
from tests.parity.seen import ASPECTS, LISTED, Seen, seen
from tests.shop import Shop
from tests.spark import BY_SQL, on_spark

pytestmark = on_spark

SPEC = SampleSpec(listens=3_000, days=3, users=100, tracks=200, files=5, seed=7, start=date(2024, 6, 1), hostile=True)
SETTINGS = 'sinks = ["files:exports"]'
LONGEST_MS = 10**18 - 1
HEARD = (2**63 - 1) // LONGEST_MS
LONG = "x" * 10_000

# What the sample is too well-bred for: numbers and days at their limits, and names that only bytes put in order.
SONGS = [
    f"longest,A,B,C,1,{LONGEST_MS},longest",
    *(f"{letter},A;{letter},B,{letter}{LONG},,1000,{letter}" for letter in ("\U0001f600", "\uff61", "e\u0301", "z")),
    *(
        f"{letter},{letter},B,C,100,0,tied"
        for letter in ("\U0001f600\U0001f600", "\uff61\uff61", f"{LONG}a", f"{LONG}b")
    ),
    "solo,Solo,B,C,1,1000,soloist",
    "bare,,,,,,",
]
LISTENS = [
    *(f"{user},longest,2024-06-02 {user:02}:00:00" for user in range(HEARD)),
    *(f"{10**18 - 1},{track},0001-01-02 00:00:00" for track in ("\U0001f600", "\uff61", "e\u0301", "\u00e9", "z")),
    *(f"{-(10**18) + 1},{track},9999-12-30 00:00:00" for track in ("bare", "unknown", f"{LONG}a", f"{LONG}b")),
    *(
        f"{2**53 + user},{track * 2},2024-02-29 23:59:59.999999"
        for track in ("\U0001f600", "\uff61")
        for user in (0, 1)
    ),
]
SOLO = ["77,solo,2024-06-09 10:00:00", "78,solo,2024-06-09 11:00:00", "78,solo,2024-06-02 11:00:00"]
# Corrections after which a day has no listen, and a genre no track; then a day that comes late.
VANISHED = date(2024, 6, 9)
SOLO_AGAIN = ["77,solo,2024-06-08 10:00:00", "78,solo,2024-06-02 11:00:00"]
SONGS_AGAIN = ["solo,Solo,B,C,1,2000,duo"]
LATE = ["77,solo,2024-05-01 10:00:00", "77,z,2024-05-01 10:00:00"]


@pytest.fixture(scope="module")
def shops(spark: object, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Shop]:
    """The three workspaces, with the same files in front of each and some to be delivered later."""
    folder = tmp_path_factory.mktemp("parity")
    made = {
        "duckdb": Shop(folder / "duckdb", settings=SETTINGS),
        "tasks": Shop(folder / "tasks", settings=SETTINGS, engine="spark"),
        "sql": Shop(folder / "sql", settings=SETTINGS, engine="spark", day_rows=BY_SQL),
    }
    first = made["duckdb"]
    generate(
        SPEC,
        streams=first.landing("streams"),
        songs=first.landing("songs"),
        users=first.landing("users"),
        truth=first.root / "sample" / "truth.json",
    )
    first.deliver("songs", "limits.csv", SONGS)
    first.deliver("streams", "limits.csv", LISTENS)
    first.deliver("streams", "solo.csv", SOLO)
    for other in ("tasks", "sql"):
        for name in ("data", "sample"):
            shutil.copytree(first.root / name, made[other].root / name, dirs_exist_ok=True)
    return made


@pytest.fixture(scope="module")
def delivered(shops: Mapping[str, Shop]) -> Mapping[str, Seen]:
    """What each workspace tells of the first delivery."""
    shops["duckdb"].run()
    shops["tasks"].run()
    streams, aside = shops["sql"].landing("streams"), shops["sql"].root / "aside"
    streams.rename(aside)
    streams.mkdir()
    load(shops["sql"].by("duckdb"))
    streams.rmdir()
    aside.rename(streams)
    shops["sql"].run()
    return {name: seen(shop) for name, shop in shops.items()}


@pytest.fixture(scope="module")
def behind(shops: Mapping[str, Shop], delivered: Mapping[str, Seen]) -> Mapping[str, list[Stale]]:
    """The days that the other engine would compute in each workspace after the first delivery."""
    found = {}
    for name, shop in shops.items():
        with shop.by("spark" if name == "duckdb" else "duckdb").open() as ws:
            found[name] = decide(ws)
    return found


@pytest.fixture(scope="module")
def redelivered(shops: Mapping[str, Shop], behind: object) -> Mapping[str, Seen]:
    """What each workspace tells once files have come again: corrections, late days, another catalogue."""
    for shop in shops.values():
        manifest = json.loads((shop.landing("streams") / "manifest.json").read_text())
        manifest["schema"]["on_redelivery"] = "supersede"
        shop.manifest("streams", manifest)
        for path in sorted((shop.root / "sample" / "redeliver").rglob("*.csv")):
            shutil.copy(path, shop.root / "data" / path.parent.name)
        shop.deliver("songs", "solo.csv", SONGS_AGAIN)
        shop.deliver("streams", "solo.csv", SOLO_AGAIN)
        shop.deliver("streams", "late.csv", LATE)
    load(shops["sql"].by("duckdb"))
    for shop in shops.values():
        shop.run()
    return {name: seen(shop.by("duckdb") if name == "sql" else shop) for name, shop in shops.items()}


def load(shop: Shop) -> None:
    with shop.open("load") as ws:
        pipeline.load(ws)


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", ["tasks", "sql"])
def test_spark_makes_of_a_first_delivery_what_duckdb_makes(
    delivered: Mapping[str, Seen], name: str, aspect: str
) -> None:
    assert getattr(delivered[name], aspect) == getattr(delivered["duckdb"], aspect)


def test_the_delivery_reaches_the_limits(delivered: Mapping[str, Seen]) -> None:
    """Of numbers, of the calendar, and of what a contract refuses."""
    one = delivered["duckdb"]
    days = {row["listen_date"] for row in one.kpis["hourly"]}
    assert {date(1, 1, 2), date(9999, 12, 30)} <= days
    assert [row["listening_ms"] for row in one.kpis["genre_daily"] if row["genre"] == "longest"] == [HEARD * LONGEST_MS]
    assert {row["user_id"] for row in one.kpis["user_totals"]} >= {10**18 - 1, 1 - 10**18, 2**53, 2**53 + 1}
    assert {"loaded", "duplicate", "quarantined"} == {each[LISTED.index("status")] for each in one.deliveries}
    assert len(one.rejects) > 100


def test_what_one_engine_computed_is_up_to_date_for_the_other(
    shops: Mapping[str, Shop], delivered: Mapping[str, Seen], behind: Mapping[str, list[Stale]]
) -> None:
    assert behind == {name: [] for name in shops}


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("name", ["tasks", "sql"])
def test_spark_makes_of_corrections_what_duckdb_makes(redelivered: Mapping[str, Seen], name: str, aspect: str) -> None:
    assert getattr(redelivered[name], aspect) == getattr(redelivered["duckdb"], aspect)


def test_the_corrections_make_keys_vanish_from_every_stored_kpi(redelivered: Mapping[str, Seen]) -> None:
    one = redelivered["duckdb"]
    for name, rows in one.stored.items():
        gone = [row for row in rows if row["listen_date"] == VANISHED]
        assert gone, name
        assert {row["listen_count"] for row in gone} == {0}, name
    assert [row["listen_count"] for row in one.stored["genre_daily"] if row["genre"] == "soloist"] == [0, 0]
    assert "superseded" in {each[LISTED.index("status")] for each in one.deliveries}
