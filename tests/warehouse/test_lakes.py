"""A warehouse belongs to one lake: another's load_ids mean other rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitparade.errors import ConfigError, LakeError
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
