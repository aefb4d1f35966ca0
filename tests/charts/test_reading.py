"""What people's own code reads is what `show` shows, wherever it is read from, and no more is read than that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hitparade.charts import Answer, Charts
from hitparade.charts.charts import settings_at
from hitparade.cli.app import run as hitparade
from hitparade.errors import ConfigError, StorageError
from hitparade.sinks.dynamodb import DynamoDbReader
from tests.charts.conftest import DAYS, Places

Row = dict[str, Any]
Question = Callable[[Charts], Answer]
LAST, SOME = DAYS[-1], DAYS[1:4]


def on(*days: date) -> Callable[[Row], bool]:
    """That a row is of these days."""
    return lambda row: row["listen_date"] in {str(day) for day in days}


QUESTIONS: dict[str, tuple[Question, str, Callable[[Row], bool]]] = {
    "top_genres": (Charts.top_genres, "top_genres_daily", on(LAST)),
    "top_genres of a day": (lambda charts: charts.top_genres(DAYS[2]), "top_genres_daily", on(DAYS[2])),
    "top_genres to a position": (
        lambda charts: charts.top_genres(positions=1),
        "top_genres_daily",
        lambda row: on(LAST)(row) and row["position"] == 1,
    ),
    "top_songs": (Charts.top_songs, "top_songs_daily", on(LAST)),
    "top_songs of a genre": (
        lambda charts: charts.top_songs(DAYS[1], " Pop"),
        "top_songs_daily",
        lambda row: on(DAYS[1])(row) and row["genre"] == "pop",
    ),
    "genre": (lambda charts: charts.genre("rock"), "genre_daily", lambda row: row["genre"] == "rock"),
    "genre in some days": (
        lambda charts: charts.genre("pop", first=SOME[0], last=SOME[-1]),
        "genre_daily",
        lambda row: on(*SOME)(row) and row["genre"] == "pop",
    ),
    "genres in some days": (
        lambda charts: charts.genre(first=SOME[0], last=SOME[-1]),
        "genre_daily",
        on(*SOME),
    ),
    "genres since": (lambda charts: charts.genre(first=DAYS[3]), "genre_daily", on(*DAYS[3:])),
    "genres until": (lambda charts: charts.genre(last=DAYS[1]), "genre_daily", on(*DAYS[:2])),
    "hourly": (Charts.hourly, "hourly", on(LAST)),
    "countries": (Charts.countries, "country_daily", on(LAST)),
    "age bands in some days": (
        lambda charts: charts.age_bands(first=SOME[0], last=SOME[-1]),
        "age_band_daily",
        on(*SOME),
    ),
    "user": (lambda charts: charts.user(2), "user_daily", lambda row: row["user_id"] == 2),
    "nobody": (lambda charts: charts.user(77), "user_daily", lambda _: False),
    "track": (lambda charts: charts.track("c"), "track_daily", lambda row: row["track_id"] == "c"),
    "tracks in some days": (
        lambda charts: charts.answer("track_daily", where={"track_id": "a"}, first=SOME[0], last=SOME[-1]),
        "track_daily",
        lambda row: on(*SOME)(row) and row["track_id"] == "a",
    ),
}


@contextmanager
def opened(places: Places, kind: str) -> Iterator[Charts]:
    """The charts of the lake, or of a sink without any workspace."""
    with Charts.open(places.shop.root if kind == "lake" else places.sinks[kind]) as charts:
        yield charts


@pytest.fixture(scope="module")
def shown(places: Places) -> dict[str, list[Row]]:
    """What `show --format json` prints, by KPI."""
    found: dict[str, list[Row]] = {}
    with pytest.MonkeyPatch.context() as patch:
        for kpi in {kpi for _, kpi, _ in QUESTIONS.values()}:
            written: list[str] = []
            patch.setattr("sys.stdout.write", written.append)
            config = str(places.shop.root / "hitparade.toml")
            assert hitparade(["show", kpi, "--format", "json", "--config", config]) == 0
            found[kpi] = json.loads("".join(written))
    return found


@pytest.mark.parametrize("kind", ["lake", "dynamodb", "files", "postgresql"])
def test_a_question_is_answered_by_what_is_shown(places: Places, shown: dict[str, list[Row]], kind: str) -> None:
    with opened(places, kind) as charts:
        for name, (question, kpi, wanted) in QUESTIONS.items():
            if kind == "dynamodb" and kpi in ("country_daily", "age_band_daily"):
                continue  # it has no table for them
            answer = question(charts)
            rows = json.loads(json.dumps(answer.rows(), default=str))
            assert answer.kpi.name == kpi
            assert rows == [row for row in shown[kpi] if wanted(row)], f"{name} from {kind}"
            assert bool(rows) == (name != "nobody")
        assert charts.days() == tuple(DAYS)
        assert charts.latest() == LAST


@pytest.mark.parametrize("place", ["s3://bucket/shop", "s3://bucket/shop/", "s3://bucket/shop/hitparade.toml"])
def test_a_workspace_in_a_bucket_is_named_by_its_folder_or_its_settings(place: str) -> None:
    assert settings_at(place) == "s3://bucket/shop/hitparade.toml"


def test_a_sink_may_be_read_with_its_workspace(places: Places) -> None:
    with Charts.open(places.shop.root / "hitparade.toml", source="files:exports") as charts:
        assert charts.hourly().table.num_rows == 6


def test_of_days_in_a_row_no_other_file_of_the_lake_is_read(places: Places) -> None:
    with places.shop.open() as ws:
        others = [Path(each.path) for each in ws.lake.files("kpi_genre_daily") if each.day not in SOME]
    assert len(others) == 2
    hidden = [path.rename(path.with_suffix(".away")) for path in others]
    try:
        with opened(places, "lake") as charts:
            assert charts.genre(first=SOME[0], last=SOME[-1]).table.num_rows > 0
            with pytest.raises(StorageError):
                charts.genre()
    finally:
        for path in hidden:
            path.rename(path.with_suffix(".parquet"))


def test_dynamodb_is_asked_for_no_other_day(places: Places) -> None:
    asked: list[tuple[str, list[str]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        values = params.get("ExpressionAttributeValues", {}).values()
        asked.append((model.name, sorted(str(each["S"]) for each in values if "S" in each)))

    with opened(places, "dynamodb") as charts:
        assert isinstance(charts.source, DynamoDbReader)
        charts.source.client.meta.events.register("before-parameter-build.dynamodb", note)
        first, *_, last = ends = [str(day) for day in SOME]
        charts.read("genre_daily", genre="pop", first=SOME[0], last=SOME[-1])
        assert asked == [("Query", [first, last, "pop"])]
        asked.clear()
        charts.read("hourly", first=SOME[0], last=SOME[-1])
        assert asked == [
            ("Query", [first, last, "music_streaming_hourly hourly"]),
            *(("Query", [day]) for day in ends),
        ]


def test_what_cannot_be_asked_is_said(places: Places) -> None:
    with opened(places, "lake") as charts:
        with pytest.raises(ConfigError, match="both a day and a range"):
            charts.answer("hourly", date=LAST, first=DAYS[0])
        with pytest.raises(ConfigError, match="user_totals has no column listen_date"):
            charts.read("user_totals", last=LAST)
        with pytest.raises(ConfigError, match="hourly has no column shoe_size"):
            charts.read("hourly", where={"shoe_size": 44})
        with pytest.raises(ConfigError, match="there is no KPI 'hourli'") as refusal:
            charts.answer("hourli")
        assert "did you mean hourly?" in str(refusal.value.hint)
    with pytest.raises(ConfigError, match="two sinks"), Charts.open("dynamodb:", source="dynamodb:"):
        pass
    with pytest.raises(ConfigError, match="nowhere"), Charts.open(places.shop.root / "nowhere"):
        pass


@pytest.mark.parametrize("kind", ["lake", "dynamodb"])
def test_days_without_listens_are_no_rows(places: Places, kind: str) -> None:
    with opened(places, kind) as charts:
        assert charts.genre(first=date(2030, 1, 1)).rows() == []
        assert charts.genre(first=LAST, last=DAYS[0]).rows() == []
