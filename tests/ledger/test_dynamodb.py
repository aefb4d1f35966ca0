"""The ledger on DynamoDB: of any size, under any name, and what it says when it cannot."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from hitparade.errors import ConfigError, LakeError, StorageError
from hitparade.ledger import open_ledger
from hitparade.ledger.dynamodb.items import batched
from hitparade.ledger.dynamodb.ledger import DynamoLedger
from hitparade.model import NewDelivery
from tests.dynamodb import new_table, reach
from tests.engines.staging import contract_with
from tests.ledger.on_dynamodb import (
    DAYS,
    ledger_with_a_past,
    opened,
    requests_of,
)
from tests.ledger.records import MONDAY, TUESDAY, delivery, publication, record, touched
from tests.s3 import Server

MANY_DAYS = [date(2000, 1, 1) + timedelta(days=number) for number in range(5_000)]


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
        "otherwise": lambda: ledger.computed_otherwise({"k": "h", "l": "h"}),
        "freshness": lambda: ledger.freshness({"k": "h"}),
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
