"""Calls of DynamoDB: each made until it is answered, and many in flight at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain, islice
from typing import Any, Final, TypeVar

from hitparade.aws import code_of, explained, open_client
from hitparade.errors import StorageError
from hitparade.sinks.dynamodb.tables import Table

HANDS: Final = 32
DEADLINE_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.25

Item = TypeVar("Item")


CONDITION: Final = "ConditionalCheckFailedException"
NOT_THERE: Final = "ResourceNotFoundException"
INVALID: Final = "ValidationException"


class Opened:
    """Some tables under a prefix, and a client for them that is there when it is first asked for."""

    def __init__(self, url: str, tables: Sequence[Table], *, prefix: str) -> None:
        self.url = url
        self.tables = tables
        self.prefix = prefix

    @cached_property
    def client(self) -> Any:
        """The client, shared by all threads."""
        return client_of()

    def close(self) -> None:
        """Let go of everything."""
        if "client" in self.__dict__:
            self.client.close()


class Expected(Exception):
    """A refusal that tells the caller something: its `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def client_of(hands: int = HANDS) -> Any:
    """A client for so many hands. It tries once: how often is decided here, where Ctrl-C can end the pauses."""
    return open_client("dynamodb", connections=hands, attempts=1)


def answered(
    call: Callable[..., Any],
    what: str,
    *,
    expect: tuple[str, ...] = (),
    stop: threading.Event | None = None,
    **arguments: Any,
) -> Mapping[str, Any]:
    """A call's answer. What passes (throttling, 5xx, a lost connection) is tried again for five minutes.

    Raises what `explained` does, StorageError when the time is up, and Expected for the codes in `expect`. `stop` ends
    it between two attempts.
    """
    import tenacity

    stopped = stop or threading.Event()
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(StorageError),
        wait=tenacity.wait_random_exponential(multiplier=0.05, max=PAUSE_SECONDS),
        stop=tenacity.stop_after_delay(DEADLINE_SECONDS) | tenacity.stop_when_event_set(stopped),
        sleep=tenacity.sleep_using_event(stopped),
        reraise=True,
    )
    answer: Mapping[str, Any] = attempts(partial(once, call, what, expect, arguments))
    return answer


def once(call: Callable[..., Any], what: str, expect: tuple[str, ...], arguments: Mapping[str, Any]) -> Any:
    """One attempt, whose refusals are errors of ours."""
    from botocore.exceptions import ClientError

    with explained(what):
        try:
            return call(**arguments)
        except ClientError as error:
            if code_of(error) in expect:
                raise Expected(code_of(error)) from error
            raise


def found(
    client: Any,
    what: str,
    table: str,
    key: Mapping[str, Mapping[str, Any]],
    *,
    index: str | None = None,
    begins: str | None = None,
    between: tuple[str, str, str] | None = None,
    expect: tuple[str, ...] = (),
) -> Iterator[Mapping[str, Any]]:
    """The items of a key, by Query: of a partition, or of a partition and sort key.

    `begins` is how the sort key of `hitparade_publications` begins; `between` names a sort key, the lowest and the
    highest text of it. An index answers a moment late, a table at once.
    """
    conditions = [f"#{number} = :{number}" for number, _ in enumerate(key)]
    names = {f"#{number}": name for number, name in enumerate(key)}
    values = {f":{number}": value for number, value in enumerate(key.values())}
    if begins is not None:
        conditions.append("begins_with(listen_date, :begins)")
        values[":begins"] = {"S": begins}
    if between is not None:
        conditions.append("#sort BETWEEN :low AND :high")
        names["#sort"], *ends = between
        values |= {name: {"S": end} for name, end in zip((":low", ":high"), ends, strict=True)}
    arguments: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": " AND ".join(conditions),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        **({"ConsistentRead": True} if index is None else {"IndexName": index}),
    }
    while True:
        page = answered(client.query, what, expect=expect, **arguments)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def each(work: Callable[[Item, threading.Event], None], items: Iterable[Item], *, hands: int = HANDS) -> None:
    """Do all items, so many at a time; they are taken from their iterator only when a hand is free.

    The first failure ends it and is raised. Ctrl-C ends it at once: the hands are daemons, and finish what they are at
    only while the process lasts.
    """
    waiting = iter(items)
    first = list(islice(waiting, hands))
    taken, stop = Taken(chain(first, waiting)), threading.Event()
    threads = [threading.Thread(target=hand, args=(work, taken, stop), daemon=True) for _ in first]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(POLL_SECONDS)
    finally:
        stop.set()
    if taken.failure is not None:
        raise taken.failure


class Taken(Iterator[Item]):
    """An iterator that many threads may take from, and the first failure of theirs."""

    def __init__(self, items: Iterable[Item]) -> None:
        self.items = iter(items)
        self.lock = threading.Lock()
        self.failure: BaseException | None = None

    def __next__(self) -> Item:
        with self.lock:
            return next(self.items)

    def failed(self, error: BaseException) -> None:
        """Note a failure, unless there was one before."""
        with self.lock:
            self.failure = self.failure or error


def hand(work: Callable[[Item, threading.Event], None], taken: Taken[Item], stop: threading.Event) -> None:
    """What a thread does: take an item, do it, until none is left or somebody has failed."""
    try:
        while not stop.is_set():
            work(next(taken), stop)
    except StopIteration:
        return
    except BaseException as error:
        taken.failed(error)
        stop.set()
