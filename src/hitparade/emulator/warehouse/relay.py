"""The way between a client and its PostgreSQL, and what is said there besides by ourselves.

PostgreSQL's answers are carried back by a thread. What we ask ourselves is asked between two of the client's messages,
when nothing is on its way; answers are ours until it is done. A refusal of ours is sent on as a word that PostgreSQL
refuses too, so that the transaction fails with it, and its complaint is exchanged on the way back.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NoReturn

from hitparade.emulator.warehouse.protocol import IDLE, Message, Wire, error, field, query, row, text, texts
from hitparade.emulator.warehouse.refusals import Refused

VERSION = "8.0.2"
"""The server_version that Redshift tells."""
WORD = "hitparade_refused_"


class Ended(Exception):
    """PostgreSQL has gone."""


class Answered(Exception):
    """What was asked for a client was refused, and the answer is the client's."""

    def __init__(self, answer: Message) -> None:
        super().__init__(field(answer.body, "M"))
        self.answer = answer


class Relay:
    """A client and its PostgreSQL, both let in. One thread talks to it."""

    def __init__(self, client: Wire, server: Wire) -> None:
        self.client = client
        self._server = server
        self._changed = threading.Condition()
        self._ours: deque[bool] = deque([False])  # whose each ReadyForQuery will be; the first is the client's
        self._answers: queue.Queue[Message | None] | None = None
        self._refusals: dict[str, Message] = {}
        self._ended = False
        self.status = IDLE
        """How PostgreSQL's transaction stood at last."""
        self.failed = False
        """Whether something has failed since the client's last ReadyForQuery, so that PostgreSQL skips the rest."""
        self._back = threading.Thread(target=self._carry_back, daemon=True)
        self._back.start()

    def close(self) -> None:
        """End both ways."""
        with suppress(OSError):
            self._server.send(Message(b"X"))
        self.client.hang_up()
        self._server.hang_up()
        self._back.join()
        self._server.close()

    def send(self, message: Message) -> None:
        """Send a message of the client's on."""
        if message.kind in b"SQF":
            self._expect(ours=False)
        self._server.send(message)

    def refusal(self, refused: Refused) -> str:
        """The word to send on in place of what is refused."""
        word = f"{WORD}{len(self._refusals)}_"
        self._refusals[word] = error(refused.code, refused.message)
        return word

    # -- between two messages of the client's

    def settle(self) -> None:
        """Wait until all that the client said so far is done."""
        self._expect(ours=True)
        self._server.send(Message(b"S"))
        self.wait()

    def wait(self) -> None:
        """Wait until all that was asked is answered."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or not self._ours)
            if self._ended:
                raise Ended

    def ask(self, sql: str) -> list[tuple[str | None, ...]]:
        """The rows of a query of ours, once settled. Answered when it is refused."""
        answers = self._asked(query(sql))
        return [row(message.body) for message in self._until_ready(answers) if message.kind == b"D"]

    def fail(self, refused: Refused) -> NoReturn:
        """Let what the client is at fail with a refusal, once settled: Answered."""
        self.ask(self.refusal(refused))
        raise Answered(error(refused.code, refused.message))

    def copy_in(self, sql: str, pieces: Iterable[bytes]) -> Message:
        """Send what a COPY FROM STDIN of ours copies; PostgreSQL's CommandComplete. Answered when it is refused."""
        answers = self._asked(query(sql))
        first = self._next(answers)
        if first.kind == b"E":
            self._ready(answers)
            raise Answered(first)
        try:
            for piece in pieces:
                self._server.send(Message(b"d", piece))
        except Refused as refused:
            self._server.send(Message(b"f", text(refused.message)))
            with suppress(Answered):
                self._ready(answers)
            raise Answered(error(refused.code, refused.message)) from refused
        self._server.send(Message(b"c"))
        return self._ready(answers)

    def _asked(self, message: Message) -> queue.Queue[Message | None]:
        answers: queue.Queue[Message | None] = queue.Queue()
        with self._changed:
            if self._ended:
                raise Ended
            self._answers = answers
            self._ours.append(True)
        self._server.send(message)
        return answers

    def _next(self, answers: queue.Queue[Message | None]) -> Message:
        while (message := answers.get()) is not None:
            if message.kind not in b"NSA":  # what may come at any time
                return message
        raise Ended

    def _until_ready(self, answers: queue.Queue[Message | None]) -> Iterator[Message]:
        """Answers up to ReadyForQuery. Answered, at the end, when one of them was an error."""
        refused = None
        while (message := self._next(answers)).kind != b"Z":
            refused = message if message.kind == b"E" else refused
            yield message
        with self._changed:
            self._answers = None
        if refused is not None:
            raise Answered(refused)

    def _ready(self, answers: queue.Queue[Message | None]) -> Message:
        """The last answer before ReadyForQuery."""
        return list(self._until_ready(answers))[-1]

    def _expect(self, *, ours: bool) -> None:
        with self._changed:
            self._ours.append(ours)

    # -- from PostgreSQL

    def _carry_back(self) -> None:
        with suppress(OSError):
            for message in self._server.messages():
                self._answer(self._exchanged(message))
        with self._changed:
            self._ended = True
            if self._answers is not None:
                self._answers.put(None)
            self._changed.notify_all()
        self.client.hang_up()

    def _exchanged(self, message: Message) -> Message:
        """A message as Redshift would have written it."""
        if message.kind == b"E":
            complaint = field(message.body, "M")
            if WORD in complaint:
                word = f"{WORD}{complaint.partition(WORD)[2].partition('_')[0]}_"
                return self._refusals.pop(word, message)
        if message.kind == b"S" and texts(message.body, 1)[0] == ["server_version"]:
            return Message(b"S", text("server_version") + text(VERSION))
        return message

    def _answer(self, message: Message) -> None:
        """Give an answer to whom it is for: us while we ask, else the client."""
        with self._changed:
            answers = self._answers
            if message.kind == b"Z":
                ours = self._ours.popleft()
                self.status = message.body
                self.failed = self.failed and ours
                self._changed.notify_all()
                if ours and answers is None:
                    return  # the end of what was settled
            elif message.kind == b"E" and answers is None:
                self.failed = True
            if answers is not None:
                answers.put(message)
                return
        self.client.send(message)
