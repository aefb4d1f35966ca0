"""Places for workspaces that many processes die in: in memory where there is such a disk, since a death costs a run."""

from __future__ import annotations

import os
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - on Linux a disk in memory


def quick_folder() -> Path | None:
    """A folder that is quick to write to; None where there is no other than the usual one."""
    return MEMORY if os.access(MEMORY, os.W_OK) else None
