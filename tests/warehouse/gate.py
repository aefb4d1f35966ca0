"""A way to PostgreSQL that shuts at a chosen message: what was said before is done, what comes after never is."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from hitparade.emulator.warehouse.protocol import Message, Wire, texts

How = Literal["before", "within", "unanswered"]
"""Whether the message is kept back, or half of it sent on, or all of it and the answer kept back."""
When = Callable[[Sequence[str]], bool]
NAME = ".s.PGSQL.5432"
COUNTED = b"QEdc"
"""A query, the execution of one, rows of a COPY, its end."""
COMMIT = "COMMIT"
ROWS = "rows"
LONGEST = 60.0


def never(told: Sequence[str]) -> bool:
    """At no message."""
    return False


def step(number: int) -> When:
    """At the message of this number, from 1."""
    return lambda told: len(told) == number


class Gate:
    """Sockets in a folder of its own; what is said through it is in `told`, each message by its SQL."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self.told: list[str] = []
        self.reached = threading.Event()
        self._server = server / NAME
        self._when: When = never
        self._how: How = "before"
        self._may_go = threading.Event()
        self._goes_on = False
        self._mute = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(folder / NAME))
        self._listening.listen()
        self._spawn(self._accept)

    def stop(self, when: When, how: How = "before") -> None:
        """Shut when what will have been said from now on, with the message in question at its end, is such."""
        self.told, self._when, self._how = [], when, how
        for event in (self.reached, self._may_go, self._mute):
            event.clear()

    def open(self) -> None:
        """Let everything through from now on."""
        self.stop(never)

    def go_on(self) -> None:
        """Let what is kept back go on."""
        self._goes_on = True
        self._may_go.set()

    def cut(self) -> None:
        """End what is kept back."""
        self._goes_on = False
        self._may_go.set()

    def close(self) -> None:
        """End everything."""
        self.cut()
        for each in (self._listening, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LONGEST)
        for each in (self._listening, *self._sockets):
            each.close()

    def _spawn(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return  # closed
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            self._sockets += [client, server]
            wires = Wire(client), Wire(server)
            self._spawn(self._forth, *wires)
            self._spawn(self._back, *wires)

    def _forth(self, client: Wire, server: Wire) -> None:
        with suppress(OSError):
            start = client.start()
            if start is not None:
                server.send(start)
                self._say(client, server)
        server.hang_up()
        client.close()

    def _say(self, client: Wire, server: Wire) -> None:
        """Send a client's messages on, as far as they may go."""
        known: dict[str, str] = {}
        sql = ""
        for message in client.messages():
            if message.kind == b"P":
                (name, sql), _ = texts(message.body, 2)
                known[name] = sql
            elif message.kind == b"B":
                (_, name), _ = texts(message.body, 2)
                sql = known[name]
            if message.kind in COUNTED:
                self.told.append(described(message, sql))
                if self._when(self.told) and not self._holds(message, server):
                    return
            server.send(message)

    def _holds(self, message: Message, server: Wire) -> bool:
        """Shut; whether the message goes on after that."""
        if self._how == "unanswered":
            self._mute.set()
            return True
        if self._how == "within":
            server.send(bytes(message)[: len(bytes(message)) // 2])
        self.reached.set()
        self._may_go.wait()
        return self._goes_on

    def _back(self, client: Wire, server: Wire) -> None:
        with suppress(OSError):
            for message in server.messages():
                if not self._mute.is_set():
                    client.send(message)
                elif message.kind == b"Z":
                    self.reached.set()
                    self._may_go.wait()
                    break
        client.hang_up()
        server.close()


def described(message: Message, sql: str) -> str:
    """A message as tests tell of it."""
    if message.kind == b"Q":
        return message.body.rstrip(b"\0").decode()
    return {b"E": sql, b"d": ROWS, b"c": "end of rows"}[message.kind]


@contextmanager
def gate_to(server: Path) -> Iterator[Gate]:
    """A gate to the PostgreSQL whose socket is in a folder."""
    with tempfile.TemporaryDirectory(prefix="hitparade-gate-") as folder:
        gate = Gate(Path(folder), server)
        try:
            yield gate
        finally:
            gate.close()
