"""Where the tasks tell what they read and write, for OpenLineage and whatever else reads Airflow's lineage.

Places are told by the task that runs, so they are those of its Variables. Without a reader nothing comes of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hitparade.config import Settings
    from hitparade.model import Dataset


def landing(settings: Settings, *datasets: Dataset) -> list[str]:
    """The landing folders of datasets; of all unless some are named."""
    from hitparade.model import DATASETS

    return [settings.place(settings.landing.folder(dataset)) for dataset in datasets or DATASETS]


def lake(settings: Settings) -> list[str]:
    """The lake."""
    return [settings.place(settings.lake.location)]


def served(settings: Settings) -> list[str]:
    """The folders that the sinks write files to. Tables of a database are no datasets here."""
    files = (url.partition("?")[0] for url in settings.sinks if url.startswith("files:"))
    return [settings.place(url.removeprefix("files:").removeprefix("//") or "exports") for url in files]


def loaded(settings: Settings) -> list[str]:
    """What a job writes that loads, computes and publishes."""
    return [*lake(settings), *served(settings)]


def archive(settings: Settings) -> list[str]:
    """Where settled files go."""
    return [settings.place(settings.archive)]


def quarantine(reports: Iterable[str]) -> set[str]:
    """Where refused files went, by the reports that lie beside them."""
    return {url.rpartition("/")[0] for url in reports}


def tell(reads: Iterable[str] = (), writes: Iterable[str] = ()) -> None:
    """Tell Airflow what the task reads and writes: S3 URLs of folders."""
    from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector

    collector = get_hook_lineage_collector()
    for url in reads:
        collector.add_input_asset(context=tell, uri=url)
    for url in writes:
        collector.add_output_asset(context=tell, uri=url)
