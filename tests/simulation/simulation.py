"""A history, lived through: events on a real workspace, then everything caught up, and all of it compared."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from hitparade.pipeline import Outcome
from tests.simulation import own
from tests.simulation.baton import play, without_threads
from tests.simulation.compare import compare
from tests.simulation.delivered import Drop
from tests.simulation.history import (
    Again,
    Contract,
    Cut,
    Deliver,
    Drawing,
    Event,
    History,
    OwnKpi,
    Replace,
    SecondSink,
    Step,
    Terms,
    Together,
    smaller,
)
from tests.simulation.place import FIRST, SECOND, Place, a_place
from tests.simulation.remembered import remembered
from tests.simulation.served import Files, Served
from tests.simulation.workers import Worker, decisions_told

ROUNDS = 8
TRIES = 150
TERMS: Mapping[Terms, Mapping[str, Any]] = {
    "usual": {"validation": {"on_error": "reject_rows", "max_rejected_ratio": 0.5}},
    "supersede": {"on_redelivery": "supersede", "validation": {"on_error": "reject_rows", "max_rejected_ratio": 0.5}},
    "strict": {"validation": {"on_error": "quarantine"}},
    "short": {"max_rows": 3, "validation": {"on_error": "reject_rows"}},
    "fail": {"validation": {"on_error": "fail"}},
}


class Different(AssertionError):
    """What is there is not what was delivered."""


@dataclass
class Clock:
    """A time that goes on only when it is told to."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


class Simulation:
    """A place and its workers, for one history after the other."""

    def __init__(self, place: Place, elsewhere: Sequence[Served] = ()) -> None:
        self.place = place
        self.elsewhere = elsewhere
        self.points = tuple(point for sink in elsewhere for point in sink.points)
        self.clock = Clock()
        self.workers = [Worker(f"worker {number}", self.clock) for number in range(4)]
        self.begin()

    def begin(self) -> None:
        """Forget the history before."""
        for worker in self.workers:
            worker.let_go()
        self.place.renew()
        for sink in self.elsewhere:
            sink.renew()
        self.clock.now = datetime.now(UTC)
        self.drops: list[Drop] = []
        self.manifests: list[Mapping[str, Any]] = []
        self.sinks = self.sinks_of(FIRST)
        self.times = count(1)
        self.write_kpi(0)
        for dataset in ("streams", "songs", "users"):
            self.manifests.append(json.loads((self.place.shop.root / "data" / dataset / "manifest.json").read_text()))

    def drawn(self, seed: int) -> History:
        """The history of a seed, as it is drawn for these sinks."""
        return Drawing(seed, self.points).history()

    def live(self, history: History) -> None:
        """Live through a history, and raise Different unless it ends as it must."""
        self.begin()
        self.write_kpi(history.own_kpi)
        self.contract(history.terms)
        with self.place.of(history.kpis):
            for event in history.events:
                self.happen(event)
            self.catch_up()
            if history.maintained:
                self.maintain()
            if problems := compare(self):
                raise Different("\n".join(problems))

    # -- events

    def happen(self, event: Event) -> None:
        """Anything."""
        match event:
            case Deliver():
                self.deliver(event.dataset, event.name, event.content)
            case Again() if self.drops:
                drop = self.drops[event.which % len(self.drops)]
                self.deliver(drop.dataset, event.name or drop.name, drop.content)
            case Replace():
                self.replace(event)
            case Contract():
                self.contract(event.terms)
            case OwnKpi():
                self.write_kpi(event.version)
            case SecondSink():
                self.sinks = self.sinks_of(FIRST, SECOND)
                self.change_settings()
            case Together():
                self.together(event)

    def deliver(self, dataset: str, name: str, content: bytes) -> None:
        """A file appears, as a whole, after all that came before."""
        path = self.place.shop.root / "data" / dataset / name
        for drop in self.drops:
            drop.lost |= (drop.dataset, drop.name) == (dataset, name) and path.exists()
        part = path.with_name(f".{name}.new")
        part.write_bytes(content)
        at = 1_700_000_000 + next(self.times)
        os.utime(part, (at, at))
        part.replace(path)
        self.drops.append(Drop(dataset, name, content))

    def replace(self, event: Replace) -> None:
        """Other bytes under the name of a file that waits, if one does."""
        waiting = sorted(self.place.shop.landing("streams").glob("[!.]*.csv"))
        if waiting:
            name = waiting[event.which % len(waiting)].name
            self.deliver("streams", name, Deliver("streams", name, event.lines).content)

    def contract(self, terms: Terms) -> None:
        """Another manifest.json for streams."""
        self.terms = terms
        manifest = json.loads(json.dumps(self.manifests[0]))
        manifest["schema"] = {
            **{key: manifest["schema"][key] for key in ("extension", "fields_required", "fields")},
            **TERMS[terms],
        }
        self.place.shop.manifest("streams", manifest)
        self.manifests.append(manifest)

    def write_kpi(self, version: int) -> None:
        """The workspace's own KPI as of a version; whoever starts from now on knows it."""
        path = self.place.shop.root / "kpis" / f"{own.NAME}.sql"
        path.unlink(missing_ok=True)
        if version:
            path.write_text(own.text(version))
        self.own_kpi = version
        self.change_settings()

    def sinks_of(self, *urls: str) -> tuple[Served, ...]:
        """Sinks of the workspace's own files, and those that are elsewhere."""
        return (*(Files(url, self.place.shop.root) for url in urls), *self.elsewhere)

    def change_settings(self) -> None:
        """Commands from now on have the settings and KPIs of now."""
        self.settings = self.place.settings.model_copy(update={"sinks": tuple(sink.url for sink in self.sinks)})

    def together(self, scene: Together) -> None:
        """Workers at once."""
        works = [
            partial(worker.do, steps, lambda: self.settings, polite=scene.polite)
            for worker, steps in zip(self.workers, scene.programs, strict=False)
        ]
        play(works, scene.cuts, self.between)

    def between(self, cut: Cut) -> None:
        """What happens while all stand still. Whoever was killed is soon taken for dead."""
        for event in cut.happens:
            self.happen(event)
        if cut.kill:
            self.clock.wait(60)

    # -- the end

    def catch_up(self) -> None:
        """Run until nothing is left to do; that must be soon. A contract that stops a load is mended before."""
        self.clock.wait(60)
        if self.terms == "fail":
            self.contract("usual")
        for _ in range(ROUNDS):
            outcome = self.alone("run")
            if not did_something(outcome):
                return
        raise Different(f"after {ROUNDS} runs there is still something to do: {outcome}")

    def maintain(self) -> None:
        """Remove what nobody needs, days later; it leaves nothing to do."""
        self.clock.wait(3 * 24 * 3600)
        self.alone("maintain")
        if did_something(outcome := self.alone("run")):
            raise Different(f"after maintenance there is something to do: {outcome}")

    def alone(self, step: Step) -> Any:
        """A command that nothing disturbs."""
        worker = self.workers[0]
        worker.trouble.clear()
        outcome = worker.command(worker.open(self.settings), step)
        if worker.trouble:
            raise Different(f"{step}, alone, ended by {worker.trouble[0]!r}")
        return outcome

    def close(self) -> None:
        """The end of everything."""
        for worker in self.workers:
            worker.close()


def smallest(simulation: Simulation, history: History, failure: Exception) -> tuple[History, Exception]:
    """A history that fails and of which nothing can be left out, found within some tries; and how it fails."""
    tries = iter(range(TRIES))
    again = True
    while again:
        again = False
        for less in smaller(history):
            if next(tries, None) is None:
                return history, failure
            try:
                simulation.live(less)
            except Exception as error:
                history, failure, again = less, error, True
                break
    return history, failure


def did_something(outcome: Outcome) -> bool:
    """Whether a run found work."""
    return bool(
        outcome.loaded.deliveries
        or outcome.loaded.failures
        or outcome.computed.days
        or outcome.published.kpi_days
        or outcome.archived.archived
        or outcome.archived.quarantined
    )


@contextmanager
def a_simulation(*elsewhere: Served) -> Iterator[Simulation]:
    """A simulation at a place of its own, which has sinks elsewhere besides."""
    with ExitStack() as stack:
        stack.enter_context(without_threads())
        stack.enter_context(remembered())
        stack.enter_context(decisions_told())
        simulation = Simulation(stack.enter_context(a_place()), elsewhere)
        stack.callback(simulation.close)
        yield simulation
