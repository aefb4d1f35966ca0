"""A mail server that keeps what it is given."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


class MailServer(socketserver.ThreadingTCPServer):
    """As much of SMTP as a client needs that neither logs in nor encrypts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.received: list[EmailMessage] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class Conversation(socketserver.StreamRequestHandler):
    """One client's."""

    def handle(self) -> None:
        """Answer until it quits."""
        self.answer("220 ready")
        for line in self.rfile:
            command = line.strip().upper()
            if command == b"DATA":
                self.answer("354 go on")
                message = message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n")), policy=policy.default)
                cast(MailServer, self.server).received.append(message)
            self.answer("221 bye" if command == b"QUIT" else "250 ok")

    def answer(self, text: str) -> None:
        """Say a line."""
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server at a free port, until the end of the block."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
