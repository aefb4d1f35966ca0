"""Waiting for files: the provider's sensor, told which keys are deliveries.

How is Airflow's configuration, section `[hitparade]`: `arrival_poll_seconds`, `arrival_timeout_seconds`.
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


def arrival(task_id: str, system: System, folder: str) -> S3KeySensor:
    """A task that waits for a CSV file, packed or not, directly in a folder that may have Variables in braces.

    It is skipped when none comes for long, and then the run ends; deferred or rescheduled, it holds no worker.
    """
    return S3KeySensor(
        task_id=task_id,
        bucket_key=system.templated(f"{folder}/*.csv*"),
        wildcard_match=True,
        check_fn=partial(is_delivered, system, folder),
        deferrable=DEFERRABLE,
        mode="reschedule",
        poke_interval=conf.getint("hitparade", "arrival_poll_seconds", fallback=60),
        timeout=conf.getint("hitparade", "arrival_timeout_seconds", fallback=DAY_SECONDS),
        soft_fail=True,
    )


def is_delivered(system: System, folder: str, files: Sequence[Mapping[str, Any]], **_: Any) -> bool:
    """Whether one of these objects is a delivered file; one in a folder below, or still on its way, is none."""
    from hitparade.landing.discover import is_delivery
    from hitparade.storage.s3 import bucket_and_key, prefix_of

    prefix = bucket_and_key(prefix_of(system.filled(folder)))[1]
    names = [str(file["Key"]).removeprefix(prefix) for file in files]
    return any("/" not in name and is_delivery(name) for name in names)
