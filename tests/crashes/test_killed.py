"""A process that is killed at any fault point, and the one after it: everything is as if nobody had been killed."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hitparade.emulator.catalog import refuse_stale_updates
from hitparade.faults import POINTS
from tests.cloud import CloudShop
from tests.crashes.dying import Death, hitparade
from tests.crashes.histories import CHAPTERS, everything, first, later, outcomes
from tests.crashes.lives import Lives, assert_same, on_a_disk
from tests.crashes.page import PAGE, page
from tests.crashes.places import quick_folder
from tests.dynamodb import reach
from tests.postgres import postgres_url as postgres_url
from tests.s3 import moto_server
from tests.shop import Shop
from tests.warehouse.places import assert_same as assert_same_there
from tests.warehouse.places import on_postgres

BETWEEN = int(os.environ.get("HITPARADE_DEATHS_BETWEEN", "0"))
"""How many of a point's passings are died at, besides its first and its last."""
AWS = (
    *("ledger.table_created", "lake.table_created", "storage.written", "lake.committed", "load.appended"),
    *("ledger.written", "ledger.accepted", "ledger.applied", "ledger.committed", "compute.replaced"),
    *("dynamodb.table_created", "dynamodb.begun", "dynamodb.item_written", "dynamodb.finished"),
    *("storage.linked", "storage.moved"),
)
"""Points that are passed in another way, or only, on S3, DynamoDB and Glue, in the order in which a run meets them."""
AWS_LATER = ("ledger.applied", "dynamodb.item_written", "storage.linked")
WAREHOUSE = ("warehouse.migrated", "warehouse.written", "warehouse.committed", "publish.merged", "publish.day_written")
"""Points that are passed in another way, or only, with a warehouse."""
WAREHOUSE_LATER = ("warehouse.written", "warehouse.committed", "publish.day_written")
DISK = [
    name
    for name in POINTS
    if not name.startswith(("dynamodb.", "warehouse.", "publish.merged"))
    and name not in ("ledger.table_created", "ledger.accepted", "ledger.applied")
]
"""All others."""

SOURCE = Path(__file__).parents[2] / "src"
PLACES: Mapping[str, Collection[str]] = {"a disk": set(DISK), "AWS": set(AWS), "PostgreSQL": set(WAREHOUSE)}
died_at: dict[str, set[str]] = {place: set() for place in PLACES}
"""Where this session has died, and all was well afterwards."""


def test_every_point_of_the_product_has_its_meaning_and_every_one_is_died_at() -> None:
    texts = [path.read_text() for path in SOURCE.rglob("*.py")]
    assert {name for text in texts for name in re.findall(r'\bpoint\("([^"]+)"\)', text)} == set(POINTS)
    assert {*DISK, *AWS, *WAREHOUSE} == set(POINTS)


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with on_a_disk(Lives) as lives:
        lives.live(CHAPTERS)
        yield lives


@pytest.mark.parametrize("name", DISK)
def test_what_a_killed_process_leaves_is_finished_by_the_next(lives: Lives, name: str) -> None:
    assert any(name in passed for passed in lives.passed), "nobody passes this point"
    for number, death in lives.deaths(name, BETWEEN):
        chapter = lives.back_to(number)
        chapter.deliver(lives.shop)
        killed = lives.run(chapter, death)
        assert killed.died, f"{chapter.name}, {death}: {killed.code} {killed.said}"
        lives.catch_up(chapter)
        assert_same(everything(lives.shop), lives.after[number], f"{chapter.name}, {death}")
        died_at["a disk"].add(name)


def die_in_turn(shop: Shop, names: Sequence[str]) -> None:
    """Run and die at one point after the other, each time going on with what the last left; then run to the end."""
    command = ("run", "--config", str(shop.root / "hitparade.toml"))
    for name in names:
        killed = hitparade(*command, death=Death(name, 1))
        assert killed.died, f"{name}: {killed.code} {killed.said}"
    while (done := hitparade(*command)).code == 1:
        pass
    assert done.code == 0, done.said


def test_on_aws_one_death_after_the_other_is_gone_on_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    refuse_stale_updates()
    with moto_server() as server:
        reach(server, monkeypatch)
        undisturbed = Shop(tmp_path / "disk")
        sink = "dynamodb:music_streaming_hourly,music_streaming_top_genres?prefix=killed_"
        cloud = CloudShop(tmp_path / "aws", server.make_bucket("killed"), sinks=(sink,))
        for deliver, names in ((first, AWS), (later, AWS_LATER)):
            for shop in (undisturbed, cloud):
                deliver(shop)
            die_in_turn(undisturbed, ())
            die_in_turn(cloud, names)
            assert outcomes(cloud) == outcomes(undisturbed)
            assert cloud.everything() == undisturbed.everything()
            assert hitparade("verify", "--config", str(cloud.root / "hitparade.toml")).code == 0
            archived = [path.name.partition("-")[2] for path in (undisturbed.root / "archive").glob("*/*")]
            assert sorted(name.partition("-")[2] for name in cloud.names("archive")) == sorted(archived)
            died_at["AWS"].update(names)


def test_with_a_warehouse_one_death_after_the_other_is_gone_on_from(postgres_url: str) -> None:
    place = on_postgres(postgres_url)
    with TemporaryDirectory(dir=quick_folder()) as made:
        folder = Path(made)
        undisturbed, shop = Shop(folder / "undisturbed"), Shop(folder / "shop", settings=f'sinks = ["{place.url}"]')
        for deliver, names in ((first, WAREHOUSE), (later, WAREHOUSE_LATER)):
            for each in (undisturbed, shop):
                deliver(each)
            die_in_turn(undisturbed, ())
            die_in_turn(shop, names)
            assert shop.everything() == undisturbed.everything()
            assert_same_there(shop, place)
            assert len(place.listens()) == len(set(place.listens())) == heard(undisturbed)
            died_at["PostgreSQL"].update(names)


def heard(shop: Shop) -> int:
    """How many listens there are, each once."""
    return sum(each.listens for each in shop.computations().values())


def test_the_page_of_the_points_is_that_of_today(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--golden"):
        assert died_at == PLACES, "run the whole file to write the page"
        PAGE.write_text(page(PLACES))
    assert PAGE.read_text() == page(PLACES)
