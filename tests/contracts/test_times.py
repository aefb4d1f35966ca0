"""Timestamps of a contract: which instants its texts mean, by its time zone, its format and what they state."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from hitparade.engines.base import Engine
from tests.engines.staging import contract_with, judged, rows_of, source_of, staged

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


@pytest.mark.parametrize("never", ["infinity", "-infinity", "290309-12-22 00:00:00", "0000-01-01 00:00:00", "epoch"])
def test_what_is_in_no_calendar_is_refused_in_every_zone(engine: Engine, tmp_path: Path, never: str) -> None:
    found = judged(engine, tmp_path, contract_with(timezone="Europe/Berlin"), times(never, "2024-01-01 00:00:00"))

    assert [row["user_id"] for row in found.rows] == [1]
    assert found.broken == {("type", "listen_time", "reject"): [(1, never)]}


@pytest.mark.parametrize(
    ("kind", "value"), [("float", "1e309"), ("date", "9999-12-31"), ("timestamp", "0000-01-01 00:00:00")]
)
def test_a_value_that_is_not_of_its_type_is_in_no_bounds_and_not_beyond_them(
    engine: Engine, tmp_path: Path, kind: str, value: str
) -> None:
    low, high = (0, 1) if kind == "float" else ("2024-01-01", "2024-01-02")
    bounds = {"type": kind, "min": low, "max": high, "allowed": [low]}
    data = b"user_id,track_id,listen_time,x\n1,t,2024-01-01 00:00:00,%b\n" % value.encode()

    found = judged(engine, tmp_path, contract_with(fields={"x": bounds}), data)

    assert found.broken == {("type", "x", "reject"): [(1, value)]}


def test_a_day_in_no_calendar_that_a_contract_lets_pass_is_not_kept(engine: Engine, tmp_path: Path) -> None:
    contract = contract_with("users", fields={"created_at": {"type": "date", "severity": "warn"}})
    path = tmp_path / "users.csv"
    path.write_bytes(
        b"user_id,user_name,user_age,user_country,created_at\n1,a,20,DE,0000-01-01\n2,b,20,DE,2024-01-01\n"
    )

    staging = staged(engine, source_of(path, contract), "users", tmp_path)

    assert {row["user_id"]: row["created_at"] for row in rows_of(staging, "users")} == {1: None, 2: at("2024-01-01")}


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


@pytest.mark.parametrize(
    ("written", "good", "bad"),
    [
        (
            "%d.%m.%Y",
            ["25.06.2024", "25.6.2024"],
            ["25.06.24", "epoch", "infinity", "25-06-2024", "31.2.2024"],
        ),
        ("%Y%m%d %I%p", ["20240625  5PM", "20240625 12am"], ["2024625 5PM", "20240625 13PM", "20240625"]),
        ("%A, %B %d (%y) %H:%M:%S.%f", ["Tuesday, June 25 (24) 17:43:13.5"], ["25, June 25 (24) 17:43:13.5"]),
        ("%d %b %Y %%", ["25 Jun 2024 %"], ["25 Jun 2024", "25 Jul 24 %"]),
    ],
)
def test_a_text_must_have_the_form_that_a_format_says(
    engine: Engine, tmp_path: Path, written: str, good: list[str], bad: list[str]
) -> None:
    field = {"type": "timestamp", "required": True, "format": written}
    contract = contract_with(fields={"listen_time": field}, delimiter="|")
    data = times(*good, *bad).replace(b",", b"|", 2).replace(b",t,", b"|t|")

    found = judged(engine, tmp_path, contract, data)

    assert {row["listened_at"].date() for row in found.rows} == {at("2024-06-25").date()}
    assert sorted(row["user_id"] for row in found.rows) == list(range(len(good)))
    assert {rule for rule, _, _ in found.broken} == {"type"}


def test_a_percent_sign_before_a_z_is_no_offset(engine: Engine, tmp_path: Path) -> None:
    field = {"type": "timestamp", "required": True, "format": "%Y-%m-%d %H:%M %%z"}
    contract = contract_with(fields={"listen_time": field}, timezone="Europe/Berlin")

    found = judged(engine, tmp_path, contract, times("2024-07-01 12:00 %z"))

    assert [row["listened_at"] for row in found.rows] == [at("2024-07-01 10:00:00")]
