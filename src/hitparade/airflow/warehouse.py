"""Rows into files and a warehouse. There is no Glue job: these tasks do the work themselves, within `[engine] memory`.

Each looks for itself at what is there and at what should be, so any may be repeated, or run alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hitparade.airflow import lineage
from hitparade.airflow.tasks import opened

if TYPE_CHECKING:
    from hitparade.airflow.system import System
    from hitparade.workspace import Workspace


def extract_and_validate(system: System, to: str) -> None:
    """Load what was delivered, each row judged by its contract; export the accepted rows and the files' names.

    The filled settings are put where their place is, for commands. A dataset that its contract stops fails the task
    when the others are done.
    """
    from hitparade.export import export
    from hitparade.steps.load import load

    system.put_settings()
    with opened(system) as ws:
        lineage.tell(lineage.landing(ws.settings), [*lineage.lake(ws.settings), system.filled(to)])
        loaded = load(ws)
        export(ws, system.filled(to), ["validated", "processed"])
        if loaded.failures:
            raise loaded.failures[0]


def transform_data(system: System, to: str) -> None:
    """Export the accepted rows with what is derived of them."""
    from hitparade.export import export

    with opened(system) as ws:
        lineage.tell(lineage.lake(ws.settings), [system.filled(to)])
        export(ws, system.filled(to), ["transformed"])


def load_to_redshift(system: System) -> None:
    """Bring the warehouse's tables up to date."""
    with opened(system) as ws:
        lineage.tell(lineage.lake(ws.settings), lineage.lake(ws.settings))
        publish_all(ws)


def compute_kpis(system: System, to: str) -> None:
    """Export the warehouse's KPIs of all that is loaded, then archive the stream files that are settled.

    What the warehouse lacks by now comes first. One that nothing was ever loaded into has no KPIs.
    """
    from hitparade.export import export
    from hitparade.model import DATASETS
    from hitparade.steps.archive import archive

    with opened(system) as ws:
        lake, files = lineage.lake(ws.settings), lineage.landing(ws.settings, "streams")
        lineage.tell([*lake, *files], [*lake, system.filled(to), *lineage.archive(ws.settings)])
        publish_all(ws)
        if any(ws.ledger.load_ids(dataset) for dataset in DATASETS):
            export(ws, system.filled(to), ["kpis"])
        lineage.tell(writes=lineage.quarantine(archive(ws, datasets=("streams",)).reports))


def publish_all(ws: Workspace) -> None:
    """Publish every day; the ledger tells them by what was computed in the lake, so that comes first."""
    from hitparade.steps.compute import compute
    from hitparade.steps.publish import publish

    compute(ws)
    publish(ws)
