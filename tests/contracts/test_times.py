"""Timestamps of a contract: which instants its texts mean, by its time zone, its format and what they state."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from hitparade.engines.base import Engine
from tests.engines.staging import contract_with, judged

at = datetime.fromisoformat


def times(*texts: str) -> bytes:
    return b"user_id,track_id,listen_time\n" + b"".join(f"{n},t,{text}\n".encode() for n, text in enumerate(texts))


def test_local_times_are_read_in_the_contracts_zone(engine: Engine, tmp_path: Path) -> None:
    contract = contract_with(timezone="Europe/Berlin")
    summer, winter = "2024-07-01 12:00:00", "2024-01-01 12:00:00"
    ambiguous, skipped, stated = "2024-10-27 02:30:00", "2024-03-31 02:30:00", "2024-03-31 02:30:00Z"

    found = judged(engine, tmp_path, contract, times(summer, winter, ambiguous, skipped, stated))

    assert {row["user_id"]: row["listened_at"] for row in found.rows} == {
        0: at("2024-07-01 10:00:00"),
        1: at("2024-01-01 11:00:00"),
        2: at("2024-10-27 00:30:00"),  # the earlier of two
        4: at("2024-03-31 02:30:00"),
    }
    assert found.broken == {("type", "listen_time", "reject"): [(4, skipped)]}


def test_bounds_of_timestamps_are_in_the_contracts_zone_too(engine: Engine, tmp_path: Path) -> None:
    field = {"type": "timestamp", "required": True, "min": "2024-07-01 00:00:00"}
    contract = contract_with(fields={"listen_time": field}, timezone="Europe/Berlin")
    data = times("2024-07-01 00:00:00", "2024-06-30 22:00:00Z", "2024-06-30 23:59:59", "2024-06-30 21:59:59Z")

    found = judged(engine, tmp_path, contract, data)

    assert sorted(row["user_id"] for row in found.rows) == [0, 1]
    assert [row for row, _ in found.broken["min", "listen_time", "reject"]] == [3, 4]


@pytest.mark.parametrize(
    ("zone", "local", "utc"),
    [
        ("Australia/Lord_Howe", "2024-04-07 01:45:00", at("2024-04-06 14:45:00")),  # back by half an hour
        ("America/St_Johns", "2024-11-03 01:30:00", at("2024-11-03 04:00:00")),
        ("Asia/Kathmandu", "2024-01-01 00:00:00", at("2023-12-31 18:15:00")),
        ("Pacific/Apia", "2011-12-31 00:00:00", at("2011-12-30 10:00:00")),  # the day after one that never was
        ("UTC", "2024-03-31 02:30:00", at("2024-03-31 02:30:00")),
    ],
)
def test_zones_with_odd_shifts(engine: Engine, tmp_path: Path, zone: str, local: str, utc: datetime) -> None:
    found = judged(engine, tmp_path, contract_with(timezone=zone), times(local))

    assert [row["listened_at"] for row in found.rows] == [utc]


def test_a_time_on_a_day_that_a_zone_left_out_does_not_exist(engine: Engine, tmp_path: Path) -> None:
    found = judged(engine, tmp_path, contract_with(timezone="Pacific/Apia"), times("2011-12-30 12:00:00"))

    assert found.rows == []


def test_a_format_with_an_offset_needs_no_zone(engine: Engine, tmp_path: Path) -> None:
    field = {"type": "timestamp", "required": True, "format": "%d.%m.%Y %H:%M %z"}
    contract = contract_with(fields={"listen_time": field}, timezone="Europe/Berlin")
    data = times("25.06.2024 10:00 +02:00", "25.06.2024 10:00 -0530", "25.06.2024 10:00", "31.02.2024 10:00 +00:00")

    found = judged(engine, tmp_path, contract, data)

    assert {row["user_id"]: row["listened_at"] for row in found.rows} == {
        0: at("2024-06-25 08:00:00"),
        1: at("2024-06-25 15:30:00"),
    }
    assert [row for row, _ in found.broken["type", "listen_time", "reject"]] == [3, 4]


def test_a_percent_sign_before_a_z_is_no_offset(engine: Engine, tmp_path: Path) -> None:
    field = {"type": "timestamp", "required": True, "format": "%Y-%m-%d %H:%M %%z"}
    contract = contract_with(fields={"listen_time": field}, timezone="Europe/Berlin")

    found = judged(engine, tmp_path, contract, times("2024-07-01 12:00 %z"))

    assert [row["listened_at"] for row in found.rows] == [at("2024-07-01 10:00:00")]
