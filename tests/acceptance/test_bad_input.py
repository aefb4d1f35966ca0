"""Whatever is wrong outside: one clear message, the right exit code, nothing lost, and no traceback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.shop import Shop
from tests.small_disk import small_disk

# Root may read everything; without these capabilities it is like anyone else.
MERE_USER = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
ROWS = ["1,a,2024-06-01 10:00:00", "2,a,2024-06-01 11:00:00"]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def hitparade(shop: Shop, *arguments: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    command = [*before, sys.executable, "-m", "hitparade", *arguments, "--config", str(shop.root / "hitparade.toml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def assert_told(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One clear message, and no traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def listens(shop: Shop) -> int:
    return sum(row["listen_count"] for row in shop.show("hourly"))


def many(count: int) -> list[str]:
    """Rows over four weeks, to have some work to do."""
    return [
        f"{n % 9_973},track-{n * 7919 % 100_003:020d},2024-06-{n % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:{n % 59:02d}"
        for n in range(count)
    ]


needs_setpriv = pytest.mark.skipif(
    os.geteuid() == 0 and shutil.which("setpriv") is None, reason="root cannot be denied anything without setpriv"
)


def as_mere_user() -> Sequence[str]:
    return MERE_USER if os.geteuid() == 0 else ()


@needs_setpriv
def test_a_file_that_may_not_be_read_is_named_and_loaded_once_it_may_be(shop: Shop) -> None:
    path = shop.deliver("streams", "one.csv", ROWS)
    path.chmod(0)
    assert_told(hitparade(shop, "run", before=as_mere_user()), 3, str(path), "Permission denied", "next: ")
    path.chmod(0o644)
    assert hitparade(shop, "run", before=as_mere_user()).returncode == 0
    assert listens(shop) == 2


@needs_setpriv
@pytest.mark.parametrize("folder", ["lake", "data/streams", "archive"])
def test_a_folder_without_rights_is_named_and_nothing_is_lost(shop: Shop, folder: str) -> None:
    shop.deliver("streams", "one.csv", ROWS)
    place = shop.root / folder
    place.mkdir(exist_ok=True)
    place.chmod(0o000)
    try:
        assert_told(hitparade(shop, "run", before=as_mere_user()), 3, folder, "next: ")
    finally:
        place.chmod(0o755)
    assert hitparade(shop, "run", before=as_mere_user()).returncode == 0
    assert listens(shop) == 2
    assert [path.name for path in (shop.root / "archive" / "streams").iterdir()] == ["00000001-one.csv"]


def test_a_broken_manifest_is_one_error_with_its_json_path(shop: Shop) -> None:
    shop.deliver("streams", "one.csv", ROWS)
    shop.manifest("streams", {"name": "m", "version": "1.0", "schema": {"fields": {"user_id": {"type": 1}}}})
    assert_told(hitparade(shop, "run"), 2, "manifest.json", "schema.fields.user_id.type")
    assert (shop.landing("streams") / "one.csv").exists()


def test_a_lake_of_a_newer_format_is_refused(shop: Shop) -> None:
    shop.deliver("streams", "one.csv", ROWS)
    shop.run()
    with sqlite3.connect(shop.root / "lake" / "ledger.db") as ledger:
        ledger.execute("UPDATE facts SET value = '2' WHERE name = 'format'")
    ledger.close()
    for command in ("run", "status", "show"):
        assert_told(hitparade(shop, command), 2, "format 2", "formats up to 1", "newer version")


def test_a_ledger_that_is_no_database_is_said_so(shop: Shop) -> None:
    (shop.root / "lake").mkdir()
    (shop.root / "lake" / "ledger.db").write_text("these are not the rows you are looking for" * 100)
    assert_told(hitparade(shop, "run"), 2, "ledger.db", "not a database")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[engine]\nmemry = '1GB'", ["engine.memry", "no such key"]),
        ("[lake]\ntimezone = 'Mars/Base'", ["lake.timezone", "Mars/Base"]),
        ("[lake", ["hitparade.toml", "TOML"]),
        ("sinks = ['carrier-pigeon:x']", ["carrier-pigeon:x", "files:"]),
        ("[engine]\nmemory = 'lots'", ["engine.memory"]),
    ],
)
def test_a_wrong_setting_is_named(shop: Shop, line: str, words: list[str]) -> None:
    (shop.root / "hitparade.toml").write_text(line)
    assert_told(hitparade(shop, "publish"), 2, *words)


def test_no_workspace_is_said_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hitparade", "run"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert_told(done, 2, "hitparade.toml: no such file", "hitparade init")


def test_a_folder_where_a_file_should_be_is_no_delivery(shop: Shop) -> None:
    (shop.landing("streams") / "folder.csv").mkdir()
    shop.deliver("streams", "one.csv", ROWS)
    assert hitparade(shop, "run").returncode == 0
    assert listens(shop) == 2


def test_a_name_full_of_odd_characters_is_loaded_and_archived(shop: Shop) -> None:
    name = 'it\'s a "name"; with\nnewline, ünïcode 🎵 [x]*?.csv'
    shop.deliver("streams", name, ROWS)
    assert hitparade(shop, "run").returncode == 0
    assert [path.name for path in (shop.root / "archive" / "streams").iterdir()] == [f"00000001-{name}"]
    assert listens(shop) == 2


ROOM = {"for nothing": 300, "for some rows": 800, "for some KPIs": 1_800}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    with small_disk(place, megabytes=10):
        yield place


@pytest.mark.parametrize("room", ROOM)
def test_a_full_disk_is_said_so_and_nothing_is_lost(disk: Path, room: str) -> None:
    shop = Shop(disk)
    rows = many(100_000)
    path = shop.deliver("streams", "one.csv", rows)
    kilobytes = path.stat().st_size // 1024 + ROOM[room]
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", disk], check=True)
    done = hitparade(shop, "run")
    assert_told(done, 3, "next: ")
    assert "disk is full" in done.stderr
    subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
    assert hitparade(shop, "run").returncode == 0
    assert listens(shop) == len(set(rows))
    assert sum(each.rows_loaded for each in shop.deliveries().values()) == len(rows)


def test_ctrl_c_leaves_nothing_half_done(shop: Shop) -> None:
    rows = many(400_000)
    shop.deliver("streams", "one.csv", rows)
    command = [sys.executable, "-m", "hitparade", "run", "-v", "--config", str(shop.root / "hitparade.toml")]
    for event, pause in (("load.begin", 0.0), ("load.begin", 0.2), ("compute.begin", 0.1)):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        assert process.stderr is not None
        while event not in (line := process.stderr.readline()):
            assert line, f"no {event}"
        time.sleep(pause)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        assert "Traceback" not in errors
        assert process.returncode == 130, (event, errors)
        assert "error: interrupted" in errors
    assert hitparade(shop, "run").returncode == 0
    assert listens(shop) == len(set(rows))
    assert not list(shop.landing("streams").glob("*.csv"))


def test_json_is_json_in_a_pipe_and_logs_are_json_lines(shop: Shop) -> None:
    shop.deliver("streams", "one.csv", [*ROWS, "x,y,z"])
    done = hitparade(shop, "run", "--json")
    assert done.returncode == 1
    summary = json.loads(done.stdout)
    assert (summary["load"]["rows_loaded"], summary["load"]["rows_rejected"]) == (2, 1)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events] == ["load.done", "compute.done", "archive.done"]
    assert {event["run_id"] for event in events} == {1}
