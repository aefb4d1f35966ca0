"""Several processes run the same workspace at once: nothing is lost, nothing doubled, and nobody stumbles."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hitparade.cli.door import DONE, LATER
from tests.crashes.dying import Ended, begun, ended, hitparade
from tests.crashes.histories import outcomes, served
from tests.crashes.places import quick_folder
from tests.shop import Shop

FILES = int(os.environ.get("HITPARADE_FILES_AT_ONCE", "200"))
PROCESSES = 4
LONGEST = 300.0


def deliver(shop: Shop, files: int) -> None:
    """Many small files, some of them for the same days, some with listens of others, and a catalogue in pieces."""
    for number in range(2):
        songs = [f"t{n},Ann,Album,Name {number} {n},1,{n * 1000},pop" for n in range(number, 5)]
        shop.deliver("songs", f"{number}.csv", songs)
    for number in range(files):
        at = f"2024-06-{1 + number % 5:02} {number % 24:02}"
        rows = [f"{number % 7},t{n},{at}:{n:02}:00" for n in range(4)]
        shop.deliver("streams", f"{number:03}.csv", [*rows, f"{number},t1,2024-06-01 00:00:00"])


def at_once(shop: Shop, folder: Path) -> list[Ended]:
    """Run in several processes at the same time."""
    command = ("run", "--config", str(shop.root / "hitparade.toml"))
    places = [folder / str(number) for number in range(PROCESSES)]
    for place in places:
        place.mkdir()
    processes = [begun(command, place) for place in places]
    for process in processes:
        process.join(LONGEST)
    return [ended(process, place) for process, place in zip(processes, places, strict=True)]


@pytest.mark.parametrize("polite", ["true", "false"])
def test_several_processes_do_the_work_of_one(polite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HITPARADE_RUNS__POLITE", polite)
    monkeypatch.setenv("HITPARADE_LOAD__BATCH_FILES", "40")
    with TemporaryDirectory(dir=quick_folder()) as folder:
        alone, shared = (
            Shop(Path(folder) / "alone"),
            Shop(Path(folder) / "shared", settings='sinks = ["files:exports"]'),
        )
        for shop in (alone, shared):
            deliver(shop, FILES)
        assert hitparade("run", "--config", str(alone.root / "hitparade.toml")).code == DONE

        done = at_once(shared, Path(folder))

        for each in done:
            assert each.code in (DONE, LATER), each.said
            assert "Traceback" not in each.said
        assert hitparade("run", "--config", str(shared.root / "hitparade.toml")).code == DONE
        assert served(shared) == served(alone)
        assert outcomes(shared) == outcomes(alone)
        assert sorted(path.name for path in shared.landing("streams").iterdir()) == ["manifest.json"]
        archived = [path.name.partition("-")[2] for path in (shared.root / "archive" / "streams").iterdir()]
        assert sorted(archived) == [f"{number:03}.csv" for number in range(FILES)]
