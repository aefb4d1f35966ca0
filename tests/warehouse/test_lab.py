"""The lab's data, end to end: every KPI in the warehouse equals the lake's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shop import LAB, Shop
from tests.spark import on_spark
from tests.warehouse.places import Place, assert_same, on_postgres

pytestmark = pytest.mark.skipif(not LAB.is_dir(), reason="the lab data is not here")


@pytest.fixture(params=["copy", "compute"])
def place(request: pytest.FixtureRequest, postgres_url: str) -> Place:
    return on_postgres(postgres_url, options=f"&kpis={request.param}")


@on_spark
def test_what_spark_computes_is_taken_too(postgres_url: str, tmp_path: Path) -> None:
    place = on_postgres(postgres_url)
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]', engine="spark")
    shop.drop("songs", "songs.csv", (LAB / "songs_partial.csv").read_bytes())
    for name in ("streams1.csv", "streams2.csv"):
        shop.drop("streams", name, (LAB / name).read_bytes())
    shop.run()

    assert_same(shop.by("duckdb"), place)
    assert place.rows("SELECT COUNT(*) FROM transformed_streams") == [(22_692,)]


def test_every_kpi_of_the_lab_data_is_the_lakes(place: Place, tmp_path: Path) -> None:
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    for name in ("songs_partial.csv", "users.csv"):
        shop.drop("songs" if "songs" in name else "users", name, (LAB / name).read_bytes())
    for name in ("streams1.csv", "streams2.csv", "streams3.csv"):
        shop.drop("streams", name, (LAB / name).read_bytes())
        shop.run()

    assert_same(shop, place)
    assert place.rows("SELECT COUNT(*), COUNT(DISTINCT user_id) FROM transformed_streams") == [(34_038, 18_006)]
