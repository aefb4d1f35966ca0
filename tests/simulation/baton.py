"""Workers that go on one at a time, and stop at fault points as a history says.

Each worker is a thread of its own, and whoever has the baton runs. At a point where it is cut it stands still, as a
process does that the system has not given time for a while, or it is killed: an exception that nobody catches unwinds
it, and whatever it still does on its way is nothing that lasts.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from typing import Any, Self
from unittest import mock

from hitparade import faults
from tests.simulation.history import Cut

# Whoever stands still here has a lock that the others would wait for.
LOCKED = frozenset({"ledger.written", "files.file_written", "storage.part_written", "dynamodb.table_created"})


class Killed(BaseException):
    """The end of a worker."""


class Part:
    """A worker's part of a scene."""

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.may, self.did = threading.Semaphore(0), threading.Semaphore(0)
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.done = self.doomed = False
        self.failure: BaseException | None = None
        self.cut: Cut | None = None

    def go_on(self) -> Cut | None:
        """Work until it is cut, or to its end; the cut, if there was one."""
        self.cut = None
        if self.thread.ident is None:
            self.thread.start()
        else:
            self.may.release()
        self.did.acquire()
        if self.done:
            self.thread.join()
        return self.cut

    def stand_still(self, cut: Cut) -> None:
        """Give the baton back, and wait for it."""
        self.cut = cut
        self.did.release()
        self.may.acquire()
        if self.doomed:
            raise Killed

    def die(self, cut: Cut) -> None:
        """End here."""
        self.cut = cut
        raise Killed

    def _live(self) -> None:
        PLAYING.part = self
        try:
            self.work()
        except Killed:
            pass
        except BaseException as failure:
            self.failure = failure
        self.done = True
        self.did.release()


class Playing(threading.local):
    """Whose thread this is."""

    part: Part | None = None


PLAYING = Playing()


class Cutting:
    """The cuts of a scene, each made once."""

    def __init__(self, cuts: Iterable[Cut]) -> None:
        self.waiting = list(cuts)
        self.times: Counter[str] = Counter()

    def passed(self, name: str) -> None:
        """A point is passed, and whoever passes it may be cut."""
        part = PLAYING.part
        if part is None or part.doomed:
            return
        self.times[name] += 1
        cut = next((cut for cut in self.waiting if cut.at == name and self.times[name] > cut.skip), None)
        if cut is None:
            return
        self.waiting.remove(cut)
        if cut.kill:
            part.die(cut)
        if name not in LOCKED:
            part.stand_still(cut)


def play(works: Iterable[Callable[[], None]], cuts: Iterable[Cut], between: Callable[[Cut], None]) -> None:
    """Let everyone work, cut as told, and raise the first failure.

    `between` is called at each cut, while all stand still.
    """
    parts, last, to = [Part(work) for work in works], -1, 0
    with faults.watched(Cutting(cuts).passed):
        try:
            while alive := [at for at, part in enumerate(parts) if not part.done]:
                others = [at for at in alive if at != last] or alive
                last = others[to % len(others)]
                part = parts[last]
                if (cut := part.go_on()) is not None:
                    between(cut)
                to = 0 if cut is None else cut.to
                if part.failure is not None:
                    raise part.failure
        finally:
            for part in parts:
                if not part.done and part.thread.ident is not None:
                    part.doomed = True
                    part.go_on()


class AtOnce:
    """An executor that does what it is given then and there, so that a worker has no threads beside its own."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], *given: Any, **named: Any) -> Future[Any]:
        """Do it."""
        future: Future[Any] = Future()
        try:
            future.set_result(work(*given, **named))
        except Exception as error:
            future.set_exception(error)
        return future

    def map(self, work: Callable[..., Any], *given: Iterable[Any]) -> Iterator[Any]:
        """Do it for each."""
        return iter(list(map(work, *given)))

    def shutdown(self, **_: object) -> None:
        """Nothing is left to do."""


def one_after_the_other(work: Callable[[Any, threading.Event], None], items: Iterable[Any]) -> None:
    """Do all items as DynamoDB's sink does, in this thread."""
    for item in items:
        work(item, threading.Event())


@contextmanager
def without_threads() -> Iterator[None]:
    """A worker's threads would run while it stands still, and make a history end in more than one way."""
    from pyiceberg.utils.concurrent import ExecutorFactory

    modules = ("hitparade.steps.load", "hitparade.steps.compute", "hitparade.steps.archive", "hitparade.storage.local")
    instead: dict[str, object] = {f"{module}.ThreadPoolExecutor": AtOnce for module in modules}
    instead["hitparade.sinks.dynamodb.sink.each"] = one_after_the_other
    with ExitStack() as patches:
        patches.enter_context(mock.patch.object(ExecutorFactory, "get_or_create", return_value=AtOnce()))
        for name, other in instead.items():
            patches.enter_context(mock.patch(name, other))
        yield
