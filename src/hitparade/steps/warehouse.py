"""What publish does for a warehouse: its rows first, then the KPIs, each batch of days in one transaction.

Wanted are the deliveries in effect, by day, and the newest row of every track and user; present are the deliveries that
the warehouse has recorded. A day that has rows of one that is not in effect any more is filled anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from hitparade.model import Computation, Dataset, Delivery, InEffect
from hitparade.sinks import Turn, Warehouse
from hitparade.workspace import Workspace

CATALOGUE: tuple[Dataset, ...] = ("songs", "users")


def behind(ws: Workspace, sink: Warehouse) -> tuple[Dataset, ...]:
    """The catalogues that the warehouse does not have whole."""
    return tuple(each for each in CATALOGUE if set(ws.ledger.load_ids(each)) - sink.merged(each))


def bring_catalogue(ws: Workspace, sink: Warehouse, dataset: Dataset) -> int:
    """Merge what the warehouse lacks of songs or users; how many there were."""
    with sink.turn(ws.kpis, run=ws.turn.number, lake=ws.lake_id) as turn:
        in_effect = ws.in_effect(dataset)
        missing = set(in_effect.load_ids) - sink.merged(dataset)
        listed = ws.ledger.deliveries(dataset=dataset, status="loaded")
        deliveries = [each for each in listed if each.load_id in missing]
        return turn.merge(dataset, ws.engine.newest_rows(dataset, in_effect, missing), deliveries)


def batches(missing: Sequence[Computation], listens: int) -> Iterator[list[Computation]]:
    """Computations of days in turn, as many days as have at most so many listens; one that has more is alone."""
    batch: list[Computation] = []
    sizes: dict[date, int] = {}
    for each in sorted(missing, key=lambda each: (each.listen_date, each.kpi)):
        if batch and each.listen_date not in sizes and sum(sizes.values()) + each.listens > listens:
            yield batch
            batch, sizes = [], {}
        batch.append(each)
        sizes[each.listen_date] = each.listens
    if batch:
        yield batch


def bring_days(ws: Workspace, sink: Warehouse, missing: Sequence[Computation]) -> Mapping[tuple[str, date], int]:
    """Bring the listens of some days, then the KPIs that were computed of them; the rows of each KPI's day."""
    kpis = {kpi.name: kpi for kpi in ws.daily_kpis}
    wanted: dict[str, list[date]] = {}
    for each in missing:
        wanted.setdefault(each.kpi, []).append(each.listen_date)
    with sink.turn(ws.kpis, run=ws.turn.number, lake=ws.lake_id) as turn:
        bring_listens(ws, turn, {each.listen_date for each in missing})
        if sink.computes:
            return turn.compute([(kpis[name], days) for name, days in wanted.items()])
        counts: dict[tuple[str, date], int] = {}
        for name, days in wanted.items():
            stored = (
                batch
                for day in sorted(days)
                for batch in ws.engine.stored(
                    kpis[name], [file.path for file in ws.lake.files(f"kpi_{name}", [day])]
                ).to_batches()
            )
            found = turn.put(kpis[name], days, stored)
            counts.update({(name, day): rows for day, rows in found.items()})
        return counts


def bring_listens(ws: Workspace, turn: Turn, days: Collection[date]) -> None:
    """Bring the listens that some days lack."""
    loads = {day: in_effect(ws, day) for day in days}
    wanted = {day: {each.load_id for each in found} for day, found in loads.items()}
    held = turn.held(days)
    replaced = {day for day in days if held[day] - wanted[day]}
    behind = {day for day in days if wanted[day] - held[day]} | replaced
    turn.take_out(replaced)
    kept = {day: frozenset() if day in replaced else held[day] for day in behind}
    if not any(wanted[day] for day in behind):
        return
    files = tuple(file.path for file in ws.lake.files("listens", behind))
    rows = ws.engine.new_listens(
        InEffect({"listens": files}, {}),
        wanted={day: wanted[day] - kept[day] for day in behind},
        held=kept,
    )
    turn.add_listens(
        rows,
        {day: {each: rows for each, rows in loads[day].items() if each.load_id not in kept[day]} for day in behind},
    )


def in_effect(ws: Workspace, day: date) -> Mapping[Delivery, int]:
    """The deliveries in effect that have listens of a day, with how many rows."""
    return {
        each: rows
        for each, rows in ws.ledger.touching(day)
        if rows and each.dataset == "streams" and each.status == "loaded"
    }
