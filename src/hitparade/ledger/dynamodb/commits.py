"""Commits: batches that become true one after the other, whole, and only for the latest run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from hitparade.errors import Fenced, LakeError, StorageError
from hitparade.faults import point
from hitparade.ledger.dynamodb.items import HEAD, Item, Key, cut, item_at, key_of, packed, padded, unpacked
from hitparade.ledger.dynamodb.table import PATIENCE_SECONDS, Table
from hitparade.model import Run

T = TypeVar("T")
WAL_PIECE = 350_000
# Who finds a batch accepted lets its writer finish it, unless the writer seems to be gone.
HELP_AFTER_SECONDS = 3.0
POLL_SECONDS = 0.05


class Moved(Exception):
    """The head is no more where it was read: begin anew."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch that is certain but not yet visible: whose it is, the highest seq after it, and its pieces in `wal`."""

    token: str
    run: int
    seq: int
    pieces: int

    @property
    def keys(self) -> list[Key]:
        """Where it is written down."""
        return [wal_key(self.run, self.token, piece) for piece in range(self.pieces)]


@dataclass(frozen=True, slots=True)
class Head:
    """The state of the ledger: the latest run, the last commit and its highest seq, and what comes next."""

    run: int = 0
    commit: int = 0
    seq: int = 0
    accepted: Accepted | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a commit writes: facts that never change, cells that take the place of earlier ones, its highest seq."""

    seq: int
    facts: tuple[Item, ...] = ()
    cells: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A batch, written down, and the state that it was planned on."""

    head: Head
    accepted: Accepted


class Commits:
    """See the package: plan, accept, apply, finish."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._turn = threading.Lock()

    # -- the head

    def head(self) -> Head:
        """The state as it is now."""
        item: dict[str, Any] = dict(self.table.get(HEAD) or {})
        accepted = Accepted(item["token"], item["by"], item["next_seq"], item["pieces"]) if "token" in item else None
        return Head(item.get("run", 0), item.get("commit", 0), item.get("seq", 0), accepted)

    def settled(self) -> Head:
        """The state when nothing is under way: what was accepted is finished, by its writer or here."""
        head, since = self.head(), time.monotonic()
        while head.accepted is not None:
            if time.monotonic() - since < HELP_AFTER_SECONDS:
                time.sleep(POLL_SECONDS)
            else:
                self._help(head.accepted, head.commit + 1)
            before, head = head, self.head()
            if head.accepted != before.accepted:
                since = time.monotonic()
        return head

    def _help(self, accepted: Accepted, commit: int) -> None:
        """Finish what another has begun."""
        found = self.table.fetch(accepted.keys)
        if len(found) < accepted.pieces:
            if self.head().accepted == accepted:
                raise LakeError(
                    f"the ledger, the DynamoDB table {self.table.name}, misses a part of commit {commit}",
                    hint="restore the table to a point in time before it was tampered with",
                )
            return  # its writer lives, and was done in the meantime
        body = unpacked("".join(str(found[key]["body"]) for key in accepted.keys))
        self._finish(accepted, Batch(accepted.seq, tuple(body["facts"]), tuple(body["cells"])), commit)

    # -- runs

    def begin_run(self, *, command: str, host: str, now: datetime) -> int:
        """See Ledger. What earlier runs had accepted is finished first, and no more of theirs will be."""
        return patiently(self._begin_run, command, host, now.isoformat())

    def _begin_run(self, command: str, host: str, at: str) -> int:
        before = self.settled().run
        begun = self.table.change(
            HEAD,
            "SET #run = :run, #command = :command, #host = :host, #started_at = :at, #heartbeat_at = :at,"
            " #commit = if_not_exists(#commit, :zero), #seq = if_not_exists(#seq, :zero) REMOVE #ended_at",
            when="attribute_not_exists(#token) AND (attribute_not_exists(#run) OR #run = :before)",
            run=before + 1,
            before=before,
            command=command,
            host=host,
            at=at,
            zero=0,
        )
        if not begun:
            raise Moved
        self.table.erase([key_of(item) for item in self.table.query("wal", between=("0", padded(before) + "~"))])
        return before + 1

    def beat(self, run: int, *, now: datetime, end: bool = False) -> None:
        """Say that a run is still at work, or over. Of earlier runs than the latest nobody wants to know."""
        ended = ", #ended_at = :at" if end else ""
        self.table.change(HEAD, f"SET #heartbeat_at = :at{ended}", when="#run = :run", run=run, at=now.isoformat())

    def latest_run(self) -> Run | None:
        """See Ledger."""
        item: dict[str, Any] = dict(self.table.get(HEAD) or {})
        if "run" not in item:
            return None
        ended = item.get("ended_at")
        return Run(
            run=item["run"],
            started_at=datetime.fromisoformat(item["started_at"]),
            heartbeat_at=datetime.fromisoformat(item["heartbeat_at"]),
            ended_at=datetime.fromisoformat(ended) if ended else None,
            host=item["host"],
            command=item["command"],
        )

    # -- batches

    def commit(self, run: int, plan: Callable[[Head], Batch]) -> Head:
        """Plan a batch and make it true; the state that it was planned on."""
        attempts: list[Attempt] = []
        with self._turn:  # threads of this process need not race one another
            return patiently(self._commit, run, plan, attempts)

    def check(self, run: int, head: Head) -> None:
        """Refuse a run once a later one exists."""
        if head.run > run:
            raise Fenced(f"run {run} may not write any more: run {head.run} exists", hint="run again")

    def _commit(self, run: int, plan: Callable[[Head], Batch], attempts: list[Attempt]) -> Head:
        head = self.settled()
        if (before := self._recorded(attempts, head)) is not None:
            return before
        self.check(run, head)
        planned, commit, token = plan(head), head.commit + 1, uuid4().hex
        made = item_at(("commits", padded(commit)), n=commit, token=token, run=run)
        batch = replace(planned, facts=(*planned.facts, made))
        body = cut(packed({"facts": batch.facts, "cells": batch.cells}), WAL_PIECE)
        accepted = Accepted(token, run, batch.seq, len(body))
        self.table.write([item_at(key, body=text) for key, text in zip(accepted.keys, body, strict=True)])
        attempts.append(Attempt(head, accepted))
        point("ledger.written")
        if not self._accept(accepted, head):
            raise Moved
        point("ledger.accepted")
        self._finish(accepted, batch, commit)
        return head

    def _accept(self, accepted: Accepted, head: Head) -> bool:
        """Whether the head took a batch; where the answer was lost, reading back will tell."""
        try:
            return self.table.change(
                HEAD,
                "SET #token = :token, #by = :by, #next_seq = :next_seq, #pieces = :pieces",
                when="attribute_not_exists(#token) AND #commit = :commit AND #run <= :by",
                token=accepted.token,
                by=accepted.run,
                next_seq=accepted.seq,
                pieces=accepted.pieces,
                commit=head.commit,
            )
        except StorageError:
            return False

    def _finish(self, accepted: Accepted, batch: Batch, commit: int) -> None:
        """Apply an accepted batch, make it visible, and forget how it was written down."""
        self.table.write(batch.facts)
        self.table.replace(batch.cells)
        point("ledger.applied")
        self.table.change(
            HEAD,
            "SET #commit = :commit, #seq = :seq REMOVE #token, #by, #next_seq, #pieces",
            when="#token = :token",
            commit=commit,
            seq=batch.seq,
            token=accepted.token,
        )
        point("ledger.committed")
        self.table.erase(accepted.keys)

    def forget_tokens(self, *, dry: bool) -> int:
        """Remove the tokens of commits by which no run will know its own any more; how many.

        A run that a later one fences may miss its token, and is told that it is fenced: all the same to it, since
        whoever comes next goes by what the ledger says.
        """
        latest = self.head().run
        old = [key_of(item) for item in self.table.query("commits") if int(item["run"]) < latest]
        if not dry:
            self.table.erase(old)
        return len(old)

    def _recorded(self, attempts: list[Attempt], head: Head) -> Head | None:
        """The state that an earlier attempt was planned on, if it was accepted after all."""
        for attempt in [each for each in attempts if each.head.commit < head.commit]:
            made = self.table.get(("commits", padded(attempt.head.commit + 1)))
            if made is not None and made["token"] == attempt.accepted.token:
                return attempt.head
            self.table.erase(attempt.accepted.keys)
            attempts.remove(attempt)
        return None


def wal_key(run: int, token: str, piece: int) -> Key:
    """Of a piece of a batch, written down."""
    return "wal", f"{padded(run)}#{token}#{piece:06}"


def patiently(work: Callable[..., T], *arguments: Any) -> T:
    """Do something that begins anew whenever the head has moved."""

    def tired(state: RetryCallState) -> T:
        raise StorageError(
            f"the ledger is being written by too many others: {state.attempt_number} attempts", hint="run again"
        )

    return Retrying(
        retry=retry_if_exception_type(Moved),
        stop=stop_after_delay(PATIENCE_SECONDS),
        wait=wait_random_exponential(multiplier=0.1, max=2),
        retry_error_callback=tired,
    )(work, *arguments)
