"""A disk that fills up at any fault point: it is said so, nothing is lost, and with room again work goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hitparade.cli.door import DONE, FLAWED, LATER
from tests.crashes.dying import Death
from tests.crashes.histories import CHAPTERS, everything
from tests.crashes.lives import Lives, a_workspace, assert_same
from tests.crashes.places import quick_folder
from tests.crashes.test_killed import DISK
from tests.small_disk import small_disk

FULL, FREE = "disk is full", "free some space"
ROOM = (0, 32, 128, 512)
"""So many KiB are left, now these and now those: with none the ledger is the first that wants some."""


@dataclass(frozen=True, slots=True)
class FullDisk(Death):
    """Room on a disk is taken by a file that nobody knows, and the process goes on."""

    filler: Path = Path()
    left: int = 0

    def come(self) -> None:
        """Take it, but for what is to be left."""
        with self.filler.open("wb") as file:
            taken = shutil.disk_usage(self.filler.parent).free - self.left * 1024
            if taken > 0:
                os.posix_fallocate(file.fileno(), 0, taken)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with small_disk(tmp_path_factory.mktemp("disk"), megabytes=64) as disk:
        yield disk


class LedgerElsewhere(Lives):
    """A ledger that has room on another disk: it would else be the first to want some, whoever else does."""

    @property
    def parts(self) -> Sequence[Path]:
        return (self.shop.root, self.kept / "ledger")


@pytest.fixture(scope="module")
def lives(disk: Path, request: pytest.FixtureRequest) -> Iterator[Lives]:
    with TemporaryDirectory(dir=quick_folder()) as kept:
        elsewhere = f'ledger.url = "sqlite:///{kept}/ledger/ledger.db"'
        (Path(kept) / "ledger").mkdir()
        shop = a_workspace(disk, elsewhere if request.param is LedgerElsewhere else "")
        lives = request.param(shop, Path(kept))
        lives.live(CHAPTERS)
        yield lives
        shutil.rmtree(shop.root)


def only(kind: type[Lives]) -> pytest.MarkDecorator:
    """Of the two sorts of lives one."""
    return pytest.mark.parametrize("lives", [kind], indirect=True, scope="module")


@only(LedgerElsewhere)
@pytest.mark.parametrize(("name", "room"), [(name, ROOM[number % len(ROOM)]) for number, name in enumerate(DISK)])
def test_what_a_disk_has_no_room_for_is_done_later(lives: Lives, disk: Path, name: str, room: int) -> None:
    fill_up(lives, disk, name, room)


@only(Lives)
@pytest.mark.parametrize("name", DISK[::4])
def test_what_a_ledger_has_no_room_for_is_done_later(lives: Lives, disk: Path, name: str) -> None:
    fill_up(lives, disk, name, 0)


def fill_up(lives: Lives, disk: Path, name: str, room: int) -> None:
    """Fill up a disk, but for some room, when a point is passed for the first time."""
    number, death = lives.deaths(name, 0)[0]
    chapter = lives.back_to(number)
    chapter.deliver(lives.shop)
    filler = disk / "filler"
    done = lives.run(chapter, FullDisk(name, death.passing, filler=filler, left=room))
    assert filler.exists(), "nobody passed this point"
    filler.unlink()
    said = [line for line in done.said.splitlines() if not line.startswith("{")]
    assert done.code in (DONE, FLAWED, LATER), done.said
    if done.code == LATER:
        problem, step = said
        assert (FULL in problem and FREE in step) or ("disk I/O error" in problem and "has room" in step), done.said
    lives.catch_up(chapter)
    assert_same(everything(lives.shop), lives.after[number], f"{chapter.name}, {death}")
