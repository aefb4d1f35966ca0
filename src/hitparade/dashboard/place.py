"""What the pages of one process look at: charts, opened once, asked by one page at a time, and remembered.

An answer is remembered until the ledger says that a run has begun or ended; a sink tells no such thing, so it is asked
again after half a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from threading import RLock
from typing import Any, TypeVar

import streamlit as st

from hitparade.charts import Charts, LakeReader
from hitparade.workspace import Workspace

SINK_SECONDS = 30
ANSWERS_REMEMBERED = 1000
Answer = TypeVar("Answer")


class Place:
    """A lake or a sink, looked at."""

    def __init__(self, location: str, source: str | None) -> None:
        self.location = source or location
        self.lock = RLock()
        self.marked: Hashable = None
        self.answers: dict[tuple[Callable[..., Any], tuple[Hashable, ...]], Any] = {}
        self.ends = ExitStack()
        self.charts = self.ends.enter_context(Charts.open(location, source=source))

    @property
    def workspace(self) -> Workspace | None:
        """The workspace behind the charts; a sink has none."""
        return self.charts.source.ws if isinstance(self.charts.source, LakeReader) else None

    def mark(self) -> Hashable:
        """What changes when there may be something new."""
        with self.lock:
            if self.workspace is None:
                return int(time.monotonic() / SINK_SECONDS)
            latest = self.workspace.ledger.latest_run()
            # A run that died never ends; what it did until then shows after a minute.
            return latest and (latest.run, latest.ended_at, latest.heartbeat_at.replace(second=0, microsecond=0))

    def ask(self, question: Callable[..., Answer], *about: Hashable) -> Answer:
        """The answer to a question that is asked of the charts."""
        with self.lock:
            mark = self.mark()
            if mark != self.marked or len(self.answers) >= ANSWERS_REMEMBERED:
                self.answers.clear()
                self.marked = mark
            if (question, about) not in self.answers:
                self.answers[question, about] = question(self.charts, *about)
            answer: Answer = self.answers[question, about]
            return answer


@st.cache_resource(show_spinner="Opening the lake ...")
def opened(location: str, source: str | None) -> Place:
    """The place that this process looks at."""
    return Place(location, source)
