"""How fresh what is shown is: one line for people, beneath it, on standard error, so that no program reads it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hitparade.charts import Charts, Freshness


@contextmanager
def told_after(charts: Charts, kpi: str, day: date | None) -> Iterator[None]:
    """Tell it of a KPI's day, or of all its days, after what is shown meanwhile; it is asked before."""
    if not sys.stderr.isatty():
        yield
        return
    found = charts.freshness(kpi, first=day, last=day)
    yield
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True).print(Text(sentence(found), style="dim"), soft_wrap=True)


def sentence(found: Freshness) -> str:
    """As of when, up to which delivery, from how many files, and what is not as it should be."""
    if found.as_of is None:
        return "it is not recorded when this was computed"
    parts = [
        f"as of {found.as_of:%Y-%m-%d %H:%M:%S} UTC",
        *([] if found.version is None else [f"delivery {found.version}"]),
        *([] if found.files is None else [f"{found.files:,} file" + ("s" if found.files != 1 else "")]),
        *([f"{found.late_rows:,} rows came late"] if found.late_rows else []),
        *([f"{found.behind:,} days behind"] if found.behind else []),
    ]
    return ", ".join(parts)
