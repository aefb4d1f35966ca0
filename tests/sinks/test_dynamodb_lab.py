"""The lab data: every number in DynamoDB, asked for as an application would, is what `show` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from decimal import Decimal
from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer

from hitparade.charts import charts_of
from hitparade.model import Dataset
from tests.dynamodb import missing
from tests.s3 import Server
from tests.shop import LAB, Shop
from tests.sinks.dynamodb_items import items

pytestmark = pytest.mark.skipif(not LAB.is_dir(), reason="the lab data is not beside this checkout")

DAY = "2024-06-25"
FILES: tuple[tuple[Dataset, str], ...] = (
    ("songs", "songs_partial.csv"),
    ("users", "users.csv"),
    ("streams", "streams1.csv"),
    ("streams", "streams2.csv"),
    ("streams", "streams3.csv"),
)
PREFIX = "lab_"


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    server: Server = request.getfixturevalue("dynalite" if missing() else "local")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        shop = Shop(tmp_path_factory.mktemp("lab"), settings=f'sinks = ["dynamodb:?prefix={PREFIX}"]')
        for dataset, name in FILES:
            shop.drop(dataset, name, (LAB / name).read_bytes())
        shop.run()
        yield shop


def same(value: object) -> object:
    """A number as both sides can compare it: what DynamoDB has is a Decimal, exact, of a double or an integer."""
    if isinstance(value, float):
        return Decimal(repr(value))
    return Decimal(value) if isinstance(value, int) else value


def told(row: Mapping[str, Any], *columns: str) -> Mapping[str, Any]:
    """Some columns of a row of the lake, as attributes: what is missing is none."""
    return {column: same(row[column]) for column in columns or row if row[column] is not None}


def untold(item: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """Some attributes of an item, where they are."""
    return {name: item[name] for name in names if name in item}


def read_back(shop: Shop, kpi: str) -> list[dict[str, Any]]:
    """The day's rows from DynamoDB, through our own reader."""
    with shop.open() as ws, charts_of(ws, f"dynamodb:?prefix={PREFIX}") as served:
        found: list[dict[str, Any]] = served.read(kpi, date=date.fromisoformat(DAY)).to_pylist()
        return found


@pytest.mark.parametrize("kpi", ["genre_daily", "top_songs_daily", "top_genres_daily", "hourly", "top_artist_hourly"])
def test_every_kpi_reads_back_as_show_has_it(shop: Shop, kpi: str) -> None:
    expected = shop.show(kpi, day=DAY)
    assert len(expected) > 4
    assert read_back(shop, kpi) == expected


@pytest.mark.parametrize("kpi", ["track_daily", "user_daily"])
def test_what_an_index_gives_back_is_as_show_has_it(shop: Shop, kpi: str) -> None:
    """dynalite tells items of one index key apart by 24 bits: of some ten thousand a few hide one another there.

    No item of the table itself is missing; the next test reads those. DynamoDB Local loses none.
    """
    expected, found = shop.show(kpi, day=DAY), read_back(shop, kpi)
    keys = {row["track_id"] if kpi == "track_daily" else row["user_id"] for row in found}
    assert found == [row for row in expected if row.get("track_id", row.get("user_id")) in keys]
    assert len(found) > len(expected) * 0.995
    assert missing() or found == expected


@pytest.mark.parametrize(
    ("table", "kpi", "key", "columns"),
    [
        ("music_streaming_genre_listen_count", "genre_daily", "genre", ["listen_count"]),
        ("music_streaming_unique_listeners", "genre_daily", "genre", ["unique_listeners"]),
        ("music_streaming_total_listening_time", "genre_daily", "genre", ["listening_ms"]),
        ("music_streaming_avg_listening_time", "genre_daily", "genre", ["avg_listening_ms_per_user"]),
        (
            *("music_streaming_user_listening", "user_daily", "user_id"),
            ["listen_count", "unique_tracks", "listening_ms", "avg_listening_ms_per_listen"],
        ),
        (
            *("track_level_reports", "track_daily", "track_id"),
            [
                *("listen_count", "unique_listeners", "listening_ms", "avg_listening_ms_per_user"),
                *("track_name", "artists", "primary_genre"),
            ],
        ),
    ],
)
def test_every_item_has_the_numbers_of_show(shop: Shop, table: str, kpi: str, key: str, columns: list[str]) -> None:
    found = {item[key]: untold(item, *columns) for item in items(f"{PREFIX}{table}")}
    assert found == {same(row[key]): told(row, *columns) for row in shop.show(kpi, day=DAY)}


def test_everything_about_a_genre_is_in_one_item(shop: Shop) -> None:
    expected = {row["genre"]: told(row) for row in shop.show("genre_daily", day=DAY)}
    songs = shop.show("top_songs_daily", day=DAY)
    top = {row["position"]: row["genre"] for row in shop.show("top_genres_daily", day=DAY)}
    assert len(expected) == 114

    ranked = {}
    for item in items(f"{PREFIX}music_kpis_table"):
        genre, chart = item["genre"], item.get("top_songs", [])
        measures = untold(item, *(name for name in expected[genre] if name not in ("listen_date", "genre")))
        assert {"listen_date": date.fromisoformat(item["date"]), "genre": genre, **measures} == expected[genre]
        assert chart == [told(row, *(set(row) - {"listen_date", "genre"})) for row in songs if row["genre"] == genre]
        ranked[item.get("genre_position")] = genre
    assert {position: ranked[position] for position in top} == top
    assert ranked[None] == "(unknown)"


def test_the_charts_a_track_is_in_are_in_its_report(shop: Shop) -> None:
    expected: dict[str, list[Mapping[str, Any]]] = {}
    for row in shop.show("top_songs_daily", day=DAY):
        expected.setdefault(row["track_id"], []).append(told(row, "genre", "position", "rank"))
    found = {
        item["track_id"]: item["genre_positions"]
        for item in items(f"{PREFIX}track_level_reports")
        if item.get("genre_positions")
    }
    assert found == expected


def test_a_genre_a_user_and_a_track_over_time_are_one_query_each(shop: Shop) -> None:
    [genre] = [row for row in shop.show("genre_daily", day=DAY) if row["genre"] == "pop"]
    user, track = shop.show("user_daily", day=DAY)[0], shop.show("track_daily", day=DAY)[0]
    read = TypeDeserializer().deserialize
    with closing(boto3.Session().client("dynamodb")) as client:
        for table, name, row in (
            ("music_streaming_genre_listen_count", "genre", genre),
            ("music_streaming_user_listening", "user_id", user),
            ("track_level_reports", "track_id", track),
        ):
            key = {"N": str(row[name])} if isinstance(row[name], int) else {"S": row[name]}
            answer = client.query(
                TableName=f"{PREFIX}{table}",
                KeyConditionExpression=f"{name} = :key",
                ExpressionAttributeValues={":key": key},
            )
            assert [read(item["listen_count"]) for item in answer["Items"]] == [row["listen_count"]]
