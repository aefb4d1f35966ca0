"""Waiting for what other processes bring about."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(happened: Callable[[], bool], *, seconds: float = 60.0, look: float = 0.1) -> None:
    """Return as soon as something has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(look)
