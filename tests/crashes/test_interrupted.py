"""Ctrl-C at any fault point: one line, exit code 130, nothing half done, and the next run goes on."""

from __future__ import annotations

import signal
from pathlib import Path
from tempfile import TemporaryDirectory

from hitparade.cli.door import DONE, FLAWED, INTERRUPTED
from tests.crashes.dying import Death, hitparade
from tests.crashes.histories import DAILY, UNFINISHED, everything
from tests.crashes.lives import Lives, a_workspace, assert_same, on_a_disk
from tests.crashes.places import quick_folder
from tests.shop import Shop


def test_an_interrupted_run_says_so_in_a_line_and_is_gone_on_with() -> None:
    with on_a_disk(Lives) as lives, TemporaryDirectory(dir=quick_folder()) as folder:
        lives.live(DAILY[:2])
        shop = a_workspace(Path(folder))
        # Whoever is interrupted at the end of a run has done all the work.
        points = [name for name in dict.fromkeys(lives.passed[0]) if name != "run.ended"]
        assert len(points) > 25
        for number, names in enumerate((points, ["run.ended"])):
            DAILY[number].deliver(shop)
            for name in names:
                interrupt(shop, name)
            while (done := hitparade("run", "--config", str(shop.root / "hitparade.toml"))).code == FLAWED:
                pass
            assert done.code == DONE
            assert_same(everything(shop), lives.after[number], f"interrupted at {', '.join(names)}")


def interrupt(shop: Shop, name: str) -> None:
    """Press Ctrl-C when a run passes a point for the first time."""
    death = Death(name, 1, by=signal.SIGINT)
    done = hitparade("run", "--config", str(shop.root / "hitparade.toml"), death=death)
    assert done.code == INTERRUPTED, f"{name}: {done.code} {done.said}"
    told = [line for line in done.said.splitlines() if not line.startswith("{")]
    assert told == ["error: interrupted", "  next: nothing is half done: run again to go on"], name
    assert "Traceback" not in done.said
    assert [path for path in shop.root.rglob("*") if path.suffix == UNFINISHED] == [], name
