"""What the bench is doing, on standard error."""

from __future__ import annotations

import sys


def say(text: str) -> None:
    """One line."""
    print(text, file=sys.stderr, flush=True)
