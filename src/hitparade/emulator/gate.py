"""Who may come in, and when: requests of this machine's programs, and those that change something one at a time.

moto looks at a condition and then writes, so two writers at once could both be told that theirs held; the real services
compare and swap. And a save wants one moment of everything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

Environ = dict[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]
HERE = ("127.0.0.1", "localhost")
READING = ("Get", "List", "Describe", "BatchGet", "Query", "Scan", "Filter", "Receive")


class Gate:
    """An application behind a gate that counts what changes something, and can be closed."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False
        self.changes = 0
        """How many requests that may have changed something have come in."""

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if is_foreign(environ):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"this emulator answers programs of this machine, not pages of a browser\n"]
        if only_reads(environ):
            return self._application(environ, start_response)
        with self._let_in():
            return self._application(environ, start_response)

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Nothing changes within this block: those inside finish first, others wait."""
        with self._changed:
            self._changed.wait_for(lambda: not self._closed)
            self._closed = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._closed = False
                self._changed.notify_all()

    @contextmanager
    def _let_in(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._closed and self._inside == 0)
            self._inside += 1
            self.changes += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()


def is_foreign(environ: Environ) -> bool:
    """Whether a page of a browser asks. Jobs run programs, so no web site may start one behind its reader's back.

    A page says where it is from; one whose host's name was made to lead here still asks for that name.
    """
    host = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname or ""
    ours = host.startswith("127.") or any(host == name or host.endswith(f".{name}") for name in HERE)
    return "HTTP_ORIGIN" in environ or environ.get("HTTP_SEC_FETCH_SITE") == "cross-site" or not ours


def only_reads(environ: Environ) -> bool:
    """Whether a request changes nothing that is kept. One that waits for messages would keep a save waiting too."""
    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return environ["REQUEST_METHOD"] in {"GET", "HEAD"} or action.startswith(READING)
