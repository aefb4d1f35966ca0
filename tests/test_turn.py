"""Turns: run numbers, patience with others, and who is not waited for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hitparade import turn
from hitparade.errors import Busy, StorageError
from hitparade.ledger import Ledger, open_ledger
from hitparade.turn import SILENT_SECONDS, Turn, is_dead, this_process
from tests.together import until

START = datetime(2024, 7, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    ledger.prepare({})
    yield ledger
    ledger.close()


@pytest.fixture
def taken(ledger: Ledger, clock: Clock) -> Iterator[Callable[..., Turn]]:
    """Makes turns at one ledger, and ends them."""
    turns: list[Turn] = []

    def take(command: str = "run", *, wait_seconds: float = 0.0, polite: bool = True) -> Turn:
        turns.append(Turn(ledger, command=command, clock=clock, wait_seconds=wait_seconds, polite=polite))
        return turns[-1]

    yield take
    for each in turns:
        each.end()


def gone_process() -> str:
    """The name of a process of this host that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{socket.gethostname()}/{process.pid}"


def test_a_run_is_taken_once_and_given_back(ledger: Ledger, taken: Callable[..., Turn]) -> None:
    mine = taken("load")

    assert (mine.begin(), mine.begin()) == (True, False)
    at_work = ledger.latest_run()
    assert at_work is not None
    assert (at_work.run, at_work.command, at_work.host, at_work.ended_at) == (1, "load", this_process(), None)
    assert mine.number == 1

    mine.end()
    mine.end()
    ended = ledger.latest_run()
    assert ended is not None
    assert ended.ended_at == START
    with pytest.raises(RuntimeError):
        _ = mine.number


def test_a_turn_that_is_never_begun_leaves_no_run(ledger: Ledger, taken: Callable[..., Turn]) -> None:
    taken().end()

    assert ledger.latest_run() is None


def test_load_ids_never_repeat_within_or_over_runs(taken: Callable[..., Turn]) -> None:
    ids = []
    for _ in range(3):
        mine = taken()
        mine.begin()
        ids += [mine.next_load_id() for _ in range(100)]
        mine.end()
        mine.begin()
        ids += [mine.next_load_id() for _ in range(100)]
        mine.end()

    assert ids == sorted(set(ids))
    assert max(ids) < 2**63


def test_who_is_at_work_is_named_after_the_wait(taken: Callable[..., Turn]) -> None:
    taken("compute").begin()
    began = time.monotonic()

    with pytest.raises(Busy) as refusal:
        taken(wait_seconds=0.5).begin()

    assert 0.5 <= time.monotonic() - began < 5
    assert "run 1" in refusal.value.message
    assert "compute" in refusal.value.message
    assert this_process() in refusal.value.message
    assert "2024-07-01 12:00:00 UTC" in refusal.value.message
    assert refusal.value.hint


def test_a_turn_begins_when_the_other_ends(taken: Callable[..., Turn]) -> None:
    first, second = taken(), taken(wait_seconds=30)
    first.begin()
    ending = threading.Timer(0.3, first.end)
    ending.start()

    second.begin()

    ending.join()
    assert second.number == 2


def test_the_impolite_wait_for_nobody(taken: Callable[..., Turn]) -> None:
    taken().begin()
    second = taken(polite=False)

    assert second.begin()
    assert second.number == 2


def test_a_process_of_this_host_that_is_gone_is_not_waited_for(ledger: Ledger, taken: Callable[..., Turn]) -> None:
    ledger.begin_run(command="run", host=gone_process(), now=START)

    assert taken().begin()


def test_a_process_that_fell_silent_is_not_waited_for(ledger: Ledger, clock: Clock, taken: Callable[..., Turn]) -> None:
    ledger.begin_run(command="run", host="elsewhere/1", now=START)
    clock.now = START + timedelta(seconds=SILENT_SECONDS)
    with pytest.raises(Busy):
        taken().begin()

    clock.now += timedelta(seconds=0.001)

    assert taken().begin()


def test_a_heartbeat_keeps_others_waiting(
    ledger: Ledger, clock: Clock, taken: Callable[..., Turn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "BEAT_SECONDS", 0.01)
    taken().begin()
    clock.now = START + timedelta(hours=1)

    assert until(lambda: heartbeat(ledger) == clock.now)
    with pytest.raises(Busy):
        taken().begin()


def heartbeat(ledger: Ledger) -> datetime:
    run = ledger.latest_run()
    assert run is not None
    return run.heartbeat_at


def test_a_heartbeat_outlives_a_ledger_that_does_not_answer(
    ledger: Ledger, clock: Clock, taken: Callable[..., Turn], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "BEAT_SECONDS", 0.01)
    beat, failures = ledger.beat, iter(range(3))

    def failing_at_first(run: int, *, now: datetime) -> None:
        if next(failures, None) is not None:
            raise StorageError("the network is down")
        beat(run, now=now)

    monkeypatch.setattr(ledger, "beat", failing_at_first)
    taken().begin()
    clock.now = START + timedelta(minutes=1)

    assert until(lambda: heartbeat(ledger) == clock.now)


def test_no_heart_beats_after_the_end(ledger: Ledger, taken: Callable[..., Turn]) -> None:
    before = threading.active_count()
    mine = taken()
    mine.begin()
    assert threading.active_count() == before + 1

    mine.end()

    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("host", "dead"),
    [
        (this_process(), False),
        (f"{socket.gethostname()}/{os.getppid()}", False),
        ("elsewhere/1", False),
        ("elsewhere/999999999", False),
        (socket.gethostname(), False),
        (f"{socket.gethostname()}/none", False),
    ],
    ids=["this process", "its parent", "one elsewhere", "another elsewhere", "no process", "not a number"],
)
def test_only_what_is_surely_gone_is_dead(host: str, dead: bool) -> None:
    assert is_dead(host) is dead
    assert is_dead(gone_process())
