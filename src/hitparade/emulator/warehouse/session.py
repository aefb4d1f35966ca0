"""A client's session: its SQL as PostgreSQL's, its COPY done, the rest as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from hitparade.emulator.warehouse.copying import INTERNAL, Copy, columns_of, encoded, files_of
from hitparade.emulator.warehouse.protocol import WITHIN, Message, Wire, query, text, texts
from hitparade.emulator.warehouse.refusals import UNSUPPORTED, Refused
from hitparade.emulator.warehouse.relay import Answered, Ended, Relay
from hitparade.emulator.warehouse.translate import Statement, translated
from hitparade.errors import HitParadeError
from hitparade.storage import Storage

WITHIN_TRANSACTION = "25001"
COMMITS = "TRUNCATE commits the transaction that it runs in, so the emulator takes it outside of one only: use DELETE"
ALONE = "the emulator takes COPY as the only statement of a request"


class Session:
    """A client and its PostgreSQL, both connected and let in."""

    def __init__(self, client: Wire, server: Wire, storage: Storage) -> None:
        self._client = client
        self._relay = Relay(client, server)
        self._storage = storage
        self._prepared: dict[str, Statement] = {}
        self._bound: dict[str, Statement] = {}
        self._skipping = False
        self._handlers: Mapping[bytes, Callable[[Message], None]] = {
            b"Q": self._query,
            b"P": self._parse,
            b"B": self._bind,
            b"E": self._execute,
            b"C": self._close,
        }

    def run(self) -> None:
        """Carry messages until either side ends."""
        try:
            with suppress(OSError, Ended):
                for message in self._client.messages():
                    self._take(message)
        finally:
            self._relay.close()

    def _take(self, message: Message) -> None:
        """One message of the client's. After a failure all of a batch is skipped, as PostgreSQL does."""
        if message.kind == b"S":
            self._skipping = False
        if not self._skipping:
            self._handlers.get(message.kind, self._relay.send)(message)

    def _query(self, message: Message) -> None:
        """SQL to run at once."""
        try:
            statements = translated(texts(message.body, 1)[0][0])
            if any(each.truncates for each in statements):
                self._refuse_within()
            if any(each.copy for each in statements[1:]):
                raise Refused(UNSUPPORTED, ALONE)
        except Refused as refused:
            self._relay.send(query(self._relay.refusal(refused)))
            return
        copy = statements[0].copy if statements else None
        if copy is None:
            self._relay.send(query("; ".join(each.sql for each in statements)))
            return
        self._relay.settle()
        self._copy(copy)
        self._client.send(Message(b"Z", self._relay.status))

    def _parse(self, message: Message) -> None:
        """SQL to prepare. What PostgreSQL has no statement for is prepared as nothing, and done when executed."""
        (name, sql), rest = texts(message.body, 2)
        self._prepared.pop(name, None)
        try:
            statements = translated(sql)
            if any(each.copy for each in statements[1:]):
                raise Refused(UNSUPPORTED, ALONE)
            sql = "; ".join(each.sql for each in statements)
            if len(statements) == 1:
                self._prepared[name] = statements[0]
        except Refused as refused:
            sql = self._relay.refusal(refused)
        self._relay.send(Message(b"P", text(name) + text(sql) + rest))

    def _bind(self, message: Message) -> None:
        """Values for what was prepared."""
        (portal, name), _ = texts(message.body, 2)
        self._bound.pop(portal, None)
        if name in self._prepared:
            self._bound[portal] = self._prepared[name]
        self._relay.send(message)

    def _execute(self, message: Message) -> None:
        """Run what was prepared."""
        statement = self._bound.get(texts(message.body, 1)[0][0])
        if statement is not None and statement.copy is not None:
            self._relay.settle()
            self._skipping = self._relay.failed or not self._copy(statement.copy)
            return
        try:
            if statement is not None and statement.truncates:
                self._refuse_within()
        except Refused as refused:
            message = Message(b"P", text("") + text(self._relay.refusal(refused)) + b"\0\0")
        self._relay.send(message)

    def _close(self, message: Message) -> None:
        """Forget what was prepared."""
        forgotten = self._prepared if message.body[:1] == b"S" else self._bound
        forgotten.pop(texts(message.body[1:], 1)[0][0], None)
        self._relay.send(message)

    def _refuse_within(self) -> None:
        """Refuse what would commit a transaction that the client may still want to take back."""
        self._relay.wait()
        if self._relay.status == WITHIN:
            raise Refused(WITHIN_TRANSACTION, COMMITS)

    def _copy(self, copy: Copy) -> bool:
        """Do a COPY within the client's transaction, and answer; whether it was done."""
        try:
            self._client.send(self._copied(copy))
        except Answered as answered:
            self._client.send(answered.answer)
            return False
        return True

    def _copied(self, copy: Copy) -> Message:
        """PostgreSQL's word that the files are in the table. Answered when they are not."""
        columns = columns_of(self._relay.ask(copy.columns))
        try:
            files = files_of(copy, self._storage)
        except Refused as refused:
            self._relay.fail(refused)
        except HitParadeError as failed:
            self._relay.fail(Refused(INTERNAL, f"S3ServiceException: {failed.message}"))
        pieces = encoded(files, columns, self._storage)
        return self._relay.copy_in(f"COPY {copy.table} FROM STDIN (FORMAT binary)", pieces)
