"""What publish keeps of its work when it does not come to its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from hitparade import pipeline
from hitparade.config import read_settings
from hitparade.errors import StorageError
from hitparade.steps.publish import decide
from hitparade.workspace import Workspace
from tests.shop import Shop


@pytest.mark.parametrize(("seconds", "missing"), [(6, 6), (0, 9)], ids=["a slow sink", "a quick one"])
def test_what_a_slow_sink_has_taken_is_not_written_again(tmp_path: Path, seconds: int, missing: int) -> None:
    """One of nine KPIs cannot be written; of a quick sink it does no harm to write those before it again."""
    shop = Shop(tmp_path, settings='sinks = ["files:exports"]')
    shop.deliver("streams", "streams.csv", ["1,a,2024-06-24 10:00:00"])
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "hourly").write_bytes(b"in the way")
    looks = count()

    def clock() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds) * next(looks)

    workspace = Workspace(read_settings(tmp_path / "hitparade.toml"), command="test", clock=clock)
    try:
        with pytest.raises(StorageError, match="hourly"):
            pipeline.run(workspace)
        [sink] = workspace.sinks
        assert len(decide(workspace, sink)) == missing
    finally:
        workspace.close()
