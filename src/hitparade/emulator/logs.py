"""What a run prints, in CloudWatch Logs while it runs: a group for each kind of output, a stream for each run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from moto.logs.models import LogGroup, LogsBackend, logs_backends

Output = Literal["output", "error"]
OUTPUTS: tuple[Output, ...] = ("output", "error")
moto_filter_log_events = LogGroup.filter_log_events
Page = tuple[list[dict[str, Any]], str | None, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class RunLog:
    """The two streams of a run, named for it, in the groups `<prefix>/output` and `<prefix>/error`."""

    account: str
    region: str
    prefix: str
    run_id: str

    def open(self) -> None:
        """Make groups and streams: whoever started the run may look for them at once."""
        for output in OUTPUTS:
            self._backend.ensure_log_group(self._group(output))
            self._backend.ensure_log_stream(self._group(output), self.run_id)

    def write(self, output: Output, lines: Sequence[str]) -> None:
        """Add lines, one event each. CloudWatch has no empty events, so empty lines are a blank."""
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line or " "} for line in lines]
        self._backend.ensure_log_group(self._group(output))  # somebody may have deleted it
        self._backend.ensure_log_stream(self._group(output), self.run_id)
        self._backend.put_log_events(self._group(output), self.run_id, events)

    @property
    def _backend(self) -> LogsBackend:
        return logs_backends[self.account][self.region]

    def _group(self, output: Output) -> str:
        return f"{self.prefix}/{output}"


def go_on_where_readers_stopped() -> None:
    """Follow every page of events by a token, as CloudWatch does: who asks with it later gets what came since.

    Airflow's operator reads a run's log so; without a token it begins anew each time. Doing this twice changes nothing.
    """
    setattr(LogGroup, "filter_log_events", filter_log_events)  # noqa: B010 - mypy knows it for a method


def filter_log_events(self: LogGroup, log_group_name: str, *given: Any, **named: Any) -> Page:
    """A page, and the token of the next, which may be empty."""
    events, token, streams = moto_filter_log_events(self, log_group_name, *given, **named)
    if events and token is None:
        token = f"{log_group_name}@{events[-1]['logStreamName']}@{events[-1]['eventId']}"
    return events, token, streams
