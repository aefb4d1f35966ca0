"""A warehouse belongs to one lake: another's load_ids mean other rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from hitparade.errors import ConfigError, LakeError
from hitparade.sinks.warehouse.views import VIEWS, View
from tests.shop import Shop
from tests.warehouse.places import assert_same, on_postgres


def test_another_lake_is_refused_and_changes_nothing(postgres_url: str, tmp_path: Path) -> None:
    place = on_postgres(postgres_url)
    one, other = (Shop(tmp_path / name, settings=f'sinks = ["{place.url}"]') for name in ("one", "other"))
    one.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00"])
    one.run()
    other.deliver("streams", "streams1.csv", ["2,b,2024-06-25 12:00:00", "3,c,2024-06-26 12:00:00"])
    with pytest.raises(LakeError, match="another lake"):
        other.run()
    assert_same(one, place)
    assert len(place.listens()) == 1


def test_a_warehouse_that_was_dropped_is_filled_anew(postgres_url: str, tmp_path: Path) -> None:
    place = on_postgres(postgres_url)
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    shop.deliver("songs", "songs.csv", ["a,Ada,Album,Song A,50,1000,pop"])
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00", "2,a,2024-06-26 12:00:00"])
    shop.run()
    with place.connected() as db:
        db.execute(f"DROP SCHEMA {place.schema} CASCADE")
    shop.run()
    assert_same(shop, place)
    assert len(place.listens()) == 2
    assert place.rows("SELECT track_genre FROM transformed_songs") == [("pop",)]


@pytest.mark.parametrize(
    "theirs",
    [
        "TABLE transformed_streams AS SELECT 7 AS user_id, DATE '2024-06-25' AS listen_date",
        "VIEW genre_kpis AS SELECT 1 AS mine",
        "TABLE kpi_hourly AS SELECT 1 AS mine",
    ],
)
def test_what_others_have_made_is_neither_used_nor_dropped(postgres_url: str, tmp_path: Path, theirs: str) -> None:
    place = on_postgres(postgres_url)
    name = theirs.split()[1]
    with place.connected() as db:
        db.execute(f"CREATE SCHEMA {place.schema}")
        db.execute(f"CREATE {theirs}")
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00"])
    with pytest.raises(ConfigError, match=f"has {name} already, which hitparade did not make"):
        shop.run()
    assert len(place.rows(f"SELECT * FROM {name}")) == 1


def test_what_others_built_on_a_view_is_not_taken_from_under_them(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = on_postgres(postgres_url)
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00"])
    shop.run()
    with place.connected() as db:
        db.execute("CREATE VIEW mine AS SELECT * FROM hourly_kpis")
    changed = replace(VIEWS["hourly_kpis"], query=f"{VIEWS['hourly_kpis'].query} HAVING COUNT(*) > 0")
    monkeypatch.setitem(cast("dict[str, View]", VIEWS), "hourly_kpis", changed)
    shop.deliver("streams", "streams2.csv", ["2,a,2024-06-25 13:00:00"])
    with pytest.raises(ConfigError, match="mine") as refusal:
        shop.run()
    assert "drop what stands on it" in str(refusal.value.hint)
    with place.connected() as db:
        db.execute("DROP VIEW mine")
    shop.run()
    assert place.rows("SELECT hour, total_plays FROM hourly_kpis ORDER BY hour") == [(12, 1), (13, 1)]
