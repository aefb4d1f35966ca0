"""The table that people read, and results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.result import Measure, Part, as_json

RESULTS = Path(__file__).with_name("results.json")


def show(parts: Sequence[Part], machine: Mapping[str, str | int | float]) -> None:
    """The table on standard output."""
    table = Table(title="bench", caption=", ".join(f"{name} {value}" for name, value in machine.items()))
    table.add_column("what", overflow="fold")
    for heading in ("measured", "target", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for part in parts:
        table.add_section()
        table.add_row(f"{part.key}: {part.title}", "", "", "skipped" if part.skipped else "", style="bold")
        if part.skipped:
            table.add_row(f"  {part.skipped}", "", "", "")
        for measure in part.measures:
            table.add_row(f"  {measure.name}", shown(measure.value, measure), wanted(measure), measure.verdict)
    Console().print(table)


def shown(value: float, measure: Measure) -> str:
    """A number with its unit."""
    return f"{value:.2f} {measure.unit}"


def wanted(measure: Measure) -> str:
    """A target, if there is one."""
    sign = ">=" if measure.at_least else "<="
    return "" if measure.target is None else f"{sign} {shown(measure.target, measure)}"


def write(
    parts: Sequence[Part], machine: Mapping[str, str | int | float], *, now: datetime, path: Path = RESULTS
) -> None:
    """results.json: these parts, and as they were those that were not measured now."""
    known = {part["part"]: part for part in json.loads(path.read_text())["parts"]} if path.exists() else {}
    measured = {"date": now.isoformat(timespec="seconds"), "machine": machine}
    known.update({part.key: {**as_json(part), **measured} for part in parts})
    document = {"parts": [known[key] for key in sorted(known)]}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
