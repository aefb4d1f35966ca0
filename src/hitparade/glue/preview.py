"""What a job would write, shown instead: the first rows of each KPI's day, as `df.show()` shows a frame's."""

from __future__ import annotations

import sys
import tempfile
from datetime import date
from typing import TYPE_CHECKING

from hitparade.config import Settings
from hitparade.model import Kpi
from hitparade.pipeline import compute, load
from hitparade.sinks import Sink, as_served, heard
from hitparade.steps.publish import decide
from hitparade.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 20
WIDTH = 160


def show_waiting(settings: Settings) -> None:
    """What the files that wait in landing give by themselves, by a lake that lasts as long as this."""
    with tempfile.TemporaryDirectory(prefix="hitparade-") as folder:
        lake = settings.lake.model_copy(update={"location": f"{folder}/lake", "catalog": None})
        ledger = settings.ledger.model_copy(update={"url": None})
        with open_workspace(settings.model_copy(update={"lake": lake, "ledger": ledger}), command="preview") as ws:
            loaded = load(ws)
            compute(ws)
            rows = sum(delivery.rows_loaded for delivery in loaded.deliveries)
            say(
                f"preview: {len(loaded.deliveries)} files wait, {rows:,} rows good, {loaded.rejected:,} rejected;"
                " what the lake has already is not in these numbers, and nothing is written"
            )
            show(ws)
            if loaded.failures:
                raise loaded.failures[0]


def show_unpublished(settings: Settings) -> None:
    """What is computed and not published yet."""
    with open_workspace(settings, command="preview") as ws:
        show(ws)


def show(ws: Workspace) -> None:
    """The KPI days that the sinks do not have."""
    kpis = {kpi.name: kpi for kpi in ws.daily_kpis}
    for sink in ws.sinks:
        missing = decide(ws, sink)
        say(f"\n{sink.url}: {len(missing)} KPI days would be written")
        for each in missing:
            show_day(ws, sink, kpis[each.kpi], each.listen_date)
    if not ws.sinks:
        say("the settings name no sinks: nothing would be written")


def show_day(ws: Workspace, sink: Sink, kpi: Kpi, day: date) -> None:
    """The first rows of a KPI's day as they are served."""
    stored = ws.engine.stored(kpi, [file.path for file in ws.lake.files(f"kpi_{kpi.name}", [day])])
    rows = as_served(kpi, heard(stored)).sort_by([(name, "ascending") for name in kpi.grain])
    say(f"\n{kpi.name} of {day}, {rows.num_rows:,} rows, to {sink.table(kpi)}")
    draw(rows.slice(0, ROWS))
    if rows.num_rows > ROWS:
        say(f"only showing top {ROWS} rows")


def draw(rows: pa.Table) -> None:
    """Rows as a table."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in rows.column_names:
        table.add_column(name, overflow="ellipsis")
    for row in rows.to_pylist():
        table.add_row(*(Text(str(value)) for value in row.values()))
    Console(file=sys.stdout, width=WIDTH, highlight=False, markup=False).print(table)


def say(line: str) -> None:
    """A line of the log."""
    sys.stdout.write(line + "\n")
