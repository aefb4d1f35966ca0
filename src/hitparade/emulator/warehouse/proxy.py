"""The warehouse at its port: whoever knows the password has a session with PostgreSQL, in Redshift's SQL."""

from __future__ import annotations

import hmac
import socket
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hitparade.emulator.warehouse.cluster import PORT
from hitparade.emulator.warehouse.protocol import (
    CANCEL,
    GSS,
    PROTOCOL,
    SSL,
    Message,
    Start,
    Wire,
    error,
    start_of,
    texts,
)
from hitparade.emulator.warehouse.session import Session
from hitparade.storage import Storage

CLEAR_TEXT = b"\0\0\0\3"
LET_IN = b"\0\0\0\0"
NOT_LET_IN = "28000"  # Redshift's own; PostgreSQL's today is another
UNREACHABLE = "57P03"
NOT_UNDERSTOOD = "08P01"
# Drivers of Redshift tell more, which PostgreSQL would refuse.
TOLD_ON = ("user", "database", "application_name", "client_encoding", "options", "datestyle", "timezone")


@dataclass(frozen=True, slots=True)
class Gate:
    """Who is let in, and what there is behind."""

    folder: Path
    user: str
    password: str
    storage: Storage


class Server(socketserver.ThreadingTCPServer):
    """Sessions, each in threads of its own."""

    daemon_threads = True
    block_on_close = True

    def __init__(self, listening: socket.socket, gate: Gate) -> None:
        super().__init__(listening.getsockname(), Client, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.gate = gate
        self.wires: set[Wire] = set()
        self.lock = threading.Lock()


class Client(socketserver.BaseRequestHandler):
    """One that has connected."""

    server: Server

    def handle(self) -> None:
        """Let it in or say why not, and serve it until it leaves."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Wire(self.request)
        with self.server.lock:
            self.server.wires.add(client)
        try:
            with suppress(OSError):
                server = let_in(client, self.server.gate)
                if server is not None:
                    Session(client, server, self.server.gate.storage).run()
        finally:
            with self.server.lock:
                self.server.wires.discard(client)
            client.close()


@contextmanager
def served(listening: socket.socket, gate: Gate) -> Iterator[None]:
    """Let clients in until the end of the block."""
    with Server(listening, gate) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            with server.lock:
                for wire in server.wires:
                    wire.hang_up()


def let_in(client: Wire, gate: Gate) -> Wire | None:
    """The client's own connection to PostgreSQL; None when it is not to have one."""
    start = client.start()
    while start is not None and start.code in {SSL, GSS}:
        client.send(b"N")
        start = client.start()
    if start is None:
        return None
    if start.code == CANCEL:
        cancel(start, gate)
        return None
    refusal = refused(client, start, gate)
    if refusal is not None:
        client.send(refusal)
        return None
    return connected(client, start.parameters, gate)


def refused(client: Wire, start: Start, gate: Gate) -> Message | None:
    """Why a client is not let in, after it was asked for its password."""
    if start.code != PROTOCOL:
        return error(NOT_UNDERSTOOD, "this is not version 3 of the protocol", severity="FATAL")
    client.send(Message(b"R", CLEAR_TEXT))
    answer = client.message()
    if answer is None or answer.kind != b"p":
        return error(NOT_UNDERSTOOD, "no password was given", severity="FATAL")
    user, password = start.parameters.get("user", ""), texts(answer.body, 1)[0][0]
    right = hmac.compare_digest(password.encode(), gate.password.encode())
    if user == gate.user and right:
        return None
    return error(NOT_LET_IN, f'password authentication failed for user "{user}"', severity="FATAL")


def connected(client: Wire, parameters: Mapping[str, str], gate: Gate) -> Wire | None:
    """A connection to PostgreSQL as the client wants it; its answers from there on are the client's."""
    server = reached(gate)
    if server is None:
        client.send(error(UNREACHABLE, "the PostgreSQL behind the warehouse has ended", severity="FATAL"))
        return None
    server.send(start_of({name: value for name, value in parameters.items() if name.lower() in TOLD_ON}))
    return server


def reached(gate: Gate) -> Wire | None:
    """PostgreSQL at its socket, if it is there."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(gate.folder / f".s.PGSQL.{PORT}"))
    except OSError:
        connection.close()
        return None
    return Wire(connection)


def cancel(start: Start, gate: Gate) -> None:
    """Pass a request to cancel on; it is never answered."""
    server = reached(gate)
    if server is not None:
        server.send(start)
        server.close()
