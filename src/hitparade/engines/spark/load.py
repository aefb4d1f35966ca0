"""Files into Parquet, on executors: some files a task, and small pieces of a day put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial

from hitparade.engines.base import BadRows, Flawed
from hitparade.engines.spark import tasks
from hitparade.engines.spark.connection import Connected
from hitparade.engines.spark.spread import TASKS_PER_SLOT, spread
from hitparade.model import Dataset, InEffect, Source, Staging

# Bytes of CSV that a task validates: enough to be worth its start, and not so much that a lost one hurts.
TASK_BYTES = (16 << 20, 512 << 20)
# Bytes of Parquet below which pieces of a day are put together: scans like files of this size.
FILE_BYTES = 128 << 20


class Loading(Connected):
    """Validates files; see Engine."""

    def stage_listens(self, sources: Sequence[Source], folder: str) -> Staging:
        """See Engine."""
        self.storage.remove(self.storage.below(folder, ".parquet"))  # of an earlier go, with files not among these
        work = [tasks.StageFiles(group, folder) for group in grouped(sources, self.slots)]
        done = spread(self.session, partial(tasks.stage, self.means), work, tasks=len(work))
        pieces = [piece for each in done for piece in each.pieces]
        placed = self._put_together(pieces, folder)
        self.storage.remove([piece.url for piece in pieces if piece.url not in placed])
        return Staging(
            sources=tuple(source for each in done for source in each.staging.sources),
            staged={load_id: found for each in done for load_id, found in each.staging.staged.items()},
            files={"listens": tuple(sorted(placed))},
            unreadable={load_id: why for each in done for load_id, why in each.staging.unreadable.items()},
        )

    def _put_together(self, pieces: Sequence[tasks.Piece], folder: str) -> set[str]:
        """The files that hold the rows of all pieces: those that are large enough as they are, others merged."""
        bins = list(binned(pieces))
        small = [tasks.MergePieces(each, folder) for each in bins if len(each) > 1]
        merged = spread(self.session, partial(tasks.merge, self.means), small)
        return {*merged, *(each[0].url for each in bins if len(each) == 1)}

    def stage_catalogue(
        self,
        source: Source,
        dataset: Dataset,
        folders: Mapping[str, str],
        *,
        in_effect: InEffect,
        watched: Mapping[str, frozenset[str]],
    ) -> Staging:
        """See Engine."""
        return self._stage_catalogue(tasks.StageCatalogue(source, dataset, folders, in_effect, watched))

    def read_catalogue(self, source: Source, dataset: Dataset) -> Staging:
        """See Engine."""
        return self._stage_catalogue(tasks.StageCatalogue(source, dataset, {}, InEffect({}, {}), {}))

    def _stage_catalogue(self, work: tasks.StageCatalogue) -> Staging:
        [done] = spread(self.session, partial(tasks.stage_catalogue, self.means), [work])
        self.touching = done.touching
        self.leftovers.extend([done.touching] if done.touching else [])
        return done.staging

    def heard_days(self, dataset: Dataset, listens: InEffect) -> Mapping[date, int]:
        """See Engine."""
        if self.touching is None or not listens.load_ids:
            return {}
        key = "user_id" if dataset == "users" else "track_id"
        session = self.own_session()
        self.open_listens(session, listens)
        self.view(session, "touching", f"{key} {'BIGINT' if dataset == 'users' else 'STRING'}", [self.touching])
        found = self.rows_of(
            session, f"SELECT DISTINCT listen_date FROM listens WHERE {key} IN (SELECT {key} FROM touching)"
        )
        return {day: 0 for (day,) in found}

    def problems(self, flawed: Sequence[Flawed], *, now: datetime) -> Mapping[int, BadRows]:
        """See Engine."""
        work = [
            tasks.FindProblems(each, self.catalogue if each.source.rules.relations else None, now) for each in flawed
        ]
        found = spread(self.session, partial(tasks.problems, self.means), work)
        return {each.source.load_id: bad for each, bad in zip(flawed, found, strict=True)}


def grouped(sources: Sequence[Source], slots: int) -> Iterator[tuple[Source, ...]]:
    """Files in the order in which they came, as many a task as make its work worth starting."""
    least, most = TASK_BYTES
    share = sum(source.size for source in sources) // (TASKS_PER_SLOT * slots)
    wanted = min(max(share, least), most)
    group: list[Source] = []
    size = 0
    for source in sources:
        if group and size + source.size > wanted:
            yield tuple(group)
            group, size = [], 0
        group.append(source)
        size += source.size
    if group:
        yield tuple(group)


def binned(pieces: Sequence[tasks.Piece]) -> Iterator[tuple[tasks.Piece, ...]]:
    """Pieces of each day, put together up to the size that scans like."""
    by_day: dict[date, list[tasks.Piece]] = {}
    for piece in pieces:
        by_day.setdefault(piece.day, []).append(piece)
    for day in sorted(by_day):
        group: list[tasks.Piece] = []
        size = 0
        for piece in by_day[day]:
            if group and size + piece.size > FILE_BYTES:
                yield tuple(group)
                group, size = [], 0
            group.append(piece)
            size += piece.size
        yield tuple(group)
