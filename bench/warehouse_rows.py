"""`python -m bench.warehouse_rows CONFIG URL`: a lake's listens into an empty warehouse; prints the seconds it took."""

from __future__ import annotations

import sys
import time
from contextlib import closing

from hitparade.config import read_settings
from hitparade.sinks import Warehouse, open_sink
from hitparade.steps.warehouse import batches, bring_listens
from hitparade.workspace import open_workspace


def main(config: str, url: str) -> None:
    """What publish does for a warehouse, without KPIs: batches of days, each in a transaction of its own."""
    with (
        open_workspace(read_settings(config), command="bench") as ws,
        closing(open_sink(url, place=ws.settings.place)) as sink,
    ):
        if not isinstance(sink, Warehouse):
            raise TypeError(f"{sink.url} is no warehouse")
        sink.merged("users")  # makes the tables
        ws.turn.begin()
        days = ws.ledger.computations(kpi="hourly")
        begun = time.perf_counter()
        for batch in batches(days, ws.settings.compute.batch_rows):
            with sink.turn((), run=ws.turn.number, lake=ws.lake_id) as turn:
                bring_listens(ws, turn, {each.listen_date for each in batch})
        print(time.perf_counter() - begun)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
