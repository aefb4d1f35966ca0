"""Songs and users that come late or change: the past is repaired, and only the days that it concerns."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.shop import Shop

DAYS = [date(2024, 6, day) for day in (1, 2, 3)]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Track a is heard on the first and third day, track b on the second and third."""
    shop = Shop(tmp_path)
    heard = {"a": ("2024-06-01", "2024-06-03"), "b": ("2024-06-02", "2024-06-03")}
    for track, days in heard.items():
        shop.deliver("streams", f"{track}.csv", [f"1,{track},{day} 10:00:00" for day in days])
    shop.run()
    return shop


def runs(shop: Shop) -> dict[date, int]:
    """The run that last computed each day."""
    return {day: each.run for day, each in shop.computations("track_daily").items()}


def genres(shop: Shop) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in shop.show("genre_daily"):
        found.setdefault(row["listen_date"].isoformat(), []).append(row["genre"])
    return found


def test_a_catalogue_that_arrives_last_repairs_every_past_day(shop: Shop) -> None:
    assert genres(shop) == {str(day): ["(unknown)"] for day in DAYS}
    shop.deliver("songs", "songs.csv", ["a,A,Al,Ta,1,1000,pop", "b,B,Al,Tb,1,2000,rock"])
    shop.run()
    assert genres(shop) == {"2024-06-01": ["pop"], "2024-06-02": ["rock"], "2024-06-03": ["pop", "rock"]}
    assert [row["listening_ms"] for row in shop.show("user_daily")] == [1000, 2000, 3000]


def test_a_changed_duration_restates_the_days_in_which_the_track_was_heard_and_no_others(shop: Shop) -> None:
    shop.deliver("songs", "songs.csv", ["a,A,Al,Ta,1,1000,pop", "b,B,Al,Tb,1,2000,rock"])
    shop.run()
    before = runs(shop)
    shop.deliver("songs", "songs.csv", ["a,A,Al,Ta,1,1500,pop", "b,B,Al,Tb,1,2000,rock"])
    shop.run()
    after = runs(shop)
    assert [day for day in DAYS if after[day] != before[day]] == [DAYS[0], DAYS[2]]
    assert [row["listening_ms"] for row in shop.show("user_daily")] == [1500, 2000, 3500]


def test_a_change_that_no_stored_kpi_reads_restates_nothing(shop: Shop) -> None:
    shop.deliver("songs", "songs.csv", ["a,A,Al,Ta,1,1000,pop"])
    shop.run()
    before = runs(shop)
    shop.deliver("songs", "songs.csv", ["a,A,Another album,Ta,99,1000,pop"])
    shop.run()
    assert runs(shop) == before
    assert [row["avg_popularity"] for row in shop.show("genre_totals", genre="pop")] == [99.0]


def test_a_track_whose_genre_changes_leaves_no_listen_in_the_old_one(shop: Shop) -> None:
    shop.deliver("songs", "songs.csv", ["a,A,Al,Ta,1,1000,pop", "a,A,Al,Ta,1,1000,dance"])
    shop.run()
    assert genres(shop)["2024-06-01"] == ["dance", "pop"]
    shop.deliver("songs", "songs2.csv", ["a,A,Al,Ta,1,1000,folk"])
    shop.run()
    assert genres(shop)["2024-06-01"] == ["folk"]


def test_an_older_catalogue_that_is_brought_back_is_the_newest_again(shop: Shop) -> None:
    old, new = ["a,A,Al,Old,1,1000,pop"], ["a,A,Al,New,1,1000,pop"]
    for name, rows in (("one.csv", old), ("two.csv", new), ("three.csv", old)):
        shop.deliver("songs", name, rows)
        shop.run()
    assert {row["track_name"] for row in shop.show("track_daily") if row["track_id"] == "a"} == {"Old"}
    shop.deliver("songs", "four.csv", old)
    shop.run()
    assert shop.deliveries()["four.csv"].status == "duplicate"
    assert shop.deliveries()["three.csv"].status == "loaded"


def test_tracks_that_a_later_catalogue_leaves_out_stay_known(shop: Shop) -> None:
    shop.deliver("songs", "one.csv", ["a,A,Al,Ta,1,1000,pop", "b,B,Al,Tb,1,2000,rock"])
    shop.run()
    shop.deliver("songs", "two.csv", ["a,A,Al,Ta,1,1000,folk"])
    shop.run()
    assert genres(shop) == {"2024-06-01": ["folk"], "2024-06-02": ["rock"], "2024-06-03": ["folk", "rock"]}
