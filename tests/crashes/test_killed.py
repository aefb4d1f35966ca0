"""A process that is killed at any fault point, and the one after it: everything is as if nobody had been killed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hitparade.faults import POINTS
from tests.crashes.dying import Death, Ended, hitparade
from tests.crashes.histories import CHAPTERS, Chapter, Seen, everything
from tests.crashes.places import quick_folder
from tests.shop import Shop

BETWEEN = int(os.environ.get("HITPARADE_DEATHS_BETWEEN", "1"))
"""How many of a point's passings are died at, besides its first and its last."""
ELSEWHERE = (
    "dynamodb.",
    "warehouse.",
    "publish.merged",
    "ledger.accepted",
    "ledger.applied",
    "maintain.",
    "quarantine.",
)
"""Points, or their beginnings, that nobody passes who works on a disk alone."""
HERE = [name for name in POINTS if not name.startswith(ELSEWHERE)]


@dataclass(slots=True)
class Lives:
    """A workspace on a disk, as it was before each chapter of its history and after it when nobody was killed."""

    shop: Shop
    kept: Path
    passed: list[Sequence[str]] = field(default_factory=list)
    after: list[Seen] = field(default_factory=list)

    def live(self) -> None:
        """Live through the history, undisturbed."""
        for number, chapter in enumerate(CHAPTERS):
            shutil.copytree(self.shop.root, self.kept / str(number))
            chapter.deliver(self.shop)
            done = self.run()
            assert done.code in (0, 1), done.said
            self.passed.append(done.passed)
            self.catch_up()
            self.after.append(everything(self.shop))

    def run(self, death: Death | None = None) -> Ended:
        """The command that does all the work."""
        return hitparade("run", "--config", str(self.shop.root / "hitparade.toml"), death=death)

    def catch_up(self) -> None:
        """Run until all is well and nothing was put back into the landing zone."""
        for _ in range(4):
            done = self.run()
            assert done.code in (0, 1), done.said
            if done.code == 0 and "archive.released" not in done.passed:
                return
        raise AssertionError(done.said)

    def back_to(self, number: int) -> Chapter:
        """Have the workspace be as it was before a chapter."""
        shutil.rmtree(self.shop.root)
        shutil.copytree(self.kept / str(number), self.shop.root)
        return CHAPTERS[number]

    def deaths(self, name: str) -> list[tuple[int, Death]]:
        """The passings of a point to die at, over all chapters: the first, the last, and some between."""
        passings = [
            (number, Death(name, passing))
            for number, passed in enumerate(self.passed)
            for passing in range(1, passed.count(name) + 1)
        ]
        steps = BETWEEN + 1
        return [passings[place] for place in sorted({(len(passings) - 1) * step // steps for step in range(steps + 1)})]


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with TemporaryDirectory(dir=quick_folder()) as folder:
        shop = Shop(Path(folder) / "workspace", settings='sinks = ["files:exports?kpis=day_daily,top_songs_daily"]')
        lives = Lives(shop, Path(folder))
        lives.live()
        yield lives


@pytest.mark.parametrize("name", HERE)
def test_what_a_killed_process_leaves_is_finished_by_the_next(lives: Lives, name: str) -> None:
    assert any(name in passed for passed in lives.passed), "nobody passes this point"
    for number, death in lives.deaths(name):
        chapter = lives.back_to(number)
        chapter.deliver(lives.shop)
        killed = lives.run(death)
        assert killed.died, f"{chapter.name}, {death}: {killed.code} {killed.said}"
        lives.catch_up()
        assert_same(everything(lives.shop), lives.after[number], f"{chapter.name}, {death}")


def assert_same(seen: Seen, wanted: Seen, where: str) -> None:
    """Everything is as it was without a death, part by part."""
    for part in wanted:
        assert seen[part] == wanted[part], f"{part}: {where}"
