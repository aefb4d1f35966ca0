"""The tables of the DynamoDB sink fit the KPIs that there are, and a mistake in them is said."""

from __future__ import annotations

import pytest

from hitparade.errors import ConfigError
from hitparade.sinks import open_reader, open_sink
from hitparade.sinks.dynamodb.tables import default_tables, read_tables, run_attribute
from tests.sinks.chart_days import KPIS

TABLES = default_tables()
FEEDS = [(table, kpi) for table in TABLES for kpi in table.kpis]
TYPES = {"string": "string", "date": "string", "int": "number", "long": "number", "double": "number"}
DOCUMENTED = (
    *("genre_listen_count", "unique_listeners", "total_listening_time"),
    *("avg_listening_time", "top_songs", "top_genres"),
)


@pytest.mark.parametrize(("table", "name"), FEEDS, ids=lambda part: getattr(part, "name", part))
def test_every_kpi_and_column_of_a_table_exists(table: object, name: str) -> None:
    [table] = [each for each in TABLES if each is table]
    kpi, feed = KPIS[name], table.kpis[name]
    types = {column.name: TYPES[column.type] for column in kpi.columns}

    inside = {column for columns in (feed.chart or {}).values() for column in columns}
    assert {*table.key_columns(name).values(), *(feed.attributes or {}).values(), *inside} <= set(types)
    known = {attribute: types[column] for column, attribute in table.columns(name).items()}
    for attribute, kind in table.types().items():
        assert known.get(attribute, kind) == kind
    assert kpi.scope == "day"
    assert feed.chart is None or kpi.served is not None


def test_no_attribute_is_a_run() -> None:
    for table in TABLES:
        runs = {run_attribute(name) for name in table.kpis}
        assert not runs & {*table.keys, *(name for feed in table.kpis.values() for name in feed.brought)}


def test_the_documented_tables_are_there() -> None:
    names = {table.name for table in TABLES}
    assert {f"music_streaming_{name}" for name in DOCUMENTED} <= names
    keys = {table.name: list(table.keys) for table in TABLES}
    assert keys["track_level_reports"] == ["track_id", "report_date"]
    assert keys["music_kpis_table"] == ["date", "genre"]


def test_every_daily_kpi_is_held_whole_by_some_table_but_those_on_listeners() -> None:
    daily = [kpi for kpi in KPIS.values() if kpi.scope == "day"]
    # No documented table has a place for those; whoever wants them adds one.
    not_held = ["age_band_daily", "country_daily"]
    assert [kpi.name for kpi in daily if not any(table.answers(kpi) for table in TABLES)] == not_held


GOOD = """
reports:
  keys: {genre: string, listen_date: string}
  indexes:
    by_date: {listen_date: string, listen_count: number}
  kpis:
    genre_daily: {attributes: [listen_count]}
    top_songs_daily:
      chart: {songs: [position, track_id]}
"""


@pytest.mark.parametrize(
    ("text", "instead", "said"),
    [
        ("keys: {genre", "key: {genre", r"reports\.keys: Field required"),
        ("genre: string", "genre: text", r"reports\.keys\.genre: .*'string' or 'number'"),
        ("listen_date: string}\n  indexes", "day: string}\n  indexes", r"genre_daily: no key holds listen_date"),
        ("listen_count: number", "listen_counts: number", r"by_date: there is no number listen_counts"),
        ("{listen_date: string", "{listen_date: number", r"by_date: there is no number listen_date"),
        ("[listen_count]", "[]", r"reports\.kpis\.genre_daily\.attributes: .*at least 1"),
        ("attributes: [listen_count]", "", r"reports\.kpis\.genre_daily: .*attributes, or a chart"),
        ("attributes: [listen_count]", "attributes: [genre]", r"kpis\.genre_daily: genre is a key"),
        ("{songs:", "{listen_count:", r"kpis\.top_songs_daily: listen_count is a key, or another KPI's"),
        ("genre_daily: {", "genre_daily: {keys: {date: listen_date}, ", r"genre_daily\.keys: date is no key"),
        ("chart: {songs", "charts: {songs", r"top_songs_daily\.charts: Extra inputs"),
        ("reports:\n", "reports: [\n", r"this is not YAML"),
        (GOOD, "", r"at least 1 item"),
        (GOOD, "reports: 7", r"reports: Input should be"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_tables_says_where_it_is(text: str, instead: str, said: str) -> None:
    assert read_tables(GOOD)
    assert text in GOOD
    with pytest.raises(ConfigError, match=said):
        read_tables(GOOD.replace(text, instead, 1))


# ---- URLs


def test_a_url_names_tables_and_a_prefix() -> None:
    sink = open_sink("dynamodb:track_level_reports,music_kpis_table?prefix=test_", place=str)
    assert sink.table(KPIS["track_daily"]) == "track_daily in track_level_reports"
    assert sink.table(KPIS["genre_daily"]) == "genre_daily in music_kpis_table"
    assert sink.table(KPIS["hourly"]) is None
    assert open_sink("dynamodb:", place=str).table(KPIS["hourly"]) == "hourly in music_streaming_hourly"


@pytest.mark.parametrize(
    ("url", "said", "next_step"),
    [
        ("dynamodb:music_kpi_table", "no table music_kpi_table", "did you mean music_kpis_table"),
        ("dynamodb:?praefix=x", "not understood", "prefix="),
        ("dynamodb:?prefix=a/b", "not understood", "prefix="),
    ],
)
def test_a_url_that_means_nothing_says_what_would(url: str, said: str, next_step: str) -> None:
    for opened in (lambda: open_sink(url, place=str), lambda: open_reader(url)):
        with pytest.raises(ConfigError, match=said) as refusal:
            opened()
        assert next_step in str(refusal.value.hint)
