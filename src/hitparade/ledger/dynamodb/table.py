"""The table: requests of any size, strongly consistent, repeated until the service has done all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from tenacity import Retrying, retry_if_exception, retry_if_result, stop_after_delay, wait_random_exponential

from hitparade.aws import code_of, explained, open_client
from hitparade.errors import LakeError, StorageError
from hitparade.faults import point
from hitparade.ledger.dynamodb.items import Item, Key, batched, item_at, key_of

A = TypeVar("A")
R = TypeVar("R")

KEYS_PER_READ = 100
ITEMS_PER_WRITE = 25
LANES = 8
PATIENCE_SECONDS = 120.0
WAIT = wait_random_exponential(multiplier=0.05, max=5)
REFUSED = "ConditionalCheckFailedException"
# The client has repeated these some times already; a table that grows may need longer.
PASSING = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "LimitExceededException"}
    | {"InternalServerError", "InternalFailure", "ServiceUnavailable", "TransactionConflictException"}
)
UNKNOWN = frozenset({"UnknownOperationException", "UnknownOperation"})


class Table:
    """One DynamoDB table keyed by pk and sk. May be shared by threads."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client = open_client("dynamodb")

    # -- the table itself

    def create(self) -> None:
        """Create the table when it is missing; several processes may do so at once."""
        with self._asked("create"):
            described = self._described()
            if described is None:
                self._make()
                point("ledger.table_created")
            if described is None or described["TableStatus"] != "ACTIVE":
                wait = {"Delay": 1, "MaxAttempts": int(PATIENCE_SECONDS)}
                self.client.get_waiter("table_exists").wait(TableName=self.name, WaiterConfig=wait)
                described = self._described() or {}
        keys = [(key["AttributeName"], key["KeyType"]) for key in described.get("KeySchema", [])]
        if keys != [("pk", "HASH"), ("sk", "RANGE")]:
            raise LakeError(f"ledger: the DynamoDB table {self.name} is none of hitparade", hint="choose another name")

    def protect(self) -> None:
        """Keep 35 days of the table's past, where the service can."""
        with self._asked("protect"):
            self._patiently(
                self.client.update_continuous_backups,
                {"ContinuousBackupsUnavailableException"} | PASSING,
                TableName=self.name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
                unless=UNKNOWN,
            )

    def _described(self) -> dict[str, Any] | None:
        found = self._patiently(
            self.client.describe_table, PASSING, TableName=self.name, unless={"ResourceNotFoundException"}
        )
        return None if found is None else dict(found["Table"])

    def _make(self) -> None:
        self._patiently(
            self.client.create_table,
            PASSING,
            TableName=self.name,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            BillingMode="PAY_PER_REQUEST",
            SSESpecification={"Enabled": True},
            unless={"ResourceInUseException"},
        )

    # -- reading

    def get(self, key: Key) -> Item | None:
        """An item, if it is there."""
        with self._asked("read"):
            answer = self._patiently(
                self.client.get_item, PASSING, TableName=self.name, Key=marked(item_at(key)), ConsistentRead=True
            )
        return plain(answer["Item"]) if "Item" in answer else None

    def fetch(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of the items that are there."""
        pieces = batched(list(dict.fromkeys(keys)), KEYS_PER_READ)
        return {key_of(item): item for some in side_by_side(self._fetch, list(pieces)) for item in some}

    def _fetch(self, keys: Sequence[Key]) -> list[Item]:
        found: list[Item] = []
        left = [{"Keys": [marked(item_at(key)) for key in keys], "ConsistentRead": True}]

        def ask() -> bool:
            answer = self._patiently(self.client.batch_get_item, PASSING, RequestItems={self.name: left[0]})
            found.extend(plain(item) for item in answer["Responses"].get(self.name, []))
            left[0] = answer.get("UnprocessedKeys", {}).get(self.name, {})
            return bool(left[0])

        with self._asked("read"):
            self._until_done(ask)
        return found

    def query(
        self, pk: str, *, between: tuple[str, str] | None = None, backward: bool = False, page: int | None = None
    ) -> Iterator[Item]:
        """Items of a partition in the order of their sk, read by pages: of at most so many items, or 1 MB."""
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk" + (" AND sk BETWEEN :low AND :high" if between else ""),
            "ExpressionAttributeValues": marked(
                {":pk": pk} | ({":low": between[0], ":high": between[1]} if between else {})
            ),
            "ScanIndexForward": not backward,
            "ConsistentRead": True,
        } | ({"Limit": page} if page else {})
        while True:
            with self._asked("read"):
                answer = self._patiently(self.client.query, PASSING, **request)
            yield from (plain(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    # -- writing

    def write(self, items: Iterable[Item]) -> None:
        """Write items whatever is there."""
        self._write([{"PutRequest": {"Item": marked(item)}} for item in items])

    def erase(self, keys: Iterable[Key]) -> None:
        """Take items away."""
        self._write([{"DeleteRequest": {"Key": marked(item_at(key))}} for key in keys])

    def _write(self, requests: Sequence[dict[str, Any]]) -> None:
        side_by_side(self._write_some, list(batched(requests, ITEMS_PER_WRITE)))

    def _write_some(self, requests: Sequence[dict[str, Any]]) -> None:
        left = [requests]

        def ask() -> bool:
            answer = self._patiently(self.client.batch_write_item, PASSING, RequestItems={self.name: left[0]})
            left[0] = answer.get("UnprocessedItems", {}).get(self.name, [])
            return bool(left[0])

        with self._asked("write"):
            self._until_done(ask)

    def replace(self, cells: Collection[Item]) -> None:
        """Write cells, but for those that a commit at least as late has written."""
        side_by_side(self._replace, list(cells))

    def _replace(self, cell: Item) -> None:
        with self._asked("write"):
            self._patiently(
                self.client.put_item,
                PASSING,
                TableName=self.name,
                Item=marked(cell),
                ConditionExpression="attribute_not_exists(n) OR n < :n",
                ExpressionAttributeValues=marked({":n": cell["n"]}),
                unless={REFUSED},
            )

    def change(self, key: Key, update: str, *, when: str, **values: str | int) -> bool:
        """Change an item on a condition; False where it does not hold. Both name attributes by #, values by :."""
        names = set(re.findall(r"#(\w+)", f"{update} {when}"))
        with self._asked("write"):
            answer = self._patiently(
                self.client.update_item,
                PASSING,
                TableName=self.name,
                Key=marked(item_at(key)),
                UpdateExpression=update,
                ConditionExpression=when,
                ExpressionAttributeNames={f"#{name}": name for name in names},
                ExpressionAttributeValues=marked({f":{name}": value for name, value in values.items()}),
                unless={REFUSED},
            )
        return answer is not None

    # -- asking

    def _asked(self, what: str) -> AbstractContextManager[None]:
        return explained(f"{what} the ledger, the DynamoDB table {self.name}")

    @staticmethod
    def _patiently(
        ask: Callable[..., Any], passing: Collection[str], *, unless: Collection[str] = (), **request: Any
    ) -> Any:
        """The service's answer, asked again while a refusal passes; None where it refuses by one of these codes."""
        from botocore.exceptions import ClientError

        def passes(error: BaseException) -> bool:
            return isinstance(error, ClientError) and code_of(error) in passing

        try:
            return Retrying(
                retry=retry_if_exception(passes), stop=stop_after_delay(PATIENCE_SECONDS), wait=WAIT, reraise=True
            )(ask, **request)
        except ClientError as error:
            if code_of(error) in unless:
                return None
            raise

    def _until_done(self, ask: Callable[[], bool]) -> None:
        """Ask until nothing is left over."""

        def tired(_: Any) -> None:
            raise StorageError(
                f"the DynamoDB table {self.name} leaves items unprocessed", hint="run again: nothing recorded was lost"
            )

        Retrying(
            retry=retry_if_result(bool), stop=stop_after_delay(PATIENCE_SECONDS), wait=WAIT, retry_error_callback=tired
        )(ask)

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()


def side_by_side(work: Callable[[A], R], arguments: Sequence[A]) -> list[R]:
    """Do the same to each, some at a time."""
    if len(arguments) < 2:
        return [work(each) for each in arguments]
    with ThreadPoolExecutor(min(LANES, len(arguments))) as pool:
        return list(pool.map(work, arguments))


def marked(item: Item) -> dict[str, dict[str, str]]:
    """An item as the service takes it, each value with its type."""
    return {name: {"S": value} if isinstance(value, str) else {"N": str(int(value))} for name, value in item.items()}


def plain(item: dict[str, dict[str, str]]) -> Item:
    """An item as the service gives it, without the types."""
    return {name: value["S"] if "S" in value else int(value["N"]) for name, value in item.items()}
