"""A process's turn at the lake: its run number, its heartbeat, and patience with others.

Politeness only saves work. Safety rests on the ledger, which refuses the writes of a run once a later one exists.
"""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from hitparade import log
from hitparade.errors import Busy, HitParadeError
from hitparade.faults import point
from hitparade.ledger import Ledger
from hitparade.model import Run

BEAT_SECONDS = 5.0
SILENT_SECONDS = 30.0
POLL_SECONDS = 0.2
# load_ids of one run; the next run's begin above them, so none is ever given out twice.
LOAD_IDS_PER_RUN = 1_000_000_000


class Turn:
    """Takes a run number when there is something to do, and gives it back at the end."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        command: str,
        clock: Callable[[], datetime],
        wait_seconds: float,
        polite: bool,
    ) -> None:
        self.ledger = ledger
        self.command = command
        self.clock = clock
        self.wait_seconds = wait_seconds
        self.polite = polite
        self.run: int | None = None
        self._load_ids = itertools.count(1)
        self._stop = threading.Event()
        self._beating: threading.Thread | None = None

    def begin(self) -> bool:
        """Take a run number unless there is one already; True when it is new, so that the caller plans anew.

        Raises Busy when another process is still at work after `wait_seconds`.
        """
        if self.run is not None:
            return False
        if self.polite:
            self._wait()
        self.run = self.ledger.begin_run(command=self.command, host=this_process(), now=self.clock())
        self._load_ids = itertools.count(1)
        point("run.begun")
        log.bind_run(self.run)
        log.get_logger().debug("run.begin", command=self.command)
        if self.polite:
            self._stop = threading.Event()
            self._beating = threading.Thread(target=self._beat, args=(self.run, self._stop), daemon=True)
            self._beating.start()
        return True

    @property
    def number(self) -> int:
        """The run number that was taken."""
        if self.run is None:
            raise RuntimeError("no run was begun")
        return self.run

    def next_load_id(self) -> int:
        """A load_id that nobody ever had."""
        return self.number * LOAD_IDS_PER_RUN + next(self._load_ids)

    def end(self) -> None:
        """Give the run back, if one was taken."""
        if self.run is None:
            return
        self._stop.set()
        if self._beating is not None:
            self._beating.join()
        self.ledger.end_run(self.run, now=self.clock())
        point("run.ended")
        self.run = None
        log.unbind_run()

    def _wait(self) -> None:
        deadline = time.monotonic() + self.wait_seconds
        told = False
        while (other := self.at_work()) is not None:
            who = f"run {other.run} ({other.command}, {other.host}) since {other.started_at:%Y-%m-%d %H:%M:%S} UTC"
            if time.monotonic() >= deadline:
                raise Busy(f"another process is at work: {who}", hint="wait for it to end, then run again")
            if not told:
                log.get_logger().info("run.wait", at_work=who)
                told = True
            time.sleep(POLL_SECONDS)

    def at_work(self) -> Run | None:
        """The latest run, if its process still seems to be alive."""
        latest = self.ledger.latest_run()
        if latest is None or latest.ended_at is not None:
            return None
        silent = self.clock() - latest.heartbeat_at > timedelta(seconds=SILENT_SECONDS)
        return None if silent or is_dead(latest.host) else latest

    def _beat(self, run: int, stop: threading.Event) -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                self.ledger.beat(run, now=self.clock())
            except HitParadeError as error:
                log.get_logger().warning("run.heartbeat_failed", error=error.message)


def this_process() -> str:
    """Who this is, for others to see: host and process."""
    return f"{socket.gethostname()}/{os.getpid()}"


def is_dead(host: str) -> bool:
    """Whether a process on this very host is gone; of other hosts nobody can tell."""
    name, _, pid = host.partition("/")
    if name != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
