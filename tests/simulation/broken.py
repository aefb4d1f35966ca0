"""The product, broken in the ways in which such pipelines usually are: each a patch that the simulation must notice."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any
from unittest import mock

from hitparade.engines.duckdb.connection import Connected
from hitparade.faults import point
from hitparade.kpis import registry
from hitparade.lake import commits
from hitparade.landing.claim import original
from hitparade.ledger.sql import SqlLedger
from hitparade.model import Blob, Dataset, InEffect, Kpi, NewDelivery
from hitparade.sinks.dynamodb import publications, sink
from hitparade.sinks.dynamodb.calls import answered
from hitparade.sinks.dynamodb.moving import Moving
from hitparade.sinks.files import DiskFolder
from hitparade.sinks.warehouse.turn import Turn
from hitparade.steps import archive, compute, load
from hitparade.workspace import Workspace

Broken = Callable[[], AbstractContextManager[object]]


def last_file_of_a_day_wins() -> AbstractContextManager[object]:
    """A day is overwritten by what came last of it."""
    load_ids = SqlLedger.load_ids

    def last(ledger: SqlLedger, dataset: Dataset, *, days: Collection[date] | None = None) -> Mapping[int, int]:
        found: dict[int, int] = {}
        for day in days or ():
            of_day = load_ids(ledger, dataset, days=[day])
            found.update({each: seq for each, seq in of_day.items() if seq == max(of_day.values())})
        return load_ids(ledger, dataset) if days is None else found

    return mock.patch.object(SqlLedger, "load_ids", last)


def listens_as(sql: str) -> AbstractContextManager[object]:
    """Listens are something else; `{files}` are the planned ones, `{days}` a condition."""
    open_listens = Connected.open_listens

    def other(engine: Connected, listens: InEffect, days: Collection[object] | None = None) -> None:
        open_listens(engine, listens, days)
        listed = ", ".join(f"DATE '{day}'" for day in days or ())
        condition = "true" if days is None else f"listen_date IN ({listed})"
        files = engine.scan("listens", listens.files["listens"])
        engine.run(f"CREATE OR REPLACE TEMP VIEW listens AS {sql.format(files=files, days=condition)}")

    return mock.patch.object(Connected, "open_listens", other)


def uniques_are_summed_over_files() -> AbstractContextManager[object]:
    """Whoever listened in two files is two listeners; a listen that both files have is still one."""
    return listens_as(
        "SELECT DISTINCT listen_date, listen_hour, track_id, listened_at, user_id + 1000 * dense_rank()"
        " OVER (ORDER BY file) AS user_id FROM (SELECT *, min(load_id) OVER (PARTITION BY user_id, track_id,"
        " listened_at) AS file FROM {files} WHERE {days} AND load_id IN (SELECT load_id FROM listens_in_effect))"
    )


def rows_count_without_a_ledger_row() -> AbstractContextManager[object]:
    """Whatever lies in the lake counts."""
    return listens_as("SELECT listen_date, listen_hour, user_id, track_id, listened_at FROM {files} WHERE {days}")


def the_ledger_is_written_before_the_data() -> AbstractContextManager[object]:
    """What the ledger says is not there yet."""

    def commit(ws: Workspace, judged: Sequence[Any], outcome: load.Loaded) -> None:
        deliveries = [load.touching(ws, each.delivery) for each in judged]
        ws.ledger.record_deliveries(ws.turn.number, deliveries, now=ws.clock())
        point("load.staged")
        for each in judged:
            for table, files in each.files.items():
                ws.lake.append(table, list(files), run=ws.turn.number)
        outcome.deliveries.extend(deliveries)

    return mock.patch.object(load, "commit", commit)


def the_ledger_does_not_fence() -> AbstractContextManager[object]:
    """A run may write although a later one has begun."""
    writing = SqlLedger._writing

    def unfenced(ledger: SqlLedger, run: int | None = None) -> AbstractContextManager[Any]:
        return writing(ledger)

    return mock.patch.object(SqlLedger, "_writing", unfenced)


@contextmanager
def kpi_commits_look_at_nobody() -> Iterator[None]:
    """A run replaces days that a later one has written: it looks at no stamp, and tells the ledger afterwards only.

    Without the stamp alone nothing goes wrong: whose KPI is older than the one in the table is refused by the ledger.
    """
    with (
        mock.patch.object(commits, "stamped_by", return_value=0),
        mock.patch.object(compute.Pending, "unsettle", return_value=None),
    ):
        yield


@contextmanager
def ties_are_unstable() -> Iterator[None]:
    """Of songs that are equally much heard any one is first."""
    load_kpis, times = registry.load_kpis, count()
    last_key = re.compile(r"(unique_listeners DESC),\s+([a-z_]+\.(?:genre|track_id|artist))\b")

    def unstable(*given: Any, **named: Any) -> tuple[Kpi, ...]:
        found = load_kpis(*given, **named)
        salt = rf"\1, hash(\2 || '{next(times)}')"
        return tuple(replace(kpi, sql=last_key.sub(salt, kpi.sql)) for kpi in found)

    with mock.patch.object(registry, "load_kpis", unstable):
        yield


def an_older_run_overwrites_what_is_served() -> AbstractContextManager[object]:
    """A sink takes days from whoever brings them."""
    return mock.patch.object(DiskFolder, "run_of", return_value=None)


@contextmanager
def touched_days_are_old() -> Iterator[None]:
    """The days that a catalogue touches are those of listens that were there when its load began."""
    begin, touching = load.Ahead.__init__, load.touching
    seen: dict[int, InEffect] = {}

    def early(ahead: load.Ahead, ws: Workspace, leave: Collection[str]) -> None:
        seen[id(ws)] = ws.in_effect("streams")
        begin(ahead, ws, leave)

    def late(ws: Workspace, delivery: NewDelivery) -> NewDelivery:
        if delivery.dataset == "streams" or delivery.status != "loaded":
            return touching(ws, delivery)
        return replace(delivery, touched=ws.engine.heard_days(delivery.dataset, seen[id(ws)]))

    with mock.patch.object(load.Ahead, "__init__", early), mock.patch.object(load, "touching", late):
        yield


def files_are_archived_by_name() -> AbstractContextManager[object]:
    """Nobody looks whether the bytes are those that the ledger knows."""
    settle = archive.settle

    def by_name(ws: Workspace, dataset: Dataset, claimed: Blob, sha256: str, outcome: archive.Archived) -> None:
        name = ws.uri(original(claimed))
        known = [each.sha256 for each in ws.ledger.deliveries(dataset=dataset) if each.uri == name]
        settle(ws, dataset, claimed, known[0] if known else sha256, outcome)

    return mock.patch.object(archive, "settle", by_name)


def a_warehouse_appends_what_it_has() -> AbstractContextManager[object]:
    """Nobody asks which listens a warehouse has."""
    return mock.patch.object(Turn, "held", lambda _, days: dict.fromkeys(days, frozenset()))


def what_was_corrected_stays_in_a_warehouse() -> AbstractContextManager[object]:
    """Listens are added to a warehouse, and none is taken out."""
    return mock.patch.object(Turn, "take_out", return_value=None)


@contextmanager
def items_are_written_on_no_condition() -> Iterator[None]:
    """DynamoDB takes items from whoever brings them."""

    def unconditional(call: Callable[..., Any], what: str, **arguments: Any) -> Any:
        arguments.pop("ConditionExpression", None)
        return answered(call, what, **arguments)

    with mock.patch.object(sink, "answered", unconditional), mock.patch.object(publications, "answered", unconditional):
        yield


def what_left_a_chart_stays_in_its_item() -> AbstractContextManager[object]:
    """Nobody asks which items a day had."""
    return mock.patch.object(Moving, "others", return_value={})


BROKEN_ELSEWHERE: tuple[tuple[str, Broken], ...] = (
    ("copy", a_warehouse_appends_what_it_has),
    ("compute", what_was_corrected_stays_in_a_warehouse),
    ("dynamodb", items_are_written_on_no_condition),
    ("dynamodb", what_left_a_chart_stays_in_its_item),
)
"""The same of sinks that are not in the workspace, with what these are called."""
BROKEN: tuple[Broken, ...] = (
    last_file_of_a_day_wins,
    uniques_are_summed_over_files,
    rows_count_without_a_ledger_row,
    the_ledger_is_written_before_the_data,
    the_ledger_does_not_fence,
    kpi_commits_look_at_nobody,
    ties_are_unstable,
    an_older_run_overwrites_what_is_served,
    touched_days_are_old,
    files_are_archived_by_name,
)
