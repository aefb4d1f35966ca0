"""One workspace for all histories of a process: made once, and put back as it was new before each.

It keeps its path, since Iceberg keeps absolute ones, and lies in memory where there is a place for that.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from unittest import mock

from hitparade.config import Settings, read_settings
from hitparade.kpis import registry
from tests.shop import Shop
from tests.simulation.history import KPIS

FIRST, SECOND = (
    "files:exports",
    "files:more?kpis=hourly,top_songs_daily,genre_daily,land_daily&formats=csv&vanished=zeros",
)
MEMORY = Path("/dev/shm")  # noqa: S108 - where it is there; no name in it is guessed


class Place:
    """The workspace, and copies of the built-in KPIs, some to a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.shop = Shop(root / "shop", settings=f'sinks = ["{FIRST}"]')
        config = self.shop.root / "hitparade.toml"
        config.write_text(
            config.read_text().replace("[engine]\n", "[runs]\nwait_seconds = 0\n\n[engine]\nthreads = 1\n")
        )
        (self.shop.root / "kpis").mkdir()
        with self.shop.open() as ws:
            for kpi in ws.daily_kpis:
                ws.lake.kpi_table(kpi)
        self.new = root / "new"
        shutil.copytree(self.shop.root, self.new)
        for group, names in KPIS.items():
            folder = root / group
            shutil.copytree(registry.BUILT_IN / registry.SHARED, folder / registry.SHARED)
            for name in names:
                shutil.copy(registry.BUILT_IN / f"{name}.sql", folder)

    @cached_property
    def settings(self) -> Settings:
        """The settings, with one sink."""
        return read_settings(self.shop.root / "hitparade.toml")

    def renew(self) -> None:
        """Put the workspace back as it was."""
        shutil.rmtree(self.shop.root)
        shutil.copytree(self.new, self.shop.root)

    @contextmanager
    def of(self, kpis: str) -> Iterator[None]:
        """Only some of the built-in KPIs are there."""
        with mock.patch.object(registry, "BUILT_IN", self.root / kpis):
            yield


@contextmanager
def a_place() -> Iterator[Place]:
    """A place that is gone afterwards."""
    folder = tempfile.mkdtemp(prefix="hitparade-simulation-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)
    try:
        yield Place(Path(folder))
    finally:
        shutil.rmtree(folder)
