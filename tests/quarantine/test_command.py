"""hitparade quarantine, as people call it."""

from __future__ import annotations

import json

import pytest

from hitparade.cli.app import run
from tests.quarantine.yard import BAD, GOOD, NAME, csv_of, killed_at, lenient, release, statuses, with_one
from tests.shop import Shop


def told(capsys: pytest.CaptureFixture[str], shop: Shop, *arguments: str) -> tuple[int, str, str]:
    """The exit code of a command, and what it prints."""
    capsys.readouterr()
    code = run(["quarantine", *arguments, "--config", str(shop.root / "hitparade.toml")])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_list_names_what_lies_there_and_why(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, disk, "list")[:2] == (0, "nothing is in quarantine\n")
    with_one(disk)

    code, out, _ = told(capsys, disk, "list")
    assert code == 0
    assert [word in out for word in (NAME, "in quarantine", "listen_time")] == [True] * 3

    for way in (["--format", "json"], ["--json"], ["--json", "--dataset", "streams"]):
        code, out, _ = told(capsys, disk, "list", *way)
        (found,) = json.loads(out)
        assert (found["seq"], found["status"], found["uri"]) == (1, "quarantined", f"data/streams/{NAME}")
        assert found["lies"] == found["place"] == str(disk.root / "data" / "quarantine" / f"00000001-{NAME}")
    assert json.loads(told(capsys, disk, "list", "--json", "--dataset", "songs")[1]) == []


def test_show_tells_everything_of_a_file(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with_one(disk)

    code, out, _ = told(capsys, disk, "show", "1")
    assert code == 0
    for word in ("row 2", "no time at all", "max_rows", f"00000001-{NAME}", "quarantine release 1", "discard 1"):
        assert word in out

    found = json.loads(told(capsys, disk, "show", "1", "--json")[1])
    assert found["manifest"]["name"] == "manifest.json"
    assert [(each["column"], each["count"]) for each in found["problems"]] == [("listen_time", 1)]
    assert len(found["next"]) == 3


def test_release_tells_what_became_of_the_file(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with_one(disk)

    code, out, _ = told(capsys, disk, "release", "1")
    assert code == 1
    assert "in quarantine again, under a new number" in out

    lenient(disk)
    code, out, _ = told(capsys, disk, "release", "2", "--why", "rows are rejected now", "--json")
    assert code == 1, "a row was rejected"
    assert json.loads(out)["files"] == [{"seq": 2, "name": NAME, "outcome": "loaded"}]
    assert statuses(disk) == ["released", "released", "loaded"]
    assert told(capsys, disk, "release", "2")[:2][0] == 0
    code, out, _ = told(capsys, disk, "release", "--all")
    assert code == 0
    assert "nothing to do" in out


def test_a_name_that_is_taken_is_for_later(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with_one(disk)
    disk.drop("streams", NAME, csv_of(GOOD))

    code, out, _ = told(capsys, disk, "release", "1")
    assert code == 3
    assert "another file has its name" in out


def test_a_file_that_is_gone_cannot_be_released(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with_one(disk)
    (disk.root / "data" / "quarantine" / f"00000001-{NAME}").unlink()

    code, out, _ = told(capsys, disk, "release", "1")
    assert code == 2
    assert "its file is gone" in out
    assert "file is gone" in told(capsys, disk, "list")[1]
    assert "gone" in told(capsys, disk, "show", "1")[1]


def test_what_is_on_its_way_is_listed(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with_one(disk)
    killed_at(disk, "quarantine.settled", release, 1)

    assert "released, on its way" in told(capsys, disk, "list")[1]
    assert "goes on with what was cut off" in told(capsys, disk, "show", "1")[1]
    code, _, err = told(capsys, disk, "discard", "1")
    assert code == 2
    assert "quarantine release 1 goes on with it" in err


def test_discard_is_told_by_status(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with_one(disk, csv_of(BAD, BAD))

    code, out, _ = told(capsys, disk, "discard", "--dataset", "streams", "--why", "a test of the producer's")
    assert code == 0
    assert "discarded" in out
    run(["status", "--config", str(disk.root / "hitparade.toml")])
    out = capsys.readouterr().out
    assert "Released from quarantine, or discarded" in out
    assert "a test of the producer's" in " ".join(out.split())


def test_what_is_meant_must_be_said(disk: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with_one(disk)
    for arguments in (["release"], ["discard"], ["release", "1", "--all"], ["discard", "--all", "--dataset", "songs"]):
        code, _, err = told(capsys, disk, *arguments)
        assert code == 2
        assert "say which" in err
    for command in ("show", "release", "discard"):
        code, _, err = told(capsys, disk, command, "7")
        assert code == 2
        assert "hitparade quarantine list says what is" in err
    assert statuses(disk) == ["quarantined"]
