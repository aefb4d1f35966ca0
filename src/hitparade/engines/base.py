"""What an engine must be able to do, and how one is found by its name.

An engine turns files into Parquet, days into KPIs, and stored KPIs into answers. It never decides what is in effect
and never commits: it is told which rows count, and gives back what it wrote and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeVar

from hitparade.freshness import ALWAYS, Span
from hitparade.model import ComputedDays, Dataset, InEffect, Kpi, Problem, Relation, Source, Staging

if TYPE_CHECKING:
    import pyarrow as pa

Item = TypeVar("Item")
Result = TypeVar("Result")
Stage = Literal["validated", "transformed"]
"""How far rows that leave for other systems have come: as delivered, or with what is derived from them."""


@dataclass(frozen=True, slots=True)
class Flawed:
    """A staged file some of whose rows may break rules, and the folder for those that are rejected."""

    source: Source
    folder: str


@dataclass(frozen=True, slots=True)
class BadRows:
    """What was wrong with the rows of a file, and the Parquet files of those that are rejected."""

    problems: tuple[Problem, ...]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Files of a table that become one. It has `rows`: those of all of them, but for the load_ids that stay behind."""

    files: tuple[str, ...]
    without: frozenset[int]
    rows: int


class Engine(Protocol):
    """Does the heavy work. `lanes` says how many batches of days it computes at a time without getting slower."""

    @property
    def lanes(self) -> int:
        """See the class."""
        ...

    def lane(self) -> Self:
        """The same engine for another thread: what is opened for a batch of days is each lane's own."""
        ...

    def each(self, work: Callable[[Item, Path], Result], items: Sequence[Item]) -> list[Result]:
        """Call `work` with each item and a folder for temporary files, wherever there are hands; results in order.

        Where these are other machines `work` and items are sent there, so both must be picklable.
        """
        ...

    # -- load

    def stage_listens(self, sources: Sequence[Source], folder: str) -> Staging:
        """Validate stream files and write their good rows below a folder, by day."""
        ...

    def stage_catalogue(
        self,
        source: Source,
        dataset: Dataset,
        folders: Mapping[str, str],
        *,
        in_effect: InEffect,
        watched: Mapping[str, frozenset[str]],
    ) -> Staging:
        """Validate a catalogue file and write what differs from the catalogue in effect, by table.

        `watched` are the columns that stored KPIs read; `heard_days` then knows the tracks in which they changed.
        """
        ...

    def read_catalogue(self, source: Source, dataset: Dataset) -> Staging:
        """Validate a catalogue file, and write nothing."""
        ...

    def heard_days(self, dataset: Dataset, listens: InEffect) -> Mapping[date, int]:
        """The days with a listen to a track, or of a user, whose watched columns the last staged file changed."""
        ...

    def problems(self, files: Sequence[Flawed], *, now: datetime) -> Mapping[int, BadRows]:
        """Write the rejected rows of files, and tell what was wrong with their rows, warnings included, by load_id."""
        ...

    def rejected(self, load_id: int, files: Sequence[str]) -> tuple[Problem, ...]:
        """What was wrong with the rows of a delivery, from the lake's `rejects`."""
        ...

    # -- compute

    def open_catalogue(self, songs: InEffect | None, users: InEffect | None) -> None:
        """Make the catalogue in effect, each row of its newest delivery, for all lanes; None where nobody reads it."""
        ...

    def open_relations(self, kpis: Sequence[Kpi]) -> None:
        """Make the shared relations of KPIs that rest on the catalogue alone, for all lanes and batches."""
        ...

    def compute_days(
        self,
        kpis: Sequence[Kpi],
        days: Collection[date],
        listens: InEffect,
        *,
        rows: int,
        previous: Mapping[str, Sequence[str]],
        folders: Mapping[str, str],
    ) -> ComputedDays:
        """Compute KPIs of some days from the rows in effect and write each below its folder, by day.

        `rows` is how many rows the files have. `previous` are the files that hold these days now: a key that is in
        them and is not computed any more is written as a row of zeros.
        """
        ...

    # -- rows for a warehouse

    def new_listens(
        self,
        listens: InEffect,
        *,
        wanted: Mapping[date, Collection[int]],
        held: Mapping[date, Collection[int]],
    ) -> Iterator[pa.RecordBatch]:
        """The listens, each once, that the loads `wanted` have on their days and the loads `held` do not.

        Both map days to load_ids; `listens` names the files. Columns are those of `listens` but load_id.
        """
        ...

    def newest_rows(
        self, dataset: Dataset, in_effect: InEffect, load_ids: Collection[int]
    ) -> Iterator[tuple[str, Iterator[pa.RecordBatch]]]:
        """The rows of a catalogue whose key was last delivered by some loads, by relation, to be taken in turn."""
        ...

    # -- answers

    def put_stored(self, kpi: Kpi, files: Sequence[str]) -> None:
        """Make a stored KPI readable under its name, without its rows of zeros."""
        ...

    def put_all_time(self, kpi: Kpi, listens: InEffect) -> None:
        """Evaluate an all-time KPI over everything, readable under its name; what it reads was put before."""
        ...

    def stored(self, kpi: Kpi, files: Sequence[str]) -> pa.Table:
        """Every stored row of a KPI in some files, those of zeros too, in the order of its keys."""
        ...

    def answer(
        self, kpi: Kpi, *, where: Mapping[str, object], limits: Mapping[str, int], days: Span = ALWAYS
    ) -> pa.Table:
        """Rows of a KPI that was put, of some days, in the order of its keys.

        `where` wants a value, `limits` at most a value.
        """
        ...

    # -- exports

    def export_catalogue(
        self, targets: Mapping[tuple[Stage, Dataset], Path], *, songs: InEffect | None, users: InEffect | None
    ) -> Mapping[tuple[Stage, Dataset], int]:
        """Write the catalogue in effect as files of this disk, one for each stage and dataset; the rows of each.

        A dataset that no target is of may be None.
        """
        ...

    def export_listens(
        self, files: Sequence[str], targets: Mapping[int, Mapping[Stage, Path]]
    ) -> Mapping[int, Mapping[Stage, int]]:
        """Write the rows of loads, repeats too, as files of this disk, by load_id and stage; the rows of each.

        `files` are those of the lake that the rows lie in, among others.
        """
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def relations_of(kpis: Sequence[Kpi]) -> list[Relation]:
    """The shared relations that KPIs need, each once, in the order in which they are built."""
    return list({relation.name: relation for kpi in kpis for relation in kpi.relations}.values())
