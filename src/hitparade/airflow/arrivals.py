"""Waiting for files: the provider's sensor, which looks for deliveries alone; or events of S3, if a queue has them.

Events come late, twice, in any order, for files that are gone, or never. So they only say when to look: a run that they
start lists the folder as any other does, reads no message, and ends as skipped when nothing lies there; and one an hour
starts without any.
How is Airflow's configuration, section `[hitparade]`: `arrival_queue`, `arrival_poll_seconds`,
`arrival_timeout_seconds`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

from airflow.configuration import conf
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.triggers.base import BaseTrigger, TriggerEvent

from hitparade.airflow.jobs import DEFERRABLE
from hitparade.airflow.system import System

DAY_SECONDS = 24 * 60 * 60


def on_arrival(documented: str) -> Any:
    """When a DAG runs: as documented, or by the events of `arrival_queue`, an SQS queue's URL, and every hour."""
    if not queue():
        return documented
    from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger
    from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher, CronTriggerTimetable

    events = MessageQueueTrigger(scheme="sqs", sqs_queue=queue(), max_messages=10, waiter_delay=poll_seconds())
    files = Asset(name="delivered_files", watchers=[AssetWatcher(name="s3_events", trigger=events)])
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable("@hourly", timezone="UTC"), assets=[files])


def queue() -> str:
    """The SQS queue of S3's events; nothing where there is none."""
    return str(conf.get("hitparade", "arrival_queue", fallback=""))


def poll_seconds() -> int:
    """How often to look."""
    return int(conf.getint("hitparade", "arrival_poll_seconds", fallback=60))


class DeliveryTrigger(BaseTrigger):  # type: ignore[misc]
    """Ends when a delivered file lies directly in a folder, or when it cannot look.

    Not the provider's: that is woken by whatever a wildcard finds, asks for each object again, and dies when one has
    gone meanwhile, as those do that are renamed when they are whole.
    """

    def __init__(self, bucket: str, prefix: str, poke_interval: float, aws_conn_id: str | None) -> None:
        super().__init__()
        self.bucket = bucket
        self.prefix = prefix
        self.poke_interval = poke_interval
        self.aws_conn_id = aws_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """How the triggerer makes it anew."""
        names = ("bucket", "prefix", "poke_interval", "aws_conn_id")
        return f"{type(self).__module__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, and look again."""
        try:
            async with await S3Hook(aws_conn_id=self.aws_conn_id).get_async_conn() as client:
                while True:
                    self.log.info("Looking for files in s3://%s/%s", self.bucket, self.prefix)
                    pages = client.get_paginator("list_objects_v2").paginate(**directly_in(self.bucket, self.prefix))
                    async for page in pages:
                        if has_delivery(page):
                            yield TriggerEvent({"status": "success"})
                            return
                    await asyncio.sleep(self.poke_interval)
        except Exception as error:
            yield TriggerEvent({"status": "error", "message": str(error)})


class Arrival(S3KeySensor):  # type: ignore[misc]
    """The provider's sensor, for deliveries in a folder: `bucket_key` is their prefix.

    It is skipped only when no file comes, not when the triggerer cannot look. Else a triggerer without rights would
    make one run after the other that ends well and tells nothing.
    """

    custom_operator_name = "S3KeySensor"

    def poke(self, context: Any) -> bool:  # noqa: ARG002 - what Airflow gives to a sensor
        """Whether a delivered file lies there."""
        self.log.info("Looking for files in s3://%s/%s", self.bucket_name, self.bucket_key)
        pages = self.hook.get_conn().get_paginator("list_objects_v2")
        return any(map(has_delivery, pages.paginate(**directly_in(self.bucket_name, self.bucket_key))))

    def _defer(self) -> None:
        trigger = DeliveryTrigger(self.bucket_name, self.bucket_key, self.poke_interval, self.aws_conn_id)
        self.defer(timeout=timedelta(seconds=self.timeout), trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Any, event: dict[str, Any]) -> None:  # noqa: ARG002 - and to one that goes on
        """StorageError for what the trigger could not do; Airflow skips a task for its own errors alone."""
        from hitparade.errors import StorageError

        if event["status"] == "error":
            place = f"s3://{self.bucket_name}/{self.bucket_key}"
            raise StorageError(f"the triggerer cannot look for files in {place}: {event['message']}")


def arrival(task_id: str, system: System, folder: str) -> S3KeySensor:
    """A task that waits for a delivered file directly in a folder, whose URL may have Variables in braces.

    It is skipped when none comes for long, and then the run ends; deferred or rescheduled, it holds no worker.
    Where events start the runs it looks once.
    """
    bucket, _, key = folder.removeprefix("s3://").partition("/")
    wait = 0 if queue() else conf.getint("hitparade", "arrival_timeout_seconds", fallback=DAY_SECONDS)
    return Arrival(
        task_id=task_id,
        bucket_name=system.templated(bucket),
        bucket_key=system.templated(f"{key}/"),
        deferrable=DEFERRABLE and not queue(),
        mode="reschedule",
        poke_interval=poll_seconds(),
        timeout=wait,
        soft_fail=True,
    )


def directly_in(bucket: str, prefix: str) -> dict[str, str]:
    """What to ask S3 for: the objects of a folder, and not those of folders in it."""
    return {"Bucket": bucket, "Prefix": prefix, "Delimiter": "/"}


def has_delivery(page: Mapping[str, Any]) -> bool:
    """Whether one of these objects is a delivered file, as `load` has it; one that is still on its way is none."""
    from hitparade.landing.discover import is_delivery

    names = (str(entry["Key"]).rpartition("/")[2] for entry in page.get("Contents", ()))
    return any(name and is_delivery(name) for name in names)
