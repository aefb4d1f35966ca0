"""The power goes at any moment of a run: of what was not synced nothing is missed, whatever is left of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from hitparade.model import DATASETS
from hitparade.storage.local import LocalStorage
from tests.crashes.dying import Ended
from tests.crashes.histories import DAILY, Chapter, content, everything
from tests.crashes.lives import Lives, assert_same, on_a_disk
from tests.crashes.power import Call, Disk, calls, record

CUTS = int(os.environ.get("HITPARADE_POWER_CUTS", "2"))
"""How often the power goes in each chapter."""
SEED = int(os.environ.get("HITPARADE_POWER_SEED", "20240625"))


def may_trace() -> bool:
    """Whether system calls can be recorded here."""
    strace = shutil.which("strace")
    return (
        strace is not None and subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True).returncode == 0
    )


pytestmark = pytest.mark.skipif(not may_trace(), reason="strace is not installed, or may not trace")


@dataclass(slots=True)
class Recorded(Lives):
    """Lives that tell what each chapter's run does to the disk, and what the disk was before."""

    disks: list[Disk] = field(default_factory=list)
    calls: list[list[Call]] = field(default_factory=list)

    def undisturbed(self, chapter: Chapter) -> Ended:
        """A chapter's command, recorded."""
        log = self.kept / "calls"
        self.disks.append(Disk(self.shop.root))
        done = record([sys.executable, "-m", "hitparade", *chapter.command, "--config", str(self.config)], log)
        self.calls.append(list(calls(log)))
        return Ended(done.returncode, done.stderr, ())

    def power_cut(self, number: int, place: int, chance: Random | None) -> None:
        """Have the workspace be as it may be when the power went after so many calls."""
        disk = self.disks[number].copy()
        for call in self.calls[number][:place]:
            disk.do(call)
        shutil.rmtree(self.shop.root)
        disk.left(chance, self.shop.root)
        tell_of_copies(self.shop.root)


@pytest.fixture(scope="module")
def lives() -> Iterator[Recorded]:
    with on_a_disk(Recorded) as lives:
        lives.live(DAILY)
        yield lives


@pytest.mark.parametrize("cut", range(CUTS))
@pytest.mark.parametrize("number", range(len(DAILY)), ids=[chapter.name for chapter in DAILY])
@pytest.mark.parametrize("kept", ["nothing", "something"])
def test_what_a_power_cut_leaves_is_finished_by_the_next_run(lives: Recorded, number: int, cut: int, kept: str) -> None:
    chance = Random(f"{SEED} {number} {cut} {kept}")
    # The first cut comes when all is done: what was not synced by then is lost for good.
    place = chance.randint(1, len(lives.calls[number])) if cut else len(lives.calls[number])
    where = f"{DAILY[number].name}, after call {place} of {len(lives.calls[number])}, {kept} is left"
    lives.power_cut(number, place, chance if kept == "something" else None)
    lives.catch_up(DAILY[number])
    assert_same(everything(lives.shop), lives.after[number], where)


def test_a_descriptor_that_is_given_again_while_its_close_is_told(tmp_path: Path) -> None:
    (root := tmp_path / "root").mkdir()
    (log := tmp_path / "log").write_text(
        f"""\
1 openat(AT_FDCWD, "{escaped(root / "a")}", O_WRONLY|O_CREAT, 0666) = 12
1 close(12 <unfinished ...>
2 openat(AT_FDCWD, "{escaped(root / "b")}", O_WRONLY|O_CREAT, 0666 <unfinished ...>
2 <... openat resumed>) = 12
1 <... close resumed>) = 0
2 write(12, "\\x62", 1) = 1
2 fsync(12) = 0
2 openat(AT_FDCWD, "{escaped(root)}", O_RDONLY) = 13
2 fsync(13) = 0
2 close(13) = 0
2 close(12) = 0
"""
    )
    disk = Disk(root)
    for call in calls(log):
        disk.do(call)
    disk.left(None, tmp_path / "left")
    assert (tmp_path / "left" / "b").read_bytes() == b"b"
    assert disk.opened == {}


def escaped(path: Path) -> str:
    """A path as a record tells it."""
    return "".join(f"\\x{byte:02x}" for byte in str(path).encode())


def tell_of_copies(root: Path) -> None:
    """Let the ledger know the files of the landing zone again.

    After a power cut they are themselves, and known by inode and time. Here they are copies with others.
    """
    if not (root / "lake" / "ledger.db").exists():
        return
    storage = LocalStorage()
    with closing(sqlite3.connect(root / "lake" / "ledger.db")) as db:
        if db.execute("SELECT name FROM sqlite_master WHERE name = 'deliveries'").fetchone() is None:
            return
        for path in (path for dataset in DATASETS for path in (root / "data" / dataset).glob("*.csv*")):
            blob = storage.stat(str(path))
            assert blob is not None
            known = (blob.etag, str(path.relative_to(root)), content(path))
            db.execute("UPDATE deliveries SET etag = ? WHERE uri = ? AND sha256 = ?", known)
        db.commit()
