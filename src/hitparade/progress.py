"""How long work tells how far it is. Doors decide whether anyone sees it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Advance(Protocol):
    """Says that so many more units are done."""

    def __call__(self, units: int) -> None:
        """Done."""
        ...


class Progress:
    """Shows nothing; what a pipe gets."""

    @contextmanager
    def of(self, label: str, total: int) -> Iterator[Advance]:  # noqa: ARG002 - for those that show it
        """Work of so many units, under a name."""
        yield lambda units: None  # noqa: ARG005
