"""Structured events, one for each thing that happened: for people on a terminal, JSON lines elsewhere."""

from __future__ import annotations

import io
import logging
import sys
from typing import Any, TextIO, cast

import structlog

SILENT = structlog.wrap_logger(
    structlog.ReturnLogger(), processors=[], wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
)
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class StandardError(io.TextIOBase):
    """Standard error as it is at each write: progress bars put something of their own in its place for a while."""

    def write(self, text: str) -> int:
        """Write."""
        return sys.stderr.write(text)

    def flush(self) -> None:
        """Flush."""
        sys.stderr.flush()

    def isatty(self) -> bool:
        """Whether a person may be looking."""
        return sys.stderr.isatty()


def set_up(*, level: str = "info", stream: TextIO | None = None) -> None:
    """Send events to a stream (standard error unless told otherwise), in the form that suits it."""
    target = stream or StandardError()
    human = target.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=True, pad_event_to=22)
        if human
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if human else "iso", utc=not human),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", target)),
        cache_logger_on_first_use=False,
    )
    # What the libraries say is theirs; their warnings reach people only where they matter here.
    for name in ("pyiceberg", "sqlglot"):
        logging.getLogger(name).setLevel(logging.ERROR)


def get_logger() -> structlog.stdlib.BoundLogger:
    """The logger; run_id is on every event once a run has been taken. Silent until a door has set logging up."""
    if not structlog.is_configured():
        return cast("structlog.stdlib.BoundLogger", SILENT)
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger())


def bind_run(run: int) -> None:
    """Put the run's number on every event from here on."""
    structlog.contextvars.bind_contextvars(run_id=run)


def unbind_run() -> None:
    """Take the run's number off again."""
    structlog.contextvars.unbind_contextvars("run_id")
