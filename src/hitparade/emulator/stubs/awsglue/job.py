"""A job's beginning and end. Bookmarks are Glue's own; what a run has done is known here by the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import GlueContext


class Job:
    """A run, as its script sees it."""

    def __init__(self, glue_context: GlueContext) -> None:
        self.glue_context = glue_context

    def init(self, job_name: str, args: Mapping[str, str] | None = None) -> None:
        """Begin."""

    def commit(self) -> None:
        """End."""
