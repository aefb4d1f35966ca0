"""The lab data: the same answers whatever the order and batching, and nothing lost or counted twice."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from hitparade.cli.app import run as hitparade
from tests.shop import LAB, Shop, lines
from tests.spark import on_spark

pytestmark = pytest.mark.skipif(not LAB.is_dir(), reason="the lab data is not beside this checkout")

DAY = date(2024, 6, 25)
STREAMS = ("streams1.csv", "streams2.csv", "streams3.csv")
Delivery = tuple[str, str]
EVERYTHING: tuple[Delivery, ...] = (
    ("songs", "songs_partial.csv"),
    ("users", "users.csv"),
    *(("streams", name) for name in STREAMS),
)
ORDERS: dict[str, Sequence[Sequence[Delivery]]] = {
    "three runs": [
        [EVERYTHING[0], EVERYTHING[1], EVERYTHING[2]],
        [EVERYTHING[3]],
        [EVERYTHING[4]],
    ],
    "another order": [[EVERYTHING[4]], [EVERYTHING[2], EVERYTHING[1]], [EVERYTHING[3]], [EVERYTHING[0]]],
    "all at once": [EVERYTHING],
}


def delivered(shop: Shop, order: Sequence[Sequence[Delivery]]) -> Shop:
    for batch in order:
        for dataset, name in batch:
            shutil.copy(LAB / name, shop.landing("streams").parent / dataset / name)
        shop.run()
    return shop


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shop]:
    return {name: delivered(Shop(tmp_path_factory.mktemp("lab")), order) for name, order in ORDERS.items()}


@pytest.fixture
def shop(shops: dict[str, Shop], tmp_path: Path) -> Shop:
    """A lab workspace of one's own, everything loaded."""
    return delivered(Shop(tmp_path / "own"), ORDERS["all at once"])


def shown(shop: Shop, capsys: pytest.CaptureFixture[str], *, engine: str = "duckdb") -> dict[str, str]:
    """What `show KPI --format json` prints, for every KPI."""
    config = str(shop.root / "hitparade.toml")
    names = shop.everything()
    answers = {}
    for name in names:
        assert hitparade(["show", name, "--format", "json", "--engine", engine, "--config", config]) == 0
        answers[name] = capsys.readouterr().out
    return answers


def test_every_kpi_is_byte_identical_in_every_order_and_batching(
    shops: dict[str, Shop], capsys: pytest.CaptureFixture[str]
) -> None:
    answers = {name: shown(shop, capsys) for name, shop in shops.items()}
    for one, other in itertools.pairwise(answers):
        assert answers[one] == answers[other]
    assert len(answers["all at once"]) == 13
    assert all(json.loads(answer) for answer in answers["all at once"].values())


@on_spark
def test_spark_gives_the_same_json(
    shops: dict[str, Shop], spark: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = delivered(Shop(tmp_path, engine="spark"), ORDERS["all at once"])

    assert shown(shop, capsys, engine="spark") == shown(shops["all at once"], capsys)


def test_listens_and_listeners_are_those_of_the_files(shops: dict[str, Shop]) -> None:
    shop = shops["three runs"]
    rows = [line.split(",") for name in STREAMS for line in lines(LAB / name)]
    assert len({tuple(row) for row in rows}) == 34_038
    hourly = shop.show("hourly", day="2024-06-25")
    assert sum(row["listen_count"] for row in hourly) == 34_038
    users = shop.show("user_daily")
    assert len(users) == len({row[0] for row in rows}) == 18_006
    assert {row["listen_date"] for row in users} == {DAY}


def test_unknown_holds_what_the_partial_catalogue_lacks(shops: dict[str, Shop]) -> None:
    known = {line.split(",", 1)[0] for line in lines(LAB / "songs_partial.csv")}
    heard = [line.split(",")[1] for name in STREAMS for line in lines(LAB / name)]
    unknown = [row for row in shops["all at once"].show("genre_daily") if row["genre"] == "(unknown)"]
    assert [row["listen_count"] for row in unknown] == [sum(track not in known for track in heard)]


def test_a_file_delivered_again_under_another_name_changes_nothing(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    before = shown(shop, capsys)
    shutil.copy(LAB / "streams1.csv", shop.landing("streams") / "again.csv")
    shop.run()
    assert shown(shop, capsys) == before
    assert hitparade(["status", "--json", "--config", str(shop.root / "hitparade.toml")]) == 0
    status = json.loads(capsys.readouterr().out)
    assert [each["uri"] for each in status["duplicates"]] == ["data/streams/again.csv"]


def test_another_file_under_a_known_name_is_added(shop: Shop) -> None:
    shop.deliver("streams", "streams1.csv", ["1,5SuOikwiRyPMVoIQDJUgSV,2024-06-25 00:00:01"])
    shop.run()
    assert sum(row["listen_count"] for row in shop.show("hourly")) == 34_039
    archived = sorted(path.name.split("-", 1)[1] for path in (shop.root / "archive" / "streams").iterdir())
    assert archived == ["streams1.csv", "streams1.csv", "streams2.csv", "streams3.csv"]


def test_rows_delivered_again_in_another_file_are_repeats(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    before = shown(shop, capsys)
    half = lines(LAB / "streams2.csv")[:5_673]
    shop.deliver("streams", "half.csv", half)
    shop.run()
    assert shown(shop, capsys) == before
    assert shop.computations()[DAY].repeats == len(half)
    assert hitparade(["explain", "hourly", "--json", "--config", str(shop.root / "hitparade.toml")]) == 0
    explained = json.loads(capsys.readouterr().out)
    assert (explained["loaded"], explained["repeats"]) == (34_038 + len(half), len(half))
