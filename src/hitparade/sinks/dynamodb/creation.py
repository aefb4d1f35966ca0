"""Making the tables that are missing, by however many processes at once, and seeing that the others are fit."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from hitparade import log
from hitparade.errors import ConfigError, StorageError
from hitparade.faults import point
from hitparade.sinks.dynamodb.calls import NOT_THERE, Expected, answered
from hitparade.sinks.dynamodb.tables import LETTERS, Keys, Table

POLL_SECONDS: Final = 0.5
READY_SECONDS: Final = 600.0
IN_USE: Final = frozenset({"ACTIVE", "UPDATING"})
QUICKER: Final = "ResourceInUseException"
UNKNOWN: Final = "UnknownOperationException"
NOT_YET: Final = "ContinuousBackupsUnavailableException"


def ensure(client: Any, tables: Iterable[Table], prefix: str) -> None:
    """Make tables that are missing, and wait until all can be written.

    A table that exists is left as it is: one with other keys is a ConfigError, an index that it lacks is said. The last
    table gets its history last: where it has none, earlier work was cut short, and all get theirs.
    """
    wanted = {f"{prefix}{table.name}": table for table in tables}
    last = list(wanted)[-1]
    there = {name: found for name in wanted if (found := description(client, name)) is not None}
    made = {name for name, table in wanted.items() if name not in there and made_now(client, name, table)}
    cut_short = last not in made and not keeps_history(client, last)
    for name, table in wanted.items():
        in_use = name in there and there[name]["TableStatus"] in IN_USE
        compare(name, table, there[name] if in_use else ready(client, name))
        if cut_short or name in made:
            keep_history(client, name)


def made_now(client: Any, name: str, table: Table) -> bool:
    """Create a table; False when another process was quicker."""
    indexes: list[Mapping[str, Any]] = [
        {"IndexName": index, "KeySchema": schema(keys), "Projection": {"ProjectionType": "ALL"}}
        for index, keys in table.indexes.items()
    ]
    some_indexes: dict[str, Any] = {"GlobalSecondaryIndexes": indexes} if indexes else {}
    try:
        answered(
            client.create_table,
            f"create table {name}",
            expect=(QUICKER,),
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=schema(table.keys),
            AttributeDefinitions=[
                {"AttributeName": attribute, "AttributeType": LETTERS[kind]}
                for attribute, kind in table.types().items()
            ],
            SSESpecification={"Enabled": True},
            **some_indexes,
        )
    except Expected:
        return False
    point("dynamodb.table_created")
    log.get_logger().info("publish.table", table=name)
    return True


def schema(keys: Keys) -> list[Mapping[str, str]]:
    """Keys as DynamoDB has them."""
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ("HASH", "RANGE"), strict=False)]


def description(client: Any, name: str) -> Mapping[str, Any] | None:
    """What a table is; None where there is none."""
    try:
        answer = answered(client.describe_table, f"look at table {name}", expect=(NOT_THERE,), TableName=name)
    except Expected:
        return None
    table: Mapping[str, Any] = answer["Table"]
    return table


def ready(client: Any, name: str) -> Mapping[str, Any]:
    """What a table is, once it and its indexes can be used."""
    until = time.monotonic() + READY_SECONDS
    while True:
        found = description(client, name) or {}
        parts = [found.get("TableStatus"), *(each["IndexStatus"] for each in found.get("GlobalSecondaryIndexes", ()))]
        if IN_USE.issuperset(parts):
            return found
        if time.monotonic() > until:
            raise StorageError(f"table {name} is not ready: {parts[0] or 'missing'}", hint="run again in a while")
        time.sleep(POLL_SECONDS)


def compare(name: str, table: Table, found: Mapping[str, Any]) -> None:
    """See that a table has the keys that are wanted, and say which indexes it lacks."""
    kinds = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    has, wants = keys_of(found, kinds), {key: LETTERS[kind] for key, kind in table.keys.items()}
    if list(has.items()) != list(wants.items()):
        raise ConfigError(
            f"table {name} exists with the keys {shown(has)}, and the sink needs {shown(wants)}",
            hint="give the sink a prefix, such as dynamodb:?prefix=hitparade_, or move that table away",
        )
    indexes = {each["IndexName"]: keys_of(each, kinds) for each in found.get("GlobalSecondaryIndexes", ())}
    for index, keys in table.indexes.items():
        if indexes.get(index) != {key: LETTERS[kind] for key, kind in keys.items()}:
            log.get_logger().warning("publish.index_missing", table=name, index=index, keys=list(keys))


def keys_of(found: Mapping[str, Any], kinds: Mapping[str, str]) -> Mapping[str, str]:
    """The keys of a table or index, the partition key first, and their types."""
    order = sorted(found["KeySchema"], key=lambda each: each["KeyType"] != "HASH")
    return {each["AttributeName"]: kinds[each["AttributeName"]] for each in order}


def shown(keys: Mapping[str, str]) -> str:
    """Keys for people."""
    return ", ".join(f"{name} ({kind})" for name, kind in keys.items())


def keeps_history(client: Any, name: str) -> bool:
    """Whether a table can be restored to a point in time; a server that knows no backups is let off."""
    try:
        answer = answered(
            client.describe_continuous_backups, f"look at table {name}", expect=(UNKNOWN, NOT_THERE), TableName=name
        )
    except Expected as error:
        return error.code == UNKNOWN
    found = answer["ContinuousBackupsDescription"].get("PointInTimeRecoveryDescription", {})
    return bool(found.get("PointInTimeRecoveryStatus") == "ENABLED")


def keep_history(client: Any, name: str) -> None:
    """Point-in-time recovery, for tables that were made here; a server that knows no backups is let off."""
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            answered(
                client.update_continuous_backups,
                f"turn on point-in-time recovery of {name}",
                expect=(UNKNOWN, NOT_YET),
                TableName=name,
                PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
            )
        except Expected as error:
            if error.code == UNKNOWN:
                log.get_logger().warning("publish.no_recovery", table=name)
                return
            if time.monotonic() > until:
                raise StorageError(f"table {name} takes no backups", hint="run again in a while") from error
            time.sleep(POLL_SECONDS)
        else:
            return
