"""Copies of delivered files under a run's own prefix, made within S3: no byte goes through Airflow.

The ledger knows the originals, and only they are loaded and archived; copies may be made again or removed at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from hitparade.airflow import lineage
from hitparade.airflow.failures import told

if TYPE_CHECKING:
    from hitparade.airflow.system import System


def copy_inputs(system: System, target: str, run_id: str) -> list[str]:
    """Copy every file of the landing folders below `target` and the run's name; the copies' URLs, by dataset.

    When one fails, those before it are removed: Airflow runs no teardown for a setup that failed.
    """
    from hitparade.landing.discover import waiting
    from hitparade.model import DATASETS
    from hitparade.storage import Storage

    with told(), closing(Storage()) as storage:
        settings = system.settings()
        below = f"{system.filled(target)}/{run_id}"
        lineage.tell(lineage.landing(settings), [below])
        sources = {
            blob.url: f"{below}/{dataset}/{blob.name}"
            for dataset in DATASETS
            for blob in waiting(storage, settings.place(settings.landing.folder(dataset)))
        }
        try:
            with s3_client() as client:
                for source, copy in sources.items():
                    copy_within_s3(client, source, copy)
        except BaseException:
            storage.remove_below(below)
            raise
    return list(sources.values())


def move_copies(system: System, copies: Sequence[str], target: str, run_id: str) -> list[str]:
    """Move copies below another place and the run's name; their new URLs. Those that moved before are there already."""
    from hitparade.storage import Storage

    below = f"{system.filled(target)}/{run_id}"
    moved = {copy: "/".join([below, *copy.split("/")[-2:]]) for copy in copies}
    lineage.tell({copy.rsplit("/", 2)[0] for copy in copies}, [below])
    with told(), closing(Storage()) as storage, s3_client() as client:
        for copy, place in moved.items():
            if storage.stat(copy) is not None:
                copy_within_s3(client, copy, place)
        storage.remove(list(moved))
    return list(moved.values())


def remove_copies(system: System, targets: Sequence[str], run_id: str) -> None:
    """Remove whatever lies below the run's name in these places."""
    from hitparade.storage import Storage

    with told(), closing(Storage()) as storage:
        for target in targets:
            storage.remove_below(f"{system.filled(target)}/{run_id}")


@contextmanager
def s3_client() -> Iterator[Any]:
    """A client of S3."""
    from hitparade.aws import open_client

    with closing(open_client("s3")) as client:
        yield client


def copy_within_s3(client: Any, source: str, target: str) -> None:
    """Copy an object; S3 does it."""
    from hitparade.aws import explained
    from hitparade.storage.s3 import bucket_and_key

    (from_bucket, from_key), (bucket, key) = bucket_and_key(source), bucket_and_key(target)
    with explained(f"copy {source}"):
        client.copy({"Bucket": from_bucket, "Key": from_key}, bucket, key)
