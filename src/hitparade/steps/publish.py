"""publish: KPI days that a sink does not have -> the sink.

Wanted is, for each KPI's day, the run that last computed it as the KPI is now; present is the computation the sink last
took.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from hitparade import log
from hitparade.faults import point
from hitparade.model import Computation, Publication
from hitparade.progress import Advance
from hitparade.sinks import Sink, Warehouse
from hitparade.steps import warehouse
from hitparade.workspace import Workspace

RECORD_EVERY = 200
RECORD_AFTER = timedelta(seconds=5)


@dataclass(slots=True)
class Published:
    """What a publish did."""

    kpi_days: int = 0
    rows: int = 0


def publish(ws: Workspace) -> Published:
    """Bring every sink up to date."""
    outcome = Published()
    for sink in ws.sinks:
        before = outcome.kpi_days
        if isinstance(sink, Warehouse):
            forget_lost(ws, sink)
            publish_catalogue(ws, sink)
        while missing := decide(ws, sink):
            if ws.turn.begin():
                continue
            if isinstance(sink, Warehouse):
                publish_catalogue(ws, sink)  # days may be computed there, of songs no older than these computations
            reconcile(ws, sink, missing, outcome)
        if outcome.kpi_days > before:
            log.get_logger().info("publish.done", sink=sink.url, kpi_days=outcome.kpi_days - before)
    return outcome


def forget_lost(ws: Workspace, sink: Warehouse) -> None:
    """What a warehouse took that is not there any more, dropped or moved to another place, it did not take."""
    while sink.is_new() and (lost := [each for each in ws.ledger.publications(sink.url) if each.computed_run]):
        if ws.turn.begin():
            continue
        log.get_logger().warning("publish.lost", sink=sink.url, kpi_days=len(lost))
        ws.ledger.record_publications(ws.turn.number, [replace(each, computed_run=0, rows=0) for each in lost])


def publish_catalogue(ws: Workspace, sink: Warehouse) -> None:
    """Bring songs and users to a warehouse."""
    while datasets := warehouse.behind(ws, sink):
        if ws.turn.begin():
            continue
        for dataset in datasets:
            keys = warehouse.bring_catalogue(ws, sink, dataset)
            point("publish.merged")
            log.get_logger().info("publish.catalogue", sink=sink.url, dataset=dataset, keys=keys)


def decide(ws: Workspace, sink: Sink) -> list[Computation]:
    """The computations that the sink does not have, in order.

    What another version of a KPI computed is left to whoever knows that version and its columns, or is computed anew.
    """
    hashes = {kpi.name: kpi.hash for kpi in ws.daily_kpis}
    missing = ws.ledger.unpublished(sink.url, tables(ws, sink))
    known = [each for each in missing if each.hash == hashes[each.kpi]]
    return sorted(known, key=lambda each: (each.kpi, each.listen_date))


def tables(ws: Workspace, sink: Sink) -> dict[str, str]:
    """The sink's table of each KPI that it has a place for."""
    return {kpi.name: table for kpi in ws.daily_kpis if (table := sink.table(kpi)) is not None}


def reconcile(ws: Workspace, sink: Sink, missing: list[Computation], outcome: Published) -> None:
    """Write KPI days, and record every so many or so often: what is not recorded is written again."""
    places = tables(ws, sink)
    done: list[Publication] = []
    with ws.progress.of(f"publish {sink.url}", sum(each.rows for each in missing)) as advance:
        for each, rows in written(ws, sink, missing, advance):
            point("publish.day_written")
            done.append(publication(ws, each, rows, sink=sink.url, table=places[each.kpi]))
            outcome.kpi_days += 1
            outcome.rows += rows
            if len(done) == RECORD_EVERY or ws.clock() - done[0].published_at >= RECORD_AFTER:
                record(ws, done)
                done = []
    record(ws, done)


def record(ws: Workspace, done: list[Publication]) -> None:
    """Have the ledger know what a sink took."""
    ws.ledger.record_publications(ws.turn.number, done)
    point("publish.recorded")


def written(
    ws: Workspace, sink: Sink, missing: list[Computation], advance: Advance
) -> Iterator[tuple[Computation, int]]:
    """Write KPI days; how many rows each has. A warehouse takes some days at a time, with the listens they are of."""
    if isinstance(sink, Warehouse):
        for batch in warehouse.batches(missing, ws.settings.compute.batch_rows):
            counts = warehouse.bring_days(ws, sink, batch)
            for each in batch:
                advance(each.rows)
                yield each, counts[each.kpi, each.listen_date]
        return
    kpis = {kpi.name: kpi for kpi in ws.daily_kpis}
    for each in missing:
        kpi = kpis[each.kpi]
        files = [file.path for file in ws.lake.files(f"kpi_{kpi.name}", [each.listen_date])]
        stored = ws.engine.stored(kpi, files)
        yield each, sink.write(kpi, each.listen_date, stored, run=ws.turn.number, advance=advance)


def publication(ws: Workspace, each: Computation, rows: int, *, sink: str, table: str) -> Publication:
    """What is recorded of a KPI's day that a sink took."""
    return Publication(
        sink=sink,
        table=table,
        listen_date=each.listen_date,
        computed_run=each.run,
        rows=rows,
        published_at=ws.clock(),
        run=ws.turn.number,
    )
