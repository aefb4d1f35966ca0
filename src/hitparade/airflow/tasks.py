"""What the DAGs' tasks do by themselves. Each looks at the listing and the ledger; none is told what another found.

Nothing here is heavy: rows are read by the Glue jobs alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from hitparade.airflow import lineage
from hitparade.airflow.failures import told

if TYPE_CHECKING:
    from hitparade.airflow.system import System
    from hitparade.model import Dataset
    from hitparade.workspace import Workspace


@contextmanager
def opened(system: System) -> Iterator[Workspace]:
    """A system's workspace, for one task."""
    from hitparade.workspace import open_workspace

    with told(), open_workspace(system.settings(), command="airflow") as ws:
        yield ws


def branch_on_files(
    system: System, complete: str, missing: str, datasets: Sequence[Dataset] = ("songs", "users", "streams")
) -> str:
    """The task to go on with: `complete` when files lie in the landing folder of each dataset, else `missing`."""
    from hitparade.landing.discover import waiting
    from hitparade.log import get_logger
    from hitparade.storage import Storage

    with told(), closing(Storage()) as storage:
        settings = system.settings()
        folders = {dataset: settings.place(settings.landing.folder(dataset)) for dataset in datasets}
        lineage.tell(reads=folders.values())
        empty = [folder for folder in folders.values() if not waiting(storage, folder)]
    if empty:
        get_logger().info("airflow.missing", folders=empty)
    return missing if empty else complete


def archive_settled(system: System) -> None:
    """Move the stream files that the ledger has settled out of the landing zone; any other stays.

    Songs and users stay: every run wants them there.
    """
    from hitparade.steps.archive import archive

    with opened(system) as ws:
        lineage.tell(reads=lineage.landing(ws.settings, "streams"), writes=lineage.archive(ws.settings))
        lineage.tell(writes=lineage.quarantine(archive(ws, datasets=("streams",)).reports))


def prepare_job(system: System) -> list[str]:
    """Put the settings where the job looks for them; the stream files that it will find, for people to see."""
    from hitparade.landing.discover import waiting
    from hitparade.storage import Storage

    system.put_settings()
    with told(), closing(Storage()) as storage:
        settings = system.settings()
        lineage.tell(reads=lineage.landing(settings, "streams"))
        return [blob.url for blob in waiting(storage, settings.place(settings.landing.streams))]
