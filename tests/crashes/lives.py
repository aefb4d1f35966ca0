"""A history that is lived through again and again, with another end to a process each time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from tests.crashes.dying import Death, Ended, hitparade
from tests.crashes.histories import CHAPTERS, DAILY, Chapter, Seen, everything
from tests.crashes.places import quick_folder
from tests.shop import Shop

L = TypeVar("L", bound="Lives")


@dataclass(slots=True)
class Lives:
    """A workspace on a disk, as it was before each chapter of its history and after it when nobody was killed."""

    shop: Shop
    kept: Path
    passed: list[Sequence[str]] = field(default_factory=list)
    after: list[Seen] = field(default_factory=list)

    def live(self, chapters: Sequence[Chapter]) -> None:
        """Live through a history, undisturbed."""
        for number, chapter in enumerate(chapters):
            for part in self.parts:
                shutil.copytree(part, self.kept / str(number) / part.name)
            chapter.deliver(self.shop)
            done = self.undisturbed(chapter)
            assert done.code in (0, 1), done.said
            self.passed.append(done.passed)
            self.catch_up(chapter)
            self.after.append(everything(self.shop))

    def undisturbed(self, chapter: Chapter) -> Ended:
        """A chapter's command, for the first time."""
        return self.run(chapter)

    @property
    def parts(self) -> Sequence[Path]:
        """The folders that are all there is."""
        return (self.shop.root,)

    @property
    def config(self) -> Path:
        """The workspace's settings."""
        return self.shop.root / "hitparade.toml"

    def run(self, chapter: Chapter = DAILY[0], death: Death | None = None) -> Ended:
        """A chapter's command; without one that which does all the daily work."""
        return hitparade(*chapter.command, "--config", str(self.config), death=death)

    def catch_up(self, chapter: Chapter) -> None:
        """Do what a chapter asks for, then run until all is well and nothing was put back into the landing zone."""
        if chapter.command != DAILY[0].command:
            self.run(chapter)
        for _ in range(4):
            done = self.run()
            assert done.code in (0, 1), done.said
            if done.code == 0 and "archive.released" not in done.passed:
                return
        raise AssertionError(done.said)

    def back_to(self, number: int) -> Chapter:
        """Have the workspace be as it was before a chapter."""
        for part in self.parts:
            shutil.rmtree(part)
            shutil.copytree(self.kept / str(number) / part.name, part)
        return CHAPTERS[number]

    def deaths(self, name: str, between: int) -> list[tuple[int, Death]]:
        """The passings of a point to die at: the first, the last, and some between.

        They are sought in the daily chapters, and in the others only where none of those has any.
        """
        passings = [
            (number, Death(name, passing))
            for number, passed in enumerate(self.passed)
            for passing in range(1, passed.count(name) + 1)
        ]
        daily = [(number, death) for number, death in passings if number < len(DAILY)]
        passings = daily or passings
        steps = between + 1
        return [passings[place] for place in sorted({(len(passings) - 1) * step // steps for step in range(steps + 1)})]


@contextmanager
def on_a_disk(kind: type[L]) -> Iterator[L]:
    """A new workspace, where it is quick."""
    with TemporaryDirectory(dir=quick_folder()) as folder:
        yield kind(a_workspace(Path(folder)), Path(folder))


def a_workspace(folder: Path, settings: str = "") -> Shop:
    """A new workspace in a folder, with a sink of files, and other settings."""
    sinks = 'sinks = ["files:exports?kpis=day_daily,top_songs_daily"]'
    return Shop(folder / "workspace", settings=f"{sinks}\n{settings}")


def assert_same(seen: Seen, wanted: Seen, where: str) -> None:
    """Everything is as it was without a death, part by part."""
    for part in wanted:
        assert seen[part] == wanted[part], f"{part}: {where}"
