"""What can be said of delivered files without reading their rows: names, sizes and columns, each against its contract.

The rows are the Glue jobs' to judge. Only files that the ledger does not know are looked at.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hitparade.airflow import lineage, notices
from hitparade.airflow.failures import exceptions
from hitparade.airflow.tasks import opened

if TYPE_CHECKING:
    from hitparade.airflow.system import System
    from hitparade.errors import Terminal
    from hitparade.model import Blob, Contract, Dataset, Problem
    from hitparade.storage import Storage
    from hitparade.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that waits, and the contract of its dataset."""

    blob: Blob
    contract: Contract


def validate_data(system: System) -> None:
    """Skip what follows when there is nothing to do; fail when a file is empty or not named as its contract says."""
    with opened(system) as ws:
        found = arrivals(ws)
        if not found and is_done(ws):
            raise exceptions().AirflowSkipException("no new files, and everything is computed and published")
        refuse(found, of_name)


def check_schema(system: System) -> None:
    """Fail when a file does not have the columns that its contract asks for."""
    with opened(system) as ws:
        refuse(arrivals(ws), partial(of_header, ws.storage))


def validate_streams(system: System) -> None:
    """Fail when a stream file's name, size or columns are not what the manifest.json beside the files says."""
    from hitparade.errors import ConfigError

    with opened(system) as ws:
        if not has_manifest(ws):
            raise ConfigError(
                f"{ws.settings.place(ws.settings.landing.streams)}: no manifest.json beside the files",
                hint="put it there: docs/manifest.md says what is in it",
            )
        refuse(streams_of(arrivals(ws)), partial(of_file, ws.storage))


def quarantine_refused(system: System) -> None:
    """Move the stream files that validation refuses to the manifest's quarantine, with a report and a ledger row.

    The others stay where they are, for the next run. All do while there is no manifest, which alone may refuse them.
    """
    from hitparade.steps.archive import archive

    with opened(system) as ws:
        if not has_manifest(ws):
            return
        failures = refused_in_ledger(ws)
        lineage.tell(writes=lineage.quarantine(archive(ws, datasets=("streams",)).reports))
        if failures:
            raise failures[0]


def refused_in_ledger(ws: Workspace) -> list[Terminal]:
    """Have the ledger refuse what validation refuses; what keeps datasets from being loaded.

    A file that another run settles meanwhile is that run's: then what is left is looked at again.
    """
    from hitparade.errors import Fenced, StorageError
    from hitparade.steps.load import load

    while True:
        found = arrivals(ws)
        refused = [each for each in streams_of(found) if any(of_file(ws.storage, each))]
        if not refused:
            return []
        try:
            return load(ws, leave={each.blob.url for each in found if each not in refused}).failures
        except (Fenced, StorageError):
            if {each.blob for each in refused} <= {each.blob for each in arrivals(ws)}:
                raise
            ws.turn.end()


def branch_on_columns(system: System, copies: Sequence[str], valid: str, invalid: str) -> str:
    """The task to go on with: `valid` when every copy has the columns that its dataset's contract asks for.

    Else the run ends well, as documented, so it is told here.
    """
    from hitparade.log import get_logger

    said = []
    with opened(system) as ws:
        for url in copies:
            contract, blob = ws.contract(cast("Dataset", url.split("/")[-2])), ws.storage.stat(url)
            if blob is not None:
                said += problems([Arrival(blob, contract)], partial(of_header, ws.storage))
    for line in said:
        get_logger().warning("airflow.invalid", problem=line)
    if said:
        notices.send(f"{system.template.stem}: files lack columns", said)
    return invalid if said else valid


def arrivals(ws: Workspace) -> list[Arrival]:
    """The files in the landing folders that the ledger does not know."""
    from hitparade.landing.discover import waiting
    from hitparade.model import DATASETS

    lineage.tell(lineage.landing(ws.settings))
    found: list[Arrival] = []
    for dataset in DATASETS:
        contract = ws.contract(dataset)
        blobs = waiting(ws.storage, ws.settings.place(ws.settings.landing.folder(dataset)))
        judged = ws.known(blobs)
        found.extend(Arrival(blob, contract) for blob in blobs if blob not in judged)
    return found


def has_manifest(ws: Workspace) -> bool:
    """Whether a manifest.json lies beside the streams."""
    from hitparade.contracts.manifest import BUILT_IN

    return ws.contract("streams").source != BUILT_IN


def streams_of(found: Iterable[Arrival]) -> list[Arrival]:
    """Those that are streams."""
    return [arrival for arrival in found if arrival.contract.dataset == "streams"]


def is_done(ws: Workspace) -> bool:
    """Whether nothing is left to compute, publish or archive."""
    from hitparade.landing.discover import waiting
    from hitparade.standing import standing

    stands = standing(ws)
    lies = waiting(ws.storage, ws.settings.place(ws.settings.landing.streams))
    return not lies and not stands.behind and not any(stands.unpublished.values())


def refuse(found: Iterable[Arrival], look: Callable[[Arrival], Iterable[Problem]]) -> None:
    """Fail with every problem of every file, if there is any."""
    from hitparade.errors import ContractBreach

    if said := problems(found, look):
        raise ContractBreach("\n".join(said), hint="mend the files or take them away, then run again")


def problems(found: Iterable[Arrival], look: Callable[[Arrival], Iterable[Problem]]) -> list[str]:
    """What is wrong with files, a line for each problem."""
    return [f"{arrival.blob.url}: {problem.rule}: {problem.message}" for arrival in found for problem in look(arrival)]


def of_file(storage: Storage, arrival: Arrival) -> list[Problem]:
    """What a file's name and size tell, and its first line if those are well; nothing of one that is gone."""
    return list(of_name(arrival)) or of_header(storage, arrival)


def lies(storage: Storage, arrival: Arrival) -> bool:
    """Whether a file lies where it was listed, and is the same."""
    return storage.stat(arrival.blob.url) == arrival.blob


def of_name(arrival: Arrival) -> Iterator[Problem]:
    """What a file's name and size tell."""
    from hitparade.contracts.files import file_problem, name_problems
    from hitparade.landing.discover import plain_name

    if arrival.blob.size == 0:
        yield file_problem("empty_file", "the file is empty")
    yield from name_problems(arrival.contract, plain_name(arrival.blob.name), arrival.blob.size)


def of_header(storage: Storage, arrival: Arrival) -> list[Problem]:
    """What a file's first line tells; nothing of a file that is gone by now, which whoever took it judges."""
    from hitparade.contracts.files import file_problem, header_problems
    from hitparade.errors import StorageError
    from hitparade.storage.packed import Unreadable

    if not lies(storage, arrival):
        return []
    try:
        return list(header_problems(arrival.contract, header(storage, arrival)))
    except StorageError:
        if lies(storage, arrival):
            raise
        return []
    except Unreadable as error:
        return [file_problem(error.rule, error.message)]
    except (ValueError, csv.Error) as error:
        return [file_problem("header", f"the first line is no header: {error}")]


def header(storage: Storage, arrival: Arrival) -> tuple[str, ...]:
    """A file's column names, from its beginning alone."""
    import codecs

    from hitparade.contracts.files import MAX_HEADER, read_header
    from hitparade.storage.packed import decoded, packing_of, unpacked

    codec = codecs.lookup(arrival.contract.encoding).name
    with (
        tempfile.TemporaryDirectory(prefix="hitparade-") as scratch,
        storage.open(arrival.blob.url) as raw,
        unpacked(raw, packing_of(arrival.blob.name)) as reader,
    ):
        begun = reader.read(MAX_HEADER)
        if codec not in ("utf-8", "ascii", "utf-8-sig"):
            begun = decoded(codecs.getincrementaldecoder(codec)(), begun, codec)
        beginning = Path(scratch) / "beginning.csv"
        beginning.write_bytes(begun)
        return read_header(str(beginning), arrival.contract.delimiter)
