"""maintain: what crashes, corrections and small commits leave behind -> gone.

It takes no run number, so it never fences a pipeline and never makes one wait. What it decides rests on what cannot
change any more: of runs that a later one fences, the ledger takes nothing; what was superseded stays so. Files are
exchanged onto just the base that has them. Nothing is removed that a reader or a process at work may still have in
hand: it was out of use for the time of grace before it goes. Killed anywhere, it leaves what the next one goes on with.
"""

from __future__ import annotations

from datetime import timedelta

from hitparade import log
from hitparade.faults import point
from hitparade.maintain.compact import compact
from hitparade.maintain.known import known
from hitparade.maintain.leftovers import remove_leftovers
from hitparade.maintain.outcome import Maintained
from hitparade.maintain.sweep import sweep
from hitparade.workspace import Workspace

__all__ = ["Maintained", "maintain"]


def maintain(ws: Workspace, *, dry: bool = False) -> Maintained:
    """Bring lake and ledger to the size that they need; a `dry` call only says what it would do."""
    from hitparade.lake import upkeep

    outcome = Maintained(dry=dry)
    grace = timedelta(hours=ws.settings.maintain.keep_hours)
    before = ws.clock() - grace
    facts = known(ws, before=before)  # the ledger first, the lake second
    tables = upkeep.tables(ws.lake)
    compact(ws, tables, facts, outcome)
    outcome.snapshots = sum(upkeep.expire(ws.lake, name, before=ws.clock() - grace, dry=dry) for name in tables)
    sweep(ws, tables, grace, outcome)
    remove_leftovers(ws, before, outcome)
    outcome.runs = ws.ledger.forget_runs(before=before, dry=dry)
    point("maintain.forgotten")
    if not dry:
        done = {"rows": sum(outcome.rows.values()), "merged": outcome.merged, "into": outcome.into}
        log.get_logger().info("maintain.done", **done, snapshots=outcome.snapshots, removed=outcome.files)
    return outcome
