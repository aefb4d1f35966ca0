"""A KPI is its file: adding one, editing one, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitparade.errors import KpiError
from hitparade.kpis.reference import reference
from hitparade.kpis.registry import load_kpis
from tests.shop import Shop

HEADER = """/*
description: Listens and listeners of a day.
scope: day
reads:
  plays: [listen_date, user_id]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens}
  unique_listeners: {type: long, measure: distinct, unit: listeners, description: Listeners}
*/
"""
SELECT = """SELECT
  plays.listen_date,
  COUNT(*) AS listen_count,
  COUNT(DISTINCT plays.user_id) AS unique_listeners
FROM plays
GROUP BY plays.listen_date
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, settings='sinks = ["files:exports"]')
    rows = ["1,a,2024-06-01 10:00:00", "2,a,2024-06-01 11:00:00", "1,b,2024-06-02 10:00:00"]
    shop.deliver("streams", "one.csv", rows)
    shop.run()
    (tmp_path / "kpis").mkdir()
    return shop


def write(shop: Shop, sql: str) -> Path:
    path = shop.root / "kpis" / "day_daily.sql"
    path.write_text(HEADER + sql)
    return path


def test_a_kpi_added_as_one_file_is_shown_published_and_documented(shop: Shop) -> None:
    write(shop, SELECT)
    shop.run()
    counts = [(row["listen_count"], row["unique_listeners"]) for row in shop.show("day_daily")]
    assert counts == [(2, 2), (1, 1)]
    exported = (shop.root / "exports" / "day_daily" / "2024-06-01.csv").read_text().splitlines()
    assert exported == ['"listen_date","listen_count","unique_listeners"', "2024-06-01,2,2"]
    page = reference(load_kpis(shop.root / "kpis", settings={"genre_attribution": "all"}))
    assert "day_daily" in page
    assert "Listens and listeners of a day." in page


def test_an_edited_kpi_is_restated_on_the_next_run_and_the_others_are_not(shop: Shop) -> None:
    write(shop, SELECT)
    shop.run()
    before = shop.computations("hourly")
    write(shop, SELECT.replace("COUNT(DISTINCT plays.user_id)", "COUNT(DISTINCT plays.user_id) * 10"))
    shop.run()
    assert [row["unique_listeners"] for row in shop.show("day_daily")] == [20, 10]
    assert shop.computations("hourly") == before


def test_a_column_that_a_kpi_gets_later_is_filled_for_every_day(shop: Shop) -> None:
    path = write(shop, SELECT)
    shop.run()
    header = HEADER.replace(
        "*/", "  most: {type: long, measure: additive, unit: listens, description: Listens again}\n*/"
    )
    path.write_text(header + SELECT.replace("AS unique_listeners", "AS unique_listeners,\n  COUNT(*) AS most"))
    shop.run()
    assert [row["most"] for row in shop.show("day_daily")] == [2, 1]


def test_a_kpi_that_is_taken_away_is_not_shown_any_more(shop: Shop) -> None:
    path = write(shop, SELECT)
    shop.run()
    path.unlink()
    shop.run()
    assert "day_daily" not in shop.everything()


def test_sql_outside_the_allow_list_is_refused_with_the_construct_and_the_line(shop: Shop) -> None:
    path = write(shop, SELECT.replace("COUNT(*)", "ROUND(COUNT(*))"))
    with pytest.raises(KpiError) as refused:
        shop.run()
    line = path.read_text().splitlines().index("  ROUND(COUNT(*)) AS listen_count,") + 1
    assert refused.value.line == line
    assert "ROUND" in refused.value.message


BY_COUNTRY = """/*
description: Listens of a day by the listener's country.
scope: day
reads:
  plays: [listen_date, user_id]
  users: [user_id, user_country]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  user_country: {type: string, measure: key, description: Country}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens}
*/
SELECT
  plays.listen_date,
  COALESCE(users.user_country, '(unknown)') AS user_country,
  COUNT(*) AS listen_count
FROM plays
LEFT JOIN users ON users.user_id = plays.user_id
GROUP BY plays.listen_date, COALESCE(users.user_country, '(unknown)')
"""


def test_a_kpi_on_users_is_restated_by_what_it_reads_of_them_and_by_nothing_else(shop: Shop) -> None:
    (shop.root / "kpis" / "land_daily.sql").write_text(BY_COUNTRY)

    def countries() -> list[tuple[str, str, int]]:
        shop.run()
        return [(str(row["listen_date"]), row["user_country"], row["listen_count"]) for row in shop.show("land_daily")]

    assert countries() == [("2024-06-01", "(unknown)", 2), ("2024-06-02", "(unknown)", 1)]
    shop.deliver("users", "users.csv", ["1,Ada,36,GB,2024-01-01", "2,Bo,40,SE,2024-01-01"])
    days = [("2024-06-01", "Sweden", 1), ("2024-06-01", "United Kingdom", 1), ("2024-06-02", "United Kingdom", 1)]
    assert countries() == days
    before = shop.computations("land_daily")
    shop.deliver("users", "users2.csv", ["1,Ada L.,36,GB,2024-01-01", "2,Bo,40,Norway,2024-01-01"])
    assert countries() == [("2024-06-01", "Norway", 1), *days[1:]]
    after = shop.computations("land_daily")
    assert [str(day) for day in after if after[day] != before[day]] == ["2024-06-01"]


def test_genre_attribution_is_a_setting_that_restates(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.deliver("songs", "songs.csv", ["a,A,Al,Ta,1,1000,pop", "a,A,Al,Ta,1,1000,dance"])
    shop.deliver("streams", "one.csv", ["1,a,2024-06-01 10:00:00"])
    shop.run()
    assert [row["genre"] for row in shop.show("genre_daily")] == ["dance", "pop"]
    config = shop.root / "hitparade.toml"
    config.write_text(config.read_text().replace('genre_attribution = "all"', 'genre_attribution = "primary"'))
    shop.run()
    assert [row["genre"] for row in shop.show("genre_daily")] == ["pop"]
