"""PostgreSQL's wire protocol, version 3: messages as they go over a socket.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

PROTOCOL = 196608
CANCEL = 80877102
SSL = 80877103
GSS = 80877104
LONGEST_START = 10_000
IDLE, WITHIN, FAILED = b"I", b"T", b"E"
"""What ReadyForQuery says: no transaction, one, one that has failed."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message: its kind, and what is in it."""

    kind: bytes
    body: bytes = b""

    def __bytes__(self) -> bytes:
        """As it goes over the wire."""
        return self.kind + struct.pack("!I", len(self.body) + 4) + self.body


@dataclass(frozen=True, slots=True)
class Start:
    """The first thing that a client says: what it wants, and for a session its parameters."""

    code: int
    body: bytes

    @property
    def parameters(self) -> Mapping[str, str]:
        """What a session is to be."""
        words = [word.decode(errors="replace") for word in self.body.split(b"\0")]
        return {name: value for name, value in zip(words[::2], words[1::2], strict=False) if name}

    def __bytes__(self) -> bytes:
        """As it goes over the wire."""
        return struct.pack("!II", len(self.body) + 8, self.code) + self.body


class Wire:
    """A socket that messages come from, and are sent to."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._reading: BinaryIO = connection.makefile("rb")

    def start(self) -> Start | None:
        """What a client says first; None when it says nothing, or nothing that could be meant."""
        head = self._reading.read(8)
        if len(head) < 8:
            return None
        length, code = struct.unpack("!II", head)
        return Start(code, self._reading.read(length - 8)) if 8 <= length <= LONGEST_START else None

    def messages(self) -> Iterator[Message]:
        """Messages as they come, until the other side ends."""
        while len(head := self._reading.read(5)) == 5:
            length = struct.unpack("!I", head[1:])[0] - 4
            body = self._reading.read(length)
            if len(body) < length:
                return
            yield Message(head[:1], body)

    def message(self) -> Message | None:
        """The next message; None when the other side has ended."""
        return next(self.messages(), None)

    def send(self, *messages: Message | Start | bytes) -> None:
        """Send messages, in one piece."""
        self._socket.sendall(b"".join(bytes(each) for each in messages))

    def hang_up(self) -> None:
        """End both ways, so that whoever reads or writes learns of it."""
        with suppress(OSError):  # it has ended already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, and let go of the socket; for who reads from it."""
        self.hang_up()
        self._reading.close()
        self._socket.close()


def start_of(parameters: Mapping[str, str]) -> Start:
    """The request for a session."""
    return Start(PROTOCOL, b"".join(text(word) for pair in parameters.items() for word in pair) + b"\0")


def text(value: str) -> bytes:
    """A string as messages have it."""
    return value.encode() + b"\0"


def texts(body: bytes, count: int) -> tuple[list[str], bytes]:
    """The strings that a body begins with, and the rest of it."""
    *words, rest = body.split(b"\0", count)
    return [word.decode() for word in words], rest


def query(sql: str) -> Message:
    """A request to run SQL."""
    return Message(b"Q", text(sql))


def error(code: str, message: str, *, severity: str = "ERROR") -> Message:
    """An ErrorResponse."""
    fields = {"S": severity, "V": severity, "C": code, "M": message}
    return Message(b"E", b"".join(name.encode() + text(value) for name, value in fields.items()) + b"\0")


def field(body: bytes, name: str) -> str:
    """A field of an ErrorResponse, such as M, its message."""
    for part in body.split(b"\0"):
        if part[:1] == name.encode():
            return part[1:].decode(errors="replace")
    return ""


def row(body: bytes) -> tuple[str | None, ...]:
    """The values of a DataRow, as text."""
    (count,) = struct.unpack_from("!H", body)
    values: list[str | None] = []
    place = 2
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, place)
        place += 4
        values.append(None if length < 0 else body[place : place + length].decode())
        place += max(length, 0)
    return tuple(values)
