"""What `hitparade show` prints in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any


def shown(kpi: str, *more: str, config: str, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """A KPI's rows as the command shows them."""
    done = subprocess.run(
        [sys.executable, "-m", "hitparade", "show", kpi, "--config", config, "--format", "json", *more],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows
