"""Redshift's own way: the real driver, COPY from S3, and every statement kept as text.

What is kept is what the driver asks the server to parse: a statement that it has prepared before, such as COMMIT, may
not be there again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from hitparade.cli.app import run
from hitparade.cli.door import DONE, WRONG
from hitparade.emulator.warehouse import session
from hitparade.emulator.warehouse.translate import Statement, translated
from tests.acceptance.test_contracts import version_2
from tests.acceptance.test_own_kpis import HEADER, SELECT
from tests.shop import LAB, Shop
from tests.warehouse.places import Place, Redshift, assert_same

GOLDEN = Path(__file__).parents[1] / "sinks" / "golden" / "redshift"


@pytest.fixture(params=["copy", "compute"])
def kpis(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that reaches the server, as the driver sends it."""
    statements: list[str] = []

    def listened(sql: str) -> Sequence[Statement]:
        statements.append(sql)
        return translated(sql)

    monkeypatch.setattr(session, "translated", listened)
    return statements


def told(shop: Shop) -> None:
    """A history that has a bit of everything: a late file, repeats, a day filled anew, a changed catalogue."""
    contract = version_2(on_error="reject_rows")
    contract["schema"] |= {"on_redelivery": "supersede", "name_pattern": "[a-z]+.csv"}
    shop.manifest("streams", contract)
    shop.deliver("songs", "songs.csv", ["a,Ada;Bo,Album,Song A,50,1000,pop", "a,Ada;Bo,Album,Song A,50,1000,rock"])
    shop.deliver("users", "users.csv", ["1,Ada,36,GB,2024-01-01"])
    shop.deliver("streams", "one.csv", ["1,a,2024-06-24 12:00:00", "2,b,2024-06-25 12:00:00"])
    shop.run()
    shop.deliver("songs", "songs2.csv", ["a,Ada,Album,Song A,50,2000,folk"])
    shop.deliver("streams", "two.csv", ["1,a,2024-06-24 12:00:00", "3,a,2024-06-24 13:00:00"])
    shop.run()
    shop.deliver("streams", "one.csv", ["2,b,2024-06-25 12:00:00"])
    shop.run()


def test_what_is_sent_is_the_golden_text(
    redshift: Redshift, kpis: str, sent: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = redshift.place(options=f"&kpis={kpis}")
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    told(shop)
    assert len(place.listens()) == 3
    found = "".join(f"{known(each, place)};\n" for each in sent)
    golden = GOLDEN / f"{kpis}.sql"
    if request.config.getoption("--golden"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found)
    assert_same(shop, place)
    assert found == golden.read_text(), "if this is wanted: pytest tests/warehouse/test_redshift.py --golden"


def known(sql: str, place: Place) -> str:
    """A statement without what differs from run to run."""
    sql = sql.replace(place.schema, "music")
    return re.sub(r"(staging/\w+)-[0-9a-f]{32}/", r"\1-0/", sql)


def test_columns_of_a_kpi_come_and_go_between_others(redshift: Redshift, kpis: str, tmp_path: Path) -> None:
    """COPY takes columns by their place, and a table has new ones behind the others."""
    place = redshift.place(options=f"&kpis={kpis}")
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    shop.deliver("streams", "one.csv", ["1,a,2024-06-24 12:00:00", "1,a,2024-06-24 13:00:00"])
    path = tmp_path / "kpis" / "day_daily.sql"
    path.parent.mkdir()
    more = "  twice: {type: long, measure: additive, unit: listens, description: Listens again}\n  unique_listeners:"
    for header, select in (
        (HEADER, SELECT),
        (
            HEADER.replace("  unique_listeners:", more),
            SELECT.replace("AS listen_count,", "AS listen_count, 4 AS twice,"),
        ),
        (HEADER, SELECT),
    ):
        path.write_text(header + select)
        shop.run()
        assert place.rows("SELECT listen_count, unique_listeners FROM kpi_day_daily") == [(2, 1)]
        assert_same(shop, place)


def test_who_reads_needs_no_place_in_s3_and_makes_no_schema(
    redshift: Redshift, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = redshift.place()
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    shop.deliver("streams", "one.csv", ["1,a,2024-06-24 12:00:00"])
    shop.run()
    monkeypatch.delenv("REDSHIFT_IAM_ROLE")

    def show(schema: str) -> int:
        url = f"redshift:?sslmode=disable&schema={schema}"
        return run(["show", "hourly", "--from", url, "--config", str(tmp_path / "hitparade.toml")])

    assert show(place.schema) == DONE
    capsys.readouterr()
    assert show("not_there") == WRONG
    assert "holds no kpi_hourly" in capsys.readouterr().err
    assert place.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'not_there'") == []


@pytest.mark.skipif(not LAB.is_dir(), reason="the lab data is not here")
def test_every_kpi_of_the_lab_data_is_the_lakes(redshift: Redshift, kpis: str, tmp_path: Path) -> None:
    place = redshift.place(options=f"&kpis={kpis}")
    shop = Shop(tmp_path, settings=f'sinks = ["{place.url}"]')
    shop.drop("songs", "songs.csv", (LAB / "songs_partial.csv").read_bytes())
    shop.drop("users", "users.csv", (LAB / "users.csv").read_bytes())
    for name in ("streams1.csv", "streams2.csv"):
        shop.drop("streams", name, (LAB / name).read_bytes())
    shop.run()
    shop.drop("streams", "streams3.csv", (LAB / "streams3.csv").read_bytes())
    shop.run()
    assert_same(shop, place)
    assert place.rows("SELECT COUNT(*), COUNT(DISTINCT user_id) FROM transformed_streams") == [(34_038, 18_006)]
