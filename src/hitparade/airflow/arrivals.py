"""Waiting for files: the provider's sensor, told which keys are deliveries; or events of S3, if a queue has them.

Events come late, twice, in any order, for files that are gone, or never. So they only say when to look: a run that they
start lists the folder as any other does, reads no message, and ends as skipped when nothing lies there; and one an hour
starts without any.
How is Airflow's configuration, section `[hitparade]`: `arrival_queue`, `arrival_poll_seconds`,
`arrival_timeout_seconds`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from airflow.configuration import conf
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor

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


class Arrival(S3KeySensor):  # type: ignore[misc]
    """The provider's sensor; but it is skipped only when no file comes, not when the triggerer cannot look.

    Else a triggerer without rights would make one run after the other that ends well and tells nothing.
    """

    custom_operator_name = "S3KeySensor"

    def execute_complete(self, context: Any, event: dict[str, Any]) -> None:
        """StorageError for what the trigger could not do; Airflow skips a task for its own errors alone."""
        from hitparade.errors import StorageError

        if event["status"] == "error":
            place = f"s3://{self.bucket_name}/{self.bucket_key}"
            raise StorageError(f"the triggerer cannot look for {place}: {event['message']}")
        super().execute_complete(context, event)


def arrival(task_id: str, system: System, folder: str) -> S3KeySensor:
    """A task that waits for a CSV file, packed or not, directly in a folder that may have Variables in braces.

    It is skipped when none comes for long, and then the run ends; deferred or rescheduled, it holds no worker.
    Where events start the runs it looks once.
    """
    # The trigger takes no whole URL: it looks at what it has found in the bucket that it was given by name.
    bucket, _, key = folder.removeprefix("s3://").partition("/")
    wait = 0 if queue() else conf.getint("hitparade", "arrival_timeout_seconds", fallback=DAY_SECONDS)
    return Arrival(
        task_id=task_id,
        bucket_name=system.templated(bucket),
        bucket_key=system.templated(f"{key}/*.csv*"),
        wildcard_match=True,
        check_fn=partial(is_delivered, system, folder),
        deferrable=DEFERRABLE and not queue(),
        mode="reschedule",
        poke_interval=poll_seconds(),
        timeout=wait,
        soft_fail=True,
    )


def is_delivered(system: System, folder: str, files: Sequence[Mapping[str, Any]], **_: Any) -> bool:
    """Whether one of these objects is a delivered file; one in a folder below, or still on its way, is none."""
    from hitparade.landing.discover import is_delivery
    from hitparade.storage.s3 import bucket_and_key, prefix_of

    prefix = bucket_and_key(prefix_of(system.filled(folder)))[1]
    names = [str(file["Key"]).removeprefix(prefix) for file in files]
    return any("/" not in name and is_delivery(name) for name in names)
