"""The machine that a measurement was made on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

PACKAGES = ("duckdb", "pyarrow", "pyiceberg", "pyspark")


def facts() -> dict[str, str | int | float]:
    """What a reader needs to judge a number."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory / 1e9, 1),
        "load_average": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }
