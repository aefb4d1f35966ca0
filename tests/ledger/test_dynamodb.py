"""The ledger on DynamoDB: crashes, lost answers, throttling, slow writers, size, and what it says when it cannot."""

from __future__ import annotations

import io
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError

from hitparade.errors import ConfigError, Fenced, LakeError, StorageError
from hitparade.ledger import open_ledger
from hitparade.ledger.dynamodb import commits
from hitparade.ledger.dynamodb.items import batched
from hitparade.ledger.dynamodb.ledger import DynamoLedger
from hitparade.model import NewDelivery
from tests.dynamodb import missing, new_table, reach
from tests.engines.staging import contract_with
from tests.ledger.records import MONDAY, TUESDAY, begun, computation, delivery, publication, record, touched
from tests.s3 import Server

DAYS = [MONDAY + timedelta(days=number) for number in range(150)]
MANY_DAYS = [date(2000, 1, 1) + timedelta(days=number) for number in range(5_000)]
STRICT = contract_with(max_rows=7)


@pytest.fixture
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A DynamoDB that this process finds: the stricter and quicker one where it can be had."""
    found: Server = request.getfixturevalue("dynamodb_moto" if missing() else "dynamodb_local")
    reach(found, monkeypatch)
    monkeypatch.setattr(commits, "HELP_AFTER_SECONDS", 0.0)
    return found


@contextmanager
def opened(url: str) -> Iterator[DynamoLedger]:
    """A ledger opened, like by a process of its own."""
    ledger = open_ledger(url)
    assert isinstance(ledger, DynamoLedger)
    try:
        ledger.prepare({})
        yield ledger
    finally:
        ledger.close()


def everything(ledger: DynamoLedger) -> dict[str, object]:
    """What the ledger answers, whatever it is asked."""
    known = delivery("a", content="one")
    return {
        "deliveries": ledger.deliveries(),
        "loaded": ledger.deliveries(status="loaded", dataset="streams"),
        "superseded": ledger.deliveries(status="superseded"),
        "seen": ledger.seen([(known.uri, known.size, known.etag)]),
        "contents": ledger.with_contents("streams", [known.sha256]),
        "names": ledger.in_effect_under("streams", [known.uri, "data/streams/b"]),
        "touching": ledger.touching(MONDAY),
        "touched": touched(ledger),
        "days": [ledger.days_of([seq]) for seq in range(1, 6)],
        "rows": ledger.rows_in_effect(DAYS),
        "load_ids": (ledger.load_ids("streams"), ledger.load_ids("streams", days=DAYS)),
        "counts": ledger.counts(),
        "contract": ledger.contract_text(STRICT.hash),
        "computations": sorted(ledger.computations(), key=lambda each: (each.kpi, each.listen_date)),
        "unpublished": len(ledger.unpublished("s", {"k": "t"})),
        "publications": len(ledger.publications("s")),
    }


def requests_of(ledger: DynamoLedger, work: Callable[[], object]) -> int:
    """How many requests something takes."""
    count = itertools.count()

    def counting(**_: Any) -> None:
        next(count)

    ledger.table.client.meta.events.register("before-call.dynamodb", counting)
    work()
    ledger.table.client.meta.events.unregister("before-call.dynamodb", counting)
    return next(count)


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


@contextmanager
def ledger_with_a_past() -> Iterator[tuple[str, DynamoLedger, int]]:
    """A new ledger with two deliveries, a computation and a publication; its URL, and its run."""
    url = f"dynamodb:{new_table()}"
    with opened(url) as ledger:
        run = begun(ledger)
        first = delivery("a", content="one", load_id=10_000_041, touched={MONDAY: 3, TUESDAY: 1})
        record(ledger, run, first, delivery("b", load_id=10_000_042, touched={MONDAY: 1}))
        ledger.record_computations(run, [computation("k", MONDAY, run=run)])
        ledger.record_publications(run, [publication("s", "t", MONDAY, run=run)])
        yield url, ledger, run


def correct(ledger: DynamoLedger, run: int) -> None:
    """Record a batch that supersedes, brings a contract and touches many days."""
    days = dict.fromkeys(DAYS, 2)
    new = delivery("a", content="two", load_id=10_000_043, supersedes=(1,), touched=days, contract=STRICT)
    record(ledger, run, new, delivery("c", load_id=10_000_044, touched={TUESDAY: 5}))


def compute(ledger: DynamoLedger, run: int) -> None:
    """Record many days of two KPIs, one of which was computed before."""
    ledger.record_computations(run, [computation(kpi, day, run=run, seq=9) for kpi in ("k", "l") for day in DAYS])


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


# -- size


def test_a_delivery_of_thousands_of_days_is_one_commit(server: Server) -> None:
    with ledger_with_a_past() as (_, ledger, run):
        new = delivery("long", touched=dict.fromkeys(MANY_DAYS, 2))

        requests = requests_of(ledger, lambda: record(ledger, run, new))

        assert requests < 400
        assert ledger.days_of([3]) == set(MANY_DAYS)
        assert ledger.load_ids("streams", days=MANY_DAYS) == {new.load_id: 3}
        assert set(ledger.rows_in_effect(MANY_DAYS).values()) == {2}
        assert touched(ledger) == {**dict.fromkeys(MANY_DAYS, 3), MONDAY: 2, TUESDAY: 1}
        (seq,) = record(ledger, run, delivery("short", supersedes=(3,), touched={MANY_DAYS[0]: 1}))
        assert list(ledger.load_ids("streams", days=MANY_DAYS).values()) == [seq]
        assert sum(ledger.rows_in_effect(MANY_DAYS).values()) == 1


def test_a_batch_of_five_hundred_files_is_one_commit(server: Server) -> None:
    with ledger_with_a_past() as (_, ledger, run):
        days = [dict.fromkeys(DAYS[number % 100 : number % 100 + 3], 1) for number in range(500)]
        new = [delivery(f"f{n}", content=f"c{n}", touched=touching) for n, touching in enumerate(days)]

        requests = requests_of(ledger, lambda: record(ledger, run, *new))

        assert requests < 300
        assert [each.seq for each in ledger.deliveries()] == list(range(502, 0, -1))
        assert len(ledger.touching(DAYS[50])) == 15
        assert len(ledger.seen([(each.uri, each.size, each.etag) for each in new])) == 500
        record(ledger, run, delivery("all", supersedes=tuple(range(1, 503)), touched=dict.fromkeys(DAYS, 0)))
        assert list(ledger.load_ids("streams").values()) == [503]
        assert set(ledger.rows_in_effect(DAYS).values()) == {0}


def test_work_costs_as_much_after_three_thousand_deliveries_as_after_a_hundred(server: Server) -> None:
    with ledger_with_a_past() as (_, ledger, run):
        new = [delivery(f"f{n}", content=f"c{n}", touched={DAYS[n % 100]: 1}) for n in range(3_000)]
        costs = []
        for some in (new[:100], new[100:]):
            for batch in batched(some, 500):
                record(ledger, run, *batch)
            costs.append(costs_of_work(ledger, run, known=some[-1]))

        assert costs[0] == costs[1]
        assert max(costs[1].values()) <= 12


def costs_of_work(ledger: DynamoLedger, run: int, *, known: NewDelivery) -> dict[str, int]:
    """The requests that each piece of a step's work takes."""
    new = delivery(f"after {known.uri}", content=f"after {known.sha256}", touched={MONDAY: 1})
    work: dict[str, Callable[[], object]] = {
        "seen": lambda: ledger.seen([(known.uri, known.size, known.etag)]),
        "contents": lambda: ledger.with_contents("streams", [known.sha256]),
        "names": lambda: ledger.in_effect_under("streams", [known.uri]),
        "newest": lambda: ledger.newest("streams"),
        "latest": lambda: ledger.deliveries(status="loaded", limit=50),
        "stale": lambda: ledger.stale({"k": "h", "l": "h"}),
        "touching": lambda: ledger.touching(DAYS[120]),
        "rows": lambda: ledger.rows_in_effect(DAYS[:30]),
        "load_ids": lambda: ledger.load_ids("streams", days=DAYS[:7]),
        "counts": ledger.counts,
        "record": lambda: record(ledger, run, new),
    }
    return {name: requests_of(ledger, each) for name, each in work.items()}


def test_a_name_that_comes_again_and_again_is_found(server: Server) -> None:
    with ledger_with_a_past() as (_, ledger, run):
        for number in range(12):
            before = [each.seq for each in ledger.in_effect_under("streams", ["data/streams/n"])]
            record(ledger, run, delivery("n", content=f"{number:02}", supersedes=tuple(before)))
        same = [delivery(f"m{number}", content="same") for number in range(5)]
        record(ledger, run, *same)

        assert [each.seq for each in ledger.in_effect_under("streams", ["data/streams/n"])] == [14]
        assert [each.seq for each in ledger.deliveries(status="superseded")] == list(range(13, 2, -1))
        assert [each.seq for each in ledger.with_contents("streams", [same[0].sha256])] == list(range(15, 20))
        again = delivery("n", content="11")
        identity = (again.uri, again.size, again.etag)
        record(ledger, run, again)
        assert ledger.seen([identity])[identity].seq == 20


def test_texts_longer_than_an_item_are_kept(server: Server) -> None:
    pattern = "".join(random.Random(1).choice("äöü🎵abcdefgh") for _ in range(300_000))
    contract = contract_with(name_pattern=None)
    contract = replace(contract, text=pattern, hash="f" * 64)
    with ledger_with_a_past() as (_, ledger, run):
        new = replace(delivery("z", contract=contract), reason="; ".join(f"column c{n} broke" for n in range(60_000)))
        record(ledger, run, new)

        assert ledger.contract_text("f" * 64) == pattern
        assert ledger.deliveries(limit=1)[0].reason == new.reason


def test_whatever_a_sink_and_its_tables_are_called(server: Server) -> None:
    with ledger_with_a_past() as (_, ledger, run):
        names = ["t", "t#", "t#2024-06", "t\U0001f3b5", "T"]
        taken = [publication("files:a#b~", name, MONDAY, run=run) for name in names]
        ledger.record_publications(run, taken)

        assert set(ledger.publications("files:a#b~")) == set(taken)
        assert not ledger.publications("files:a")
        assert not ledger.unpublished("files:a#b~", {"k": "t#"})
        assert len(ledger.unpublished("files:a#b~", {"k": "t#2024"})) == 1


# -- the table


def test_the_table_is_paid_by_request_encrypted_and_can_be_brought_back(
    dynamodb_moto: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(dynamodb_moto, monkeypatch)
    with ledger_with_a_past() as (_, ledger, _):
        name, client = ledger.table.name, ledger.table.client
        described = client.describe_table(TableName=name)["Table"]
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]

        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert described["SSEDescription"]["Status"] == "ENABLED"
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_table_of_somebody_else_is_no_ledger(server: Server) -> None:
    name = new_table()
    with opened(f"dynamodb://{new_table()}") as ledger:
        ledger.table.client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "track_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "track_id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    with pytest.raises(LakeError, match=name) as refusal, opened(f"dynamodb:{name}"):
        pass

    assert refusal.value.hint


@pytest.mark.parametrize("name", ["", "ab", "with space", "a" * 256, "eu-west-1/table"])
def test_a_name_that_no_table_can_have_is_a_mistake_in_the_settings(name: str) -> None:
    with pytest.raises(ConfigError, match="DynamoDB") as refusal:
        open_ledger(f"dynamodb:{name}")

    assert refusal.value.hint


def test_a_table_that_is_not_there_is_named(server: Server) -> None:
    name = new_table()
    ledger = open_ledger(f"dynamodb:{name}")

    with pytest.raises(ConfigError, match=name):
        ledger.latest_run()
    ledger.close()


def test_a_service_that_does_not_answer_may_answer_later(monkeypatch: pytest.MonkeyPatch) -> None:
    reach(Server("http://127.0.0.1:1"), monkeypatch)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    ledger = open_ledger("dynamodb:ledger")

    with pytest.raises(StorageError, match="ledger") as refusal:
        ledger.prepare({})

    assert refusal.value.hint
    ledger.close()


def test_missing_credentials_are_a_mistake_in_the_environment(
    dynamodb_moto: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reach(dynamodb_moto, monkeypatch)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    ledger = open_ledger("dynamodb:ledger")

    with pytest.raises(ConfigError, match="credentials"):
        ledger.prepare({})
    ledger.close()
