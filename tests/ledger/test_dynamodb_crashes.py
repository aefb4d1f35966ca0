"""The ledger on DynamoDB under crashes, lost answers, throttling, and several writers at once."""

from __future__ import annotations

import io
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError

from hitparade.errors import Fenced
from hitparade.ledger.dynamodb.ledger import DynamoLedger
from tests.ledger.on_dynamodb import (
    DAYS,
    STRICT,
    compute,
    correct,
    everything,
    ledger_with_a_past,
    opened,
)
from tests.ledger.records import MONDAY, TUESDAY, begun, delivery, record, touched
from tests.s3 import Server

# -- crashes


class Killed(BaseException):
    """The process is no more."""


def killed_before(ledger: DynamoLedger, request: int, work: Callable[[], object]) -> bool:
    """Whether something is killed before it sends its nth request."""
    sent = itertools.count(1)

    def killing(**_: Any) -> None:
        if next(sent) >= request:
            raise Killed

    ledger.table.client.meta.events.register("before-send.dynamodb", killing)
    try:
        work()
    except Killed:
        return True
    return False


@pytest.mark.parametrize("work", [correct, compute])
def test_a_crash_at_any_request_leaves_the_state_before_or_after(
    server: Server, work: Callable[[DynamoLedger, int], None]
) -> None:
    with ledger_with_a_past() as (_, ledger, run):
        before = everything(ledger)
        work(ledger, run)
        after = everything(ledger)
    happened = []
    for request in itertools.count(1):
        with ledger_with_a_past() as (url, ledger, run):
            if not killed_before(ledger, request, partial(work, ledger, run)):
                break
            with opened(url) as other:
                at_once, next_run, settled = everything(other), begun(other), everything(other)
                assert at_once in (before, settled)
                assert settled in (before, after)
                assert not list(other.table.query("wal"))
                with pytest.raises(Fenced):
                    work(other, run)
                if settled == before:
                    work(other, next_run)
                    assert (touched(other), other.counts()) == (after["touched"], after["counts"])
                happened.append(settled == after)
    # Until the head accepts, nothing has happened; from then on everything has.
    assert happened == sorted(happened)
    assert set(happened) == {False, True}


# -- lost answers, throttling


class Lost(ConnectionClosedError):  # type: ignore[misc]
    """The connection broke."""

    def __init__(self, **_: Any) -> None:
        super().__init__(endpoint_url="of the test")


def test_a_lost_answer_is_resolved_by_reading_back(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with ledger_with_a_past() as (_, ledger, run):
        lost: list[int] = []

        def losing(parsed: dict[str, Any], **_: Any) -> None:
            if not lost:
                lost.append(parsed["ResponseMetadata"]["HTTPStatusCode"])
                raise Lost

        # The first change of the head is the one by which it accepts the batch.
        ledger.table.client.meta.events.register("after-call.dynamodb.UpdateItem", losing)
        recorded = record(ledger, run, delivery("z", touched={MONDAY: 1}))

        assert lost == [200]
        assert recorded == (3,)
        assert [each.seq for each in ledger.deliveries()] == [3, 2, 1]
        assert not list(ledger.table.query("wal"))


def test_a_batch_that_never_arrived_is_tried_again(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with ledger_with_a_past() as (_, ledger, run):
        failures = iter([True])

        def failing(**_: Any) -> None:
            if next(failures, False):
                raise Lost

        ledger.table.client.meta.events.register("before-call.dynamodb.UpdateItem", failing)

        assert record(ledger, run, delivery("z")) == (3,)
        assert next(failures, None) is None


def test_nothing_is_lost_or_doubled_when_the_service_refuses_three_of_ten_requests(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    chance, refused = random.Random(7), itertools.count()
    codes = ("ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError")

    def refusing(request: Any, **_: Any) -> AWSResponse | None:
        if chance.random() >= 0.3:
            return None
        code = codes[next(refused) % len(codes)]
        body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "slow down"}).encode()
        return AWSResponse(request.url, 400, {}, Answer(body))

    with ledger_with_a_past() as (_, ledger, run):
        ledger.table.client.meta.events.register("before-send.dynamodb", refusing)
        correct(ledger, run)
        compute(ledger, run)
        for number in range(5):
            record(ledger, run, delivery(f"d{number}", touched={DAYS[number]: 1}))
        found = everything(ledger)
        ledger.table.client.meta.events.unregister("before-send.dynamodb", refusing)

        assert next(refused) > 30
        assert found == everything(ledger)
        assert [each.seq for each in ledger.deliveries()] == list(range(9, 0, -1))
        assert len(ledger.computations()) == 2 * len(DAYS)


class Answer(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


# -- several writers


def before_accepting(ledger: DynamoLedger, happens: Callable[[], object]) -> None:
    """Let something happen when a batch is planned and written down, but not yet accepted."""
    once = iter([True])

    def happening(**_: Any) -> None:
        if next(once, False):
            happens()

    ledger.table.client.meta.events.register("before-call.dynamodb.UpdateItem", happening)


def test_a_run_that_begins_before_a_batch_is_accepted_fences_it(server: Server) -> None:
    with ledger_with_a_past() as (url, ledger, run), opened(url) as other:
        before = everything(other)
        before_accepting(ledger, lambda: begun(other))

        with pytest.raises(Fenced):
            correct(ledger, run)

        assert everything(other) == before
        correct(other, run + 1)
        assert not list(other.table.query("wal", between=("0", f"{run + 1:016}")))


def test_a_run_that_begins_just_after_a_batch_is_accepted_counts_it(server: Server) -> None:
    with ledger_with_a_past() as (url, ledger, run), opened(url) as other:
        died = []

        def accept_and_die() -> None:
            died.append(killed_before(ledger, 5, lambda: record(ledger, run, delivery("z"))))

        before_accepting(other, accept_and_die)
        begun(other)

        assert died == [True]
        assert [each.name for each in other.deliveries()] == ["z", "b", "a"]


def test_a_batch_that_was_overtaken_is_planned_anew(server: Server) -> None:
    with ledger_with_a_past() as (url, ledger, run), opened(url) as other:
        before_accepting(ledger, lambda: record(other, run, delivery("o", touched={MONDAY: 100})))

        assert record(ledger, run, delivery("z", touched={MONDAY: 10})) == (4,)
        assert ledger.rows_in_effect([MONDAY]) == {MONDAY: 114}
        assert [each.name for each in ledger.deliveries()] == ["z", "o", "b", "a"]
        assert not list(ledger.table.query("wal"))


def test_a_writer_that_was_overtaken_overwrites_nothing(server: Server) -> None:
    with ledger_with_a_past() as (url, slow, run), opened(url) as quick, ThreadPoolExecutor(1) as pool:
        reached, go_on = threading.Event(), threading.Event()

        def pausing(**_: Any) -> None:
            if not reached.is_set():
                reached.set()
                go_on.wait(60)

        # Cells come after the facts, when the batch was accepted long ago.
        slow.table.client.meta.events.register("before-send.dynamodb.PutItem", pausing)
        writing = pool.submit(record, slow, run, delivery("s", touched={MONDAY: 10}))
        assert reached.wait(60)
        at_once = quick.rows_in_effect([MONDAY])
        record(quick, run, delivery("q", touched={MONDAY: 100}))
        record(quick, run, delivery("r", touched={MONDAY: 1_000}))
        go_on.set()

        assert writing.result() == (3,)
        assert at_once == {MONDAY: 4}
        assert quick.rows_in_effect([MONDAY]) == {MONDAY: 1_114}
        assert touched(quick)[MONDAY] == 5
        assert quick.counts()["streams", "loaded"][0] == 5


READS: dict[str, Callable[[DynamoLedger], object]] = {
    "deliveries": lambda ledger: ledger.deliveries(),
    "loaded": lambda ledger: ledger.deliveries(status="loaded"),
    "names": lambda ledger: ledger.in_effect_under("streams", ["data/streams/a"]),
    "contents": lambda ledger: ledger.with_contents("streams", ["one".ljust(64, "0"), "two".ljust(64, "0")]),
    "load_ids": lambda ledger: ledger.load_ids("streams"),
    "load_ids of days": lambda ledger: ledger.load_ids("streams", days=DAYS),
    "touching": lambda ledger: ledger.touching(TUESDAY),
    "rows": lambda ledger: ledger.rows_in_effect(DAYS),
    "stale": lambda ledger: set(ledger.stale({"k": "h" * 64})),
    "otherwise": lambda ledger: set(ledger.computed_otherwise({"k": "h" * 64})),
    "freshness": lambda ledger: ledger.freshness({"k": "h" * 64}),
    "counts": lambda ledger: ledger.counts(),
    "contract": lambda ledger: ledger.contract_text(STRICT.hash),
    "computations": lambda ledger: set(ledger.computations()),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS.keys())
@pytest.mark.parametrize("overtaking", [1, 2])
def test_a_reader_who_is_overtaken_sees_the_ledger_as_it_was_at_one_commit(
    server: Server, read: Callable[[DynamoLedger], object], overtaking: int
) -> None:
    with ledger_with_a_past() as (url, ledger, run), opened(url) as reader:
        steps = [partial(correct, ledger, run), partial(compute, ledger, run)]
        states = [read(reader)]

        def overtake(model: Any, **_: Any) -> None:
            if model.name != "GetItem" and len(states) == 1:  # the head is known by now
                for step in steps[:overtaking]:
                    step()
                    states.append(read(ledger))

        reader.table.client.meta.events.register("before-call.dynamodb", overtake)
        found = read(reader)

        assert len(states) == 1 + overtaking
        assert found == states[0]


def test_a_reader_who_is_overtaken_twice_in_one_place_begins_anew(server: Server) -> None:
    with ledger_with_a_past() as (url, ledger, run), opened(url) as reader:
        overtaken: list[bool] = []

        def overtake(model: Any, **_: Any) -> None:
            if model.name == "BatchGetItem" and not overtaken:
                overtaken.append(True)
                for name in "de":
                    record(ledger, run, delivery(name, touched={MONDAY: 10}))

        reader.table.client.meta.events.register("before-call.dynamodb", overtake)

        assert reader.rows_in_effect([MONDAY]) == {MONDAY: 24}
