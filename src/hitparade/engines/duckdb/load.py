"""Files into Parquet: listens in batches of files, the catalogue a file at a time, and the rows that were bad."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from hitparade.engines import validation
from hitparade.engines.base import BadRows, Flawed
from hitparade.engines.duckdb.catalogue import Catalogue
from hitparade.engines.duckdb.connection import copy_to, parquet_below, read_parquet
from hitparade.engines.duckdb.remote import Outbox
from hitparade.engines.exact import WIDE, NotCsv, read_exactly
from hitparade.model import Dataset, InEffect, Problem, Severity, Source, Staged, Staging
from hitparade.sqltext import quoted
from hitparade.storage import is_remote
from hitparade.storage.local import errors_explained

NO_DAY = "listen_date=__HIVE_DEFAULT_PARTITION__"
EXAMPLES = 5


class Loading(Catalogue):
    """Validate files; see Staging for what comes of them."""

    def stage_listens(self, sources: Sequence[Source], folder: str) -> Staging:
        """See Engine.

        Files that the fast reader refuses or counts otherwise than their lines are read again, exactly.
        """
        if is_remote(folder):
            self.storage.remove_below(folder)  # of an earlier go, with files that are not among these
        with Outbox(self.storage, {"listens": folder}, self.scratch) as box:
            local = Path(box.local["listens"])
            done = self._stage_listens(sources, local)
            return replace(done, files={"listens": box.placed("listens", parquet_below(local))})

    def _stage_listens(self, sources: Sequence[Source], folder: Path) -> Staging:
        readable, unreadable = self.made_exact([source for source in sources if is_suspect(source)], sources)
        while True:
            try:
                staged = self._copy_listens(readable, folder)
                wrong = [source for source in readable if miscounted(source, staged[source.load_id])]
            except self.duckdb.InvalidInputException:
                wrong = [source for source in readable if not self.can_read(source)]
                if not wrong:
                    raise
            if not wrong:
                break
            readable, failed = self.made_exact(wrong, readable)
            unreadable |= failed
        return Staging(sources=tuple(readable), staged=staged, files={}, unreadable=unreadable)

    def _copy_listens(self, sources: Sequence[Source], folder: Path) -> dict[int, Staged]:
        """Write the good rows of all files in one pass; the bad ones go where they can be counted, and away."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if not sources:
            return {}
        self.run(copy_to(validation.listens(sources, zone=self.zone), folder, by_day=True, repetitive=False))
        days: dict[int, dict[date | None, int]] = {source.load_id: {} for source in sources}
        if files := parquet_below(folder):
            counts = self.rows(
                f"SELECT load_id, listen_date, count(*) FROM {read_parquet(files)} GROUP BY load_id, listen_date"
            )
            for load_id, day, count in counts:
                days[load_id][day] = count
        shutil.rmtree(folder / NO_DAY, ignore_errors=True)
        return {load_id: as_staged(load_id, found) for load_id, found in days.items()}

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
        read = self.read_catalogue(source, dataset)
        if not read.sources:
            return read
        with Outbox(self.storage, folders, self.scratch) as box:
            files = self.write_changes(source.load_id, dataset, box.local, in_effect=in_effect, watched=watched)
            return replace(read, files={table: box.placed(table, written) for table, written in files.items()})

    def read_catalogue(self, source: Source, dataset: Dataset) -> Staging:
        """See Engine."""
        readable, unreadable = self.made_exact([source] if is_suspect(source) else [], [source])
        staged: dict[int, Staged] = {}
        while readable and not staged:
            try:
                found = self.deliver(readable[0], dataset)
                wrong = miscounted(readable[0], found)
            except self.duckdb.InvalidInputException:
                if readable[0].exact:
                    raise
                wrong = True
            if wrong:
                readable, unreadable = self.made_exact(readable, readable)
            else:
                staged = {found.load_id: found}
        return Staging(sources=tuple(readable) if staged else (), staged=staged, files={}, unreadable=unreadable)

    # -- readers

    def made_exact(self, wrong: Sequence[Source], sources: Iterable[Source]) -> tuple[list[Source], dict[int, str]]:
        """The sources, with the wrong ones read exactly; and those that cannot be read at all."""
        doubted = {source.load_id for source in wrong}
        readable, unreadable = [], {}
        for source in sources:
            if source.load_id not in doubted or source.exact:
                readable.append(source)
                continue
            target = self.scratch / f"{source.load_id}.parquet"
            try:
                with errors_explained(f"read {source.path}"):  # another process may have archived it by now
                    read_exactly(source, target)
                readable.append(replace(source, path=str(target), exact=True))
            except NotCsv as error:
                unreadable[source.load_id] = str(error)
        return readable, unreadable

    def can_read(self, source: Source) -> bool:
        """Whether the fast reader gets through a file. Columns that nobody asks for would not be looked at."""
        if source.exact:
            return True
        try:
            self.rows(f"SELECT count(*) FROM {validation.read_csv(source)} WHERE hash(COLUMNS(*)) = 0")
        except self.duckdb.InvalidInputException:
            return False
        return True

    # -- bad rows

    def problems(self, files: Sequence[Flawed], *, now: datetime) -> Mapping[int, BadRows]:
        """See Engine."""
        flawed = {each.source.load_id: each for each in files}
        found: dict[int, BadRows] = {}
        for group in validation.alike(each.source for each in files):
            with self.in_order():
                self.run(f"CREATE OR REPLACE TEMP TABLE broken AS {validation.rejects(*group)}")
            problems = self._summed_up("broken", "severity")
            for load_id in (source.load_id for source in group):
                with Outbox(self.storage, {"rejects": flawed[load_id].folder}, self.scratch) as box:
                    written = self._write_rejects(load_id, problems.get(load_id, ()), Path(box.local["rejects"]), now)
                    files_ = box.placed("rejects", written)
                found[load_id] = BadRows(problems=problems.get(load_id, ()), files=files_)
        return found

    def _write_rejects(self, load_id: int, found: Sequence[Problem], folder: Path, now: datetime) -> tuple[str, ...]:
        """The rows of `broken` that a load rejects, as a file in a folder; none when there are none."""
        if not any(problem.severity == "reject" for problem in found):
            return ()
        at = f"TIMESTAMP {quoted(now.replace(tzinfo=None).isoformat(sep=' '))}"
        written = (
            f'SELECT load_id, row::BIGINT AS row, rule, "column", value, raw, {at} AS rejected_at'
            f" FROM broken WHERE load_id = {load_id} AND severity = 'reject' ORDER BY row"
        )
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "data_0.parquet"
        self.run(copy_to(written, target, by_day=False))
        return (str(target),)

    def rejected(self, load_id: int, files: Sequence[str]) -> tuple[Problem, ...]:
        """See Engine."""
        found = f"(FROM {self.read_parquet(files)} WHERE load_id = {load_id})"
        return self._summed_up(found, "'reject'").get(load_id, ())

    def _summed_up(self, relation: str, severity: str) -> dict[int, tuple[Problem, ...]]:
        """What is wrong with the rows of each load."""
        rows = self.rows(
            f'SELECT load_id, rule, "column", {severity}, count(*), '
            f"list({{'row': row, 'value': value, 'raw': raw}} ORDER BY row)[1:{EXAMPLES}]"
            f' FROM {relation} GROUP BY load_id, rule, "column", {severity} ORDER BY 1, 4, 5 DESC, 2, 3'
        )
        found: dict[int, list[Problem]] = {}
        for load_id, *row in rows:
            found.setdefault(load_id, []).append(as_problem(*row))
        return {load_id: tuple(problems) for load_id, problems in found.items()}


def as_problem(
    rule: str, column: str | None, severity: Severity, count: int, examples: list[dict[str, object]]
) -> Problem:
    """A row rule that was broken."""
    where = f"{rule} of {column}" if column else f"{rule}: not a row of this file"
    return Problem(
        rule=rule,
        column=column,
        count=count,
        severity=severity,
        message=f"{where}: {count:,} row{'s' if count > 1 else ''}",
        examples=tuple(
            (int(str(each["row"])), str(each["value"] if each["value"] is not None else ""), str(each["raw"]))
            for each in examples
        ),
    )


def is_suspect(source: Source) -> bool:
    """Whether the fast reader is not even tried.

    A blank line is no row, but to DuckDB it is one where there is a single column; very many take much memory.
    """
    return source.doubtful or len(source.header) == 1 or len(source.header) > WIDE


def miscounted(source: Source, staged: Staged) -> bool:
    """Whether the fast reader found other than one row a line.

    Rows that span lines are miscounted too: whether it read them, or dropped all that follows a quote without an
    end, nobody can tell.
    """
    return not source.exact and staged.rows_read != max(source.lines - 1, 0)


def as_staged(load_id: int, days: Mapping[date | None, int]) -> Staged:
    """What a file gave, from its rows by day; those of no day were bad."""
    return Staged(
        load_id=load_id,
        rows_read=sum(days.values()),
        rows_rejected=days.get(None, 0),
        days={day: count for day, count in days.items() if day is not None},
    )
