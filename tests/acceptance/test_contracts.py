"""Contracts at work: files quarantined whole, bad rows kept with their reasons, every row accounted for."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hitparade.errors import ContractBreach, ManifestError
from tests.shop import Shop

VERSION_1: dict[str, Any] = {
    "name": "manifest.json",
    "version": "1.0",
    "directory": "data/streams/",
    "purpose": "Store incoming streaming data.",
    "schema": {
        "extension": ".csv",
        "max_rows": 11346,
        "name_pattern": "streams[0-9]+.csv",
        "fields_required": True,
        "fields": {
            "user_id": {"type": "int", "required": True},
            "track_id": {"type": "string", "required": True},
            "listen_time": {"type": "timestamp", "required": True},
        },
        "validation": {"on_error": "quarantine", "quarantine_path": "data/quarantine"},
    },
}
MANY = [f"{number},t{number},2024-06-25 12:00:00" for number in range(11_346)]


def version_2(**validation: Any) -> dict[str, Any]:
    """The same contract, deciding by row."""
    contract = copy.deepcopy(VERSION_1)
    contract["schema"]["validation"] = validation
    return contract | {"version": "2.0"}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_file_with_a_row_too_many_is_quarantined_whole_with_a_report(shop: Shop) -> None:
    shop.manifest("streams", VERSION_1)
    shop.deliver("streams", "streams1.csv", [*MANY, "1,extra,2024-06-25 12:00:00"])
    shop.deliver("streams", "streams2.csv", MANY)
    shop.run()
    one, two = (shop.deliveries()[name] for name in ("streams1.csv", "streams2.csv"))
    assert (one.status, one.rows_read, one.rows_loaded, one.rows_rejected) == ("quarantined", 11_347, 0, 11_347)
    assert (two.status, two.rows_read, two.rows_loaded, two.rows_rejected) == ("loaded", 11_346, 11_346, 0)
    assert sum(row["listen_count"] for row in shop.show("hourly")) == 11_346
    held = shop.root / "data" / "quarantine"
    assert sorted(path.name.split("-", 1)[1] for path in held.iterdir()) == [
        "streams1.csv",
        "streams1.csv.report.json",
    ]
    report = json.loads(next(held.glob("*.report.json")).read_text())
    assert "max_rows: 11,347 rows are more than the 11,346 allowed" in report["reason"]


def test_bad_rows_are_kept_with_row_rule_column_and_value_and_the_good_ones_loaded(shop: Shop) -> None:
    shop.manifest("streams", version_2(on_error="reject_rows"))
    shop.deliver(
        "streams",
        "streams1.csv",
        ["1,a,2024-06-25 12:00:00", "x,b,2024-06-25 12:00:00", "3,,2024-02-30 12:00:00", "4,d"],
    )
    shop.run()
    delivery = shop.deliveries()["streams1.csv"]
    assert (delivery.rows_read, delivery.rows_loaded, delivery.rows_rejected) == (4, 1, 3)
    found = [(row["row"], row["rule"], row["column"], row["value"]) for row in shop.rejects()]
    assert sorted(found, key=str) == [
        (2, "type", "user_id", "x"),
        (3, "required", "track_id", ""),
        (3, "type", "listen_time", "2024-02-30 12:00:00"),
        (4, "csv", None, None),
    ]
    assert {row["raw"] for row in shop.rejects()} >= {"x,b,2024-06-25 12:00:00", "4,d"}
    assert [row["user_id"] for row in shop.show("user_daily")] == [1]


def test_too_many_bad_rows_quarantine_the_file_and_leave_no_row_behind(shop: Shop) -> None:
    shop.manifest("streams", version_2(on_error="reject_rows", max_rejected_ratio=0.5))
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00", "x,b,never", "y,c,never"])
    shop.deliver("streams", "streams2.csv", ["2,a,2024-06-25 12:00:00", "x,b,never"])
    shop.run()
    assert {name: each.status for name, each in shop.deliveries().items()} == {
        "streams1.csv": "quarantined",
        "streams2.csv": "loaded",
    }
    assert [row["user_id"] for row in shop.show("user_daily")] == [2]


def test_a_contract_that_says_fail_stops_its_dataset_and_leaves_the_file(shop: Shop) -> None:
    shop.manifest("streams", version_2(on_error="fail"))
    good = shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00"])
    bad = shop.deliver("streams", "streams2.csv", ["x,b,2024-06-25 12:00:00"])
    users = shop.deliver("users", "users.csv", ["1,Ada,36,GB,2024-01-01"])
    outcome = shop.run()
    assert [type(failure) for failure in outcome.loaded.failures] == [ContractBreach]
    assert (good.exists(), bad.exists(), users.exists()) == (False, True, False)
    assert [row["user_id"] for row in shop.show("user_daily")] == [1]
    shop.deliver("streams", "streams2.csv", ["2,b,2024-06-25 12:00:00"])
    assert shop.run().loaded.failures == []
    assert [row["user_id"] for row in shop.show("user_daily")] == [1, 2]


def test_nothing_is_loaded_with_a_broken_manifest_and_the_other_datasets_go_on(shop: Shop) -> None:
    shop.manifest("streams", json.dumps(VERSION_1).replace('"int"', '"integer"'))
    waiting = shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00"])
    shop.deliver("users", "users.csv", ["1,Ada,36,GB,2024-01-01"])
    outcome = shop.run()
    (failure,) = outcome.loaded.failures
    assert isinstance(failure, ManifestError)
    assert failure.path == "schema.fields.user_id.type"
    assert waiting.exists()
    assert list(shop.deliveries()) == ["users.csv"]


def test_a_superseding_delivery_takes_the_place_of_the_one_before(shop: Shop) -> None:
    contract = version_2(on_error="reject_rows")
    contract["schema"]["on_redelivery"] = "supersede"
    shop.manifest("streams", contract)
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00", "2,b,2024-06-24 12:00:00"])
    shop.deliver("streams", "streams2.csv", ["2,b,2024-06-24 12:00:00"])
    shop.run()
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-26 12:00:00"])
    shop.run()
    days = {row["listen_date"].isoformat(): row["listen_count"] for row in shop.show("hourly")}
    assert days == {"2024-06-24": 1, "2024-06-26": 1}
    assert [row["user_id"] for row in shop.show("user_daily")] == [2, 1]
    # The day that lost its listens keeps its keys as zeros in the lake, which nobody is shown.
    with shop.open() as ws:
        kpi = next(kpi for kpi in ws.kpis if kpi.name == "user_daily")
        stored = ws.engine.stored(kpi, [file.path for file in ws.lake.files("kpi_user_daily")]).to_pylist()
    assert [(row["listen_date"].isoformat(), row["listen_count"]) for row in stored] == [
        ("2024-06-24", 1),
        ("2024-06-25", 0),
        ("2024-06-26", 1),
    ]


def test_a_warning_is_told_and_rejects_nothing(shop: Shop) -> None:
    contract = version_2(on_error="reject_rows")
    contract["schema"]["fields"]["track_id"] |= {"references": "songs.track_id", "severity": "warn"}
    shop.manifest("streams", contract)
    shop.deliver("songs", "songs.csv", ["a,A,Al,T,1,1000,pop"])
    shop.deliver("streams", "streams1.csv", ["1,a,2024-06-25 12:00:00", "1,b,2024-06-25 12:00:00"])
    shop.run()
    delivery = shop.deliveries()["streams1.csv"]
    assert (delivery.status, delivery.rows_rejected) == ("loaded", 0)
    assert delivery.reason == "warning: references of track_id: 1 row, first in row 2"
    assert shop.rejects() == []
