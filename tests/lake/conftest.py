"""A lake of each test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hitparade.lake import Lake, open_lake


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    lake = open_lake(str(tmp_path / "lake"), "hitparade")
    yield lake
    lake.close()


@pytest.fixture
def other(lake: Lake) -> Iterator[Lake]:
    """The same lake, opened by somebody else."""
    other = open_lake(lake.location, lake.namespace)
    yield other
    other.close()
