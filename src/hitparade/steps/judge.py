"""Judging files by their contract: collect every problem, then decide once what becomes of each file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

from hitparade.contracts.files import (
    count_problems,
    file_problem,
    header_problems,
    name_problems,
    read_header,
)
from hitparade.contracts.report import summary
from hitparade.contracts.rules import compile_rules
from hitparade.engines.base import Engine, Flawed
from hitparade.landing.discover import plain_name
from hitparade.landing.spool import plain
from hitparade.model import Blob, Contract, Fingerprint, NewDelivery, Problem, Source, Staged, Staging
from hitparade.storage import Storage
from hitparade.storage.local import errors_explained
from hitparade.storage.packed import Unreadable
from hitparade.workspace import TABLES, Workspace


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new file: where it lies, who it is, and the load_id of this attempt at it."""

    blob: Blob
    print: Fingerprint
    uri: str
    load_id: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A file on its way into the ledger, its staged Parquet by table, or the breach that stops its dataset."""

    delivery: NewDelivery
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    breach: str | None = None


@dataclass(slots=True)
class Hearing:
    """What is known of a file so far."""

    candidate: Candidate
    problems: list[Problem]
    source: Source | None = None
    staged: Staged | None = None
    rejects: tuple[str, ...] = ()

    @property
    def rejected(self) -> int:
        """Bad rows."""
        return self.staged.rows_rejected if self.staged else 0

    def breaks(self, contract: Contract) -> bool:
        """Whether the contract refuses the file as a whole."""
        unread = self.source is None
        whole = unread or any(each.column is None and each.rule not in ROW_DEFECTS for each in self.problems)
        return whole or (self.rejected > 0 and contract.on_error != "reject_rows")


ROW_DEFECTS = frozenset({"csv", "encoding"})


@dataclass(frozen=True, slots=True)
class Stage:
    """Stream files whose rows have been read: their listens are staged in a folder, and nothing is decided."""

    hearings: list[Hearing]
    folder: str
    staging: Staging


def stage_streams(ws: Workspace, engine: Engine, contract: Contract, candidates: Sequence[Candidate]) -> Stage | None:
    """Read a batch of stream files; None when there are none."""
    if not candidates:
        return None
    hearings = hear_all(ws, engine, contract, candidates)
    folder = ws.lake.staging("listens", str(candidates[0].load_id))
    staging = engine.stage_listens([each.source for each in hearings if each.source], folder)
    return Stage(hearings, folder, staging)


def judge_streams(ws: Workspace, contract: Contract, stage: Stage) -> list[Judged]:
    """Judge a batch of stream files; the listens of those that are loaded are staged in one go.

    A file that breaks a contract which says `fail` ends the batch: those before it are loaded, it and those after
    it stay where they are.
    """
    folder, staging = stage.folder, stage.staging
    examine(ws, contract, stage.hearings, staging)
    hearings, stopped = until_breach(stage.hearings, contract)
    good = [each for each in hearings if not each.breaks(contract)]
    if len(good) < len(staging.sources):
        # Some staged rows belong to files that are not loaded: stage again without them.
        kept = {each.candidate.load_id for each in good}
        staging = ws.engine.stage_listens([s for s in staging.sources if s.load_id in kept], folder)
    judged = [verdict(ws, contract, each) for each in hearings]
    if judged and staging.files.get("listens"):
        judged[0] = replace(judged[0], files={**judged[0].files, "listens": staging.files["listens"]})
    return [*judged, *([stopped] if stopped else [])]


def judge_catalogue(ws: Workspace, contract: Contract, candidates: Sequence[Candidate]) -> list[Judged]:
    """Judge a catalogue file and stage what it changes."""
    from hitparade.kpis.registry import catalogue_columns

    judged: list[Judged] = []
    for hearing in hear_all(ws, ws.engine, contract, candidates):
        load_id = hearing.candidate.load_id
        files: Mapping[str, tuple[str, ...]] = {}
        if hearing.source is not None:
            staging = ws.engine.stage_catalogue(
                hearing.source,
                contract.dataset,
                {table: ws.lake.staging(table, str(load_id)) for table in TABLES[contract.dataset]},
                in_effect=ws.in_effect(contract.dataset),
                watched=catalogue_columns(ws.kpis),
            )
            examine(ws, contract, [hearing], staging)
            files = staging.files
        hearings, stopped = until_breach([hearing], contract)
        for each in hearings:
            ruling = verdict(ws, contract, each)
            loaded = ruling.delivery.status == "loaded"
            judged.append(replace(ruling, files={**ruling.files, **(files if loaded else {})}))
        judged.extend([stopped] if stopped else [])
    return judged


def hear_all(ws: Workspace, engine: Engine, contract: Contract, candidates: Sequence[Candidate]) -> list[Hearing]:
    """Look at files, wherever the engine does such work."""
    return engine.each(partial(hear, ws.storage, contract), candidates)


def hear(storage: Storage, contract: Contract, candidate: Candidate, scratch: Path) -> Hearing:
    """Everything that can be said of a file before its rows are read; its source, if they can be."""
    blob, print_ = candidate.blob, candidate.print
    problems = list(name_problems(contract, plain_name(blob.name), blob.size))
    if blob.size == 0:
        return Hearing(candidate, [*problems, file_problem("empty_file", "the file is empty")])
    try:
        with errors_explained(f"read {blob.url}"):  # another process may have archived it
            text = plain(storage, blob, print_, contract=contract, scratch=scratch)
            header = read_header(text.path, contract.delimiter)
    except Unreadable as error:
        return Hearing(candidate, [*problems, file_problem(error.rule, error.message)])
    except UnicodeDecodeError as error:
        return Hearing(
            candidate,
            [*problems, file_problem("encoding", f"the header is not {contract.encoding}: {error}")],
        )
    except (ValueError, csv.Error) as error:
        return Hearing(candidate, [*problems, file_problem("header", f"the first line is no header: {error}")])
    found = list(header_problems(contract, header))
    if found:
        return Hearing(candidate, [*problems, *found])
    source = Source(
        load_id=candidate.load_id,
        path=text.path,
        url=blob.url,
        encoding=contract.encoding,
        size=text.print.size,
        header=header,
        delimiter=contract.delimiter,
        lines=text.print.lines,
        quoted=text.print.quotes,
        doubtful=text.print.doubtful,
        rules=compile_rules(contract, header, thorough=text.print.blanks or text.print.quotes),
    )
    return Hearing(candidate, problems, source=source)


def examine(
    ws: Workspace,
    contract: Contract,
    hearings: Sequence[Hearing],
    staging: Staging,
    *,
    rejects: Callable[[int], str] | None = None,
) -> None:
    """Add what the rows told: how many there are, and what is wrong with the bad ones.

    `rejects` names the folder into which the bad rows of a load_id are written, the lake's staging unless told
    otherwise.
    """
    sources = {source.load_id: source for source in staging.sources}
    warns = any(field_.severity == "warn" for field_ in contract.fields)
    flawed: dict[int, Flawed] = {}
    for hearing in hearings:
        load_id = hearing.candidate.load_id
        if load_id in staging.unreadable:
            hearing.problems.append(file_problem("csv_file", staging.unreadable[load_id]))
        if load_id not in staging.staged:
            continue
        hearing.staged = staging.staged[load_id]
        hearing.problems.extend(count_problems(contract, hearing.staged))
        if hearing.rejected or warns:
            folder = rejects(load_id) if rejects else ws.lake.staging("rejects", str(load_id))
            flawed[load_id] = Flawed(sources[load_id], folder)
    if any(each.source.rules.relations for each in flawed.values()):
        ws.engine.open_catalogue(ws.in_effect("songs"), ws.in_effect("users"))
    found = ws.engine.problems(list(flawed.values()), now=ws.clock()) if flawed else {}
    for hearing in hearings:
        if (bad := found.get(hearing.candidate.load_id)) is not None:
            hearing.problems.extend(bad.problems)
            hearing.rejects = bad.files


def until_breach(hearings: list[Hearing], contract: Contract) -> tuple[list[Hearing], Judged | None]:
    """The files before the first that breaks a contract which says `fail`, and that one."""
    if contract.on_error == "fail":
        for number, hearing in enumerate(hearings):
            if hearing.breaks(contract):
                return hearings[:number], Judged(
                    delivery=as_delivery(hearing, contract, "quarantined", {}),
                    breach=summary(hearing.problems),
                )
    return hearings, None


def verdict(ws: Workspace, contract: Contract, hearing: Hearing) -> Judged:
    """Loaded, or quarantined whole."""
    files = {"rejects": hearing.rejects} if hearing.rejects else {}
    if hearing.breaks(contract):
        return Judged(delivery=as_delivery(hearing, contract, "quarantined", {}), files=files)
    days = hearing.staged.days if hearing.staged else {}
    delivery = as_delivery(hearing, contract, "loaded", days)
    if contract.on_redelivery == "supersede":
        before = ws.ledger.in_effect_under(contract.dataset, [hearing.candidate.uri])
        delivery = replace(delivery, supersedes=tuple(each.seq for each in before))
    return Judged(delivery=delivery, files=files)


def as_delivery(hearing: Hearing, contract: Contract, status: str, days: Mapping[date, int]) -> NewDelivery:
    """The ledger's row of a judged file. All rows of a quarantined file are rejected."""
    candidate, staged = hearing.candidate, hearing.staged
    read = staged.rows_read if staged else 0
    rejected = hearing.rejected if status == "loaded" else read
    return NewDelivery(
        load_id=candidate.load_id,
        dataset=contract.dataset,
        uri=candidate.uri,
        size=candidate.blob.size,
        etag=candidate.blob.etag,
        sha256=candidate.print.sha256,
        contract=contract,
        status="loaded" if status == "loaded" else "quarantined",
        rows_read=read,
        rows_loaded=read - rejected,
        rows_rejected=rejected,
        reason=summary(hearing.problems),
        touched=days,
    )
