"""A worker: a process of the pipeline as far as anyone can tell, with a ledger, a catalog and an engine of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from unittest import mock

from hitparade import faults, pipeline
from hitparade.config import Settings
from hitparade.errors import Transient
from hitparade.lake.catalog import close_catalog
from hitparade.maintain import maintain
from hitparade.quarantine import Wish, discard, release
from hitparade.steps import archive, compute, load, publish
from hitparade.workspace import Workspace
from tests.simulation.baton import Killed
from tests.simulation.history import Step

WORK: Mapping[Step, Callable[[Workspace], object]] = {
    "load": pipeline.load,
    "compute": pipeline.compute,
    "publish": pipeline.publish,
    "archive": pipeline.archive,
    "run": pipeline.run,
    "maintain": maintain,
    "release": lambda ws: release(ws, Wish()),
    "discard": lambda ws: discard(ws, Wish()),
}


class Looked:
    """A part of a workspace, after each call to which a point is passed: what was seen may be old from then on."""

    def __init__(self, part: object, called: str) -> None:
        self._part, self._called = part, called

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._part, name)
        if not callable(found):
            return found

        def call(*given: object, **named: object) -> object:
            result = found(*given, **named)
            faults.point(f"{self._called}.{name}")
            return result

        return call


@contextmanager
def decisions_told() -> Iterator[None]:
    """A point is passed whenever a step has decided: between that and what it does, anything may happen."""
    with ExitStack() as patches:
        for step in (load, compute, publish, archive):
            patches.enter_context(mock.patch.object(step, "decide", told(step.decide, f"{step.__name__}.decided")))
        yield


def told(decide: Callable[..., Any], point: str) -> Callable[..., Any]:
    """A decision after which a point is passed."""

    def decided(*given: Any) -> Any:
        found = decide(*given)
        faults.point(point.rpartition("steps.")[2])
        return found

    return decided


class Worker:
    """Does steps as often as it is asked, each as a command of its own. Its engine is there for all of them."""

    def __init__(self, name: str, clock: Callable[[], datetime]) -> None:
        self.name = name
        self.clock = clock
        self.engine: Any = None
        self.scratch: Path | None = None
        self.ws: Workspace | None = None
        self.trouble: list[Transient] = []
        self.opened: Settings | None = None

    def open(self, settings: Settings) -> Workspace:
        """The workspace, opened unless it is, or was with other settings."""
        if self.opened is not settings:
            self.let_go()
        if self.ws is None:
            self.opened = settings
            ws = self.ws = Workspace(settings, command=self.name, clock=self.clock)
            parts: dict[str, Any] = ws.__dict__
            if self.engine is None:
                self.engine, self.scratch = ws.engine, ws.scratch
            ws.ledger = ws.turn.ledger = cast("Any", Looked(ws.ledger, "ledger"))
            parts.update(scratch=self.scratch, engine=Looked(self.engine, "engine"))
            parts["lake"] = Looked(ws.lake, "lake")
        return self.ws

    def do(self, steps: tuple[Step, ...], settings: Callable[[], Settings], *, polite: bool) -> None:
        """One command after the other, each with the settings of its time. Who is killed lets go of all it has."""
        try:
            for step in steps:
                ws = self.open(settings())
                ws.turn.polite = polite
                self.command(ws, step)
        except Killed:
            self.let_go()
            raise

    def command(self, ws: Workspace, step: Step) -> Any:
        """A step, and the end of its run. What may pass by itself is left for later."""
        try:
            outcome = WORK[step](ws)
            ws.turn.end()
            return outcome
        except Transient as error:
            self.trouble.append(error)
            ws.turn.end()
        return None

    def let_go(self) -> None:
        """Close what the workspace has open, and nothing else: a killed process ends no run and tidies nothing up."""
        if self.ws is None:
            return
        self.ws.turn._stop.set()
        close_catalog(self.ws.lake.catalog)
        for sink in self.ws.__dict__.get("sinks", ()):
            sink.close()
        self.ws.storage.close()
        self.ws.ledger.close()
        self.ws = None

    def close(self) -> None:
        """The end of everything."""
        self.let_go()
        if self.engine is not None:
            self.engine.close()
            shutil.rmtree(cast("Path", self.scratch), ignore_errors=True)
