"""What is read from DynamoDB is what the lake answers, wherever the tables can tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from hitparade.charts import Charts, charts_of
from hitparade.cli.app import run as hitparade
from hitparade.errors import ConfigError
from hitparade.sinks import open_reader
from tests.s3 import Server
from tests.shop import Shop
from tests.sinks.conftest import SERVERS, numbers
from tests.sinks.test_sinks import MONDAY, TUESDAY

SONGS = (
    "a,Ann;Bob,First,Able,10,200000,pop",
    "a,Ann;Bob,First,Able,10,200000,rock",
    "b,Cid,Second,Baker,20,,pop",
    "c,Ann,Third,Charlie,30,100001,folk",
)


@pytest.fixture(scope="module", params=SERVERS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A workspace with two days, the second without a genre of the first, and a correction that took a listen away."""
    server: Server = request.getfixturevalue(request.param)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        url = f"dynamodb:?prefix=reading{next(numbers)}_"
        shop = Shop(tmp_path_factory.mktemp("reading"), settings=f'sinks = ["{url}"]')
        shop.manifest("streams", {"version": "2.0", "schema": {"on_redelivery": "supersede", **STREAMS}})
        shop.deliver("songs", "songs.csv", SONGS)
        monday = [f"{user},{track},2024-06-24 {user:02}:00:00" for user in range(1, 9) for track in "abcu"[: user % 5]]
        shop.deliver("streams", "monday.csv", [*monday, "9,c,2024-06-24 23:00:00"])
        shop.deliver("streams", "tuesday.csv", [f"{user},a,2024-06-25 10:00:00" for user in range(3)])
        shop.run()
        shop.deliver("streams", "monday.csv", [line for line in monday if ",c," not in line])
        shop.run()
        yield shop


STREAMS = {
    "extension": ".csv",
    "fields_required": True,
    "fields": {
        "user_id": {"type": "int", "required": True},
        "track_id": {"type": "string", "required": True},
        "listen_time": {"type": "timestamp", "required": True},
    },
    "validation": {"on_error": "reject_rows"},
}


def url_of(shop: Shop) -> str:
    with shop.open() as ws:
        return ws.settings.sinks[0]


def both(shop: Shop, kpi: str, **asked: Any) -> tuple[pa.Table, pa.Table]:
    """The same question to the lake and to DynamoDB."""
    with shop.open() as ws, charts_of(ws, url_of(shop)) as served:
        return Charts.of(ws).read(kpi, **asked), served.read(kpi, **asked)


DAILY = (
    *("genre_daily", "top_songs_daily", "top_genres_daily", "track_daily"),
    *("user_daily", "hourly", "top_artist_hourly"),
)


@pytest.mark.parametrize("day", [MONDAY, TUESDAY, date(2020, 1, 1), None], ids=str)
@pytest.mark.parametrize("kpi", DAILY)
def test_a_day_is_as_in_the_lake(shop: Shop, kpi: str, day: date | None) -> None:
    lake, served = both(shop, kpi, date=day)

    assert served.equals(lake)
    assert (lake.num_rows > 0) == (day != date(2020, 1, 1))


@pytest.mark.parametrize("day", [MONDAY, None], ids=str)
@pytest.mark.parametrize("genre", ["pop", " Rock ", "folk", "polka"])
@pytest.mark.parametrize("kpi", ["genre_daily", "top_songs_daily", "top_genres_daily"])
def test_a_genre_is_as_in_the_lake(shop: Shop, kpi: str, genre: str, day: date | None) -> None:
    lake, served = both(shop, kpi, genre=genre, date=day)

    assert served.equals(lake)
    assert (lake.num_rows > 0) == (genre in ("pop", " Rock "))


def test_fewer_positions_may_be_wanted_than_are_served(shop: Shop) -> None:
    lake, served = both(shop, "top_genres_daily", positions=1)
    assert served.equals(lake)
    assert served.num_rows == 2


def test_more_positions_than_are_served_are_only_in_the_lake(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="to position 3, not to 10") as refusal:
        both(shop, "top_songs_daily", positions=10)
    assert "lake" in str(refusal.value.hint)


def test_days_are_those_with_listens(shop: Shop) -> None:
    with shop.open() as ws, charts_of(ws, url_of(shop)) as served:
        assert served.days() == Charts.of(ws).days() == (MONDAY, TUESDAY)


def test_all_time_kpis_are_only_in_the_lake(shop: Shop) -> None:
    with pytest.raises(ConfigError, match="no table that holds all of user_totals") as refusal:
        both(shop, "user_totals")
    assert "lake" in str(refusal.value.hint)


def test_tables_that_tell_only_a_part_are_not_an_answer(shop: Shop) -> None:
    source = url_of(shop).replace("dynamodb:", "dynamodb:music_streaming_unique_listeners")
    with shop.open() as ws, charts_of(ws, source) as served, pytest.raises(ConfigError) as refusal:
        served.read("genre_daily", date=MONDAY)
    assert "dynamodb:music_kpis_table" in str(refusal.value.hint)


def test_tables_that_nobody_made_are_said_to_be_missing(shop: Shop) -> None:
    with closing(open_reader("dynamodb:?prefix=nobody_")) as reader, shop.open() as ws:
        [hourly] = [kpi for kpi in ws.kpis if kpi.name == "hourly"]
        for ask in (reader.days, lambda: reader.read(hourly, where={"listen_date": MONDAY}, positions=None)):
            with pytest.raises(ConfigError, match="nobody_"):
                ask()


def test_show_from_prints_what_show_prints(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(shop.root / "hitparade.toml")
    for question in (["track_daily", "--date", "2024-06-24"], ["top_songs_daily", "--genre", "pop"], ["hourly"], []):
        form = ["--format", "csv"] if question else []
        answers = []
        for source in ([], ["--from", url_of(shop)]):
            assert hitparade(["show", *question, *form, *source, "--config", config]) == 0
            answers.append(capsys.readouterr().out)
        assert answers[0] == answers[1]
        assert answers[0].count("\n") > 2


def test_show_from_elsewhere_says_what_can_be_read(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    config = str(shop.root / "hitparade.toml")
    assert hitparade(["show", "hourly", "--from", "exports", "--config", config]) == 2
    assert "dynamodb:..." in capsys.readouterr().err
