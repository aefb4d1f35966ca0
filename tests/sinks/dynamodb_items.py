"""Looking into DynamoDB's tables from outside, and making its answers go wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer

Item = dict[str, Any]


@contextmanager
def plain_client() -> Iterator[Any]:
    """A client that is nobody's but the test's; the default session would keep the keys of the first server."""
    client = boto3.Session().client("dynamodb")
    try:
        yield client
    finally:
        client.close()


def items(table: str) -> list[Item]:
    """Every item of a table, as Python has it."""
    read = TypeDeserializer().deserialize
    with plain_client() as client:
        pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
        return [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]


def by(name: str, table: str) -> Mapping[Any, Item]:
    """Every item of a table by an attribute that tells them apart."""
    return {item[name]: item for item in items(table)}


class Weather:
    """Makes some of a client's calls fail before they are sent: throttled, answered by an error, cut off."""

    def __init__(self, client: Any, *, share: float, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.share = share
        self.calls = 0
        self.failed = 0
        client.meta.events.register("before-send.dynamodb", self)

    def __call__(self, request: Any, **_: object) -> Any:
        from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

        self.calls += 1
        if self.random.random() >= self.share:
            return None
        self.failed += 1
        kind = self.random.choice(["throttled", "limited", "broken", "closed", "slow"])
        if kind == "closed":
            raise ConnectionClosedError(endpoint_url=request.url)
        if kind == "slow":
            raise ReadTimeoutError(endpoint_url=request.url)
        codes = {"throttled": "ProvisionedThroughputExceededException", "limited": "ThrottlingException"}
        return answer(request.url, 400 if kind in codes else 500, codes.get(kind, "InternalServerError"))


def answer(url: str, status: int, code: str) -> Any:
    """An error as the service sends it."""
    from botocore.awsrequest import AWSResponse

    body = f'{{"__type": "com.amazonaws.dynamodb#{code}", "message": "a test made it"}}'.encode()
    return AWSResponse(url, status, {"x-amzn-RequestId": "test"}, Raw(body))


class Raw:
    """The body of an answer."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.body


def before(client: Any, operation: str, number: int, do: Callable[[], object]) -> None:
    """Do something just before a client's so many-th call of an operation."""
    calls = iter(range(1, 1_000_000))

    def hook(**_: object) -> None:
        if next(calls) == number:
            do()

    client.meta.events.register(f"before-call.dynamodb.{operation}", hook)
