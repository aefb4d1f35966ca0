"""Commands that work: run, and each of its four steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, FLAWED, Config, Engine, Json, Verbose, workspace

if TYPE_CHECKING:
    from hitparade.steps.load import Loaded
    from hitparade.workspace import Workspace


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (run, load, compute, publish, archive):
        app.command()(command)


def run(
    config: Config = DEFAULT_CONFIG,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, looking for new files every --every seconds.")] = False,
    every: Annotated[float, typer.Option(help="Seconds between two looks of --watch.", min=0.1)] = 5.0,
    engine: Engine = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Load, compute, publish, archive."""
    from hitparade import pipeline

    with workspace(config, command="run", verbose=verbose, engine=engine) as ws:
        if not watch:
            outcome = pipeline.run(ws)
            render.outcome(outcome, json=json)
            return verdict(outcome.loaded)
        code = DONE
        for outcome in pipeline.watch(ws, pause=looks(every)):
            if outcome.loaded.deliveries or outcome.computed.days or outcome.archived.archived:
                render.outcome(outcome, json=json)
            code = FLAWED if flawed(outcome.loaded) else code
        return code


def looks(every: float) -> Iterator[None]:
    """One look now, and one every so many seconds, for ever."""
    while True:
        yield
        time.sleep(every)


def load(config: Config = DEFAULT_CONFIG, engine: Engine = None, json: Json = False, verbose: Verbose = False) -> int:
    """Load the files that wait in the landing zone."""
    from hitparade import pipeline

    loaded = step(config, "load", pipeline.load, engine=engine, json=json, verbose=verbose)
    return verdict(loaded)


def compute(
    config: Config = DEFAULT_CONFIG, engine: Engine = None, json: Json = False, verbose: Verbose = False
) -> int:
    """Compute the days whose listens changed."""
    from hitparade import pipeline

    step(config, "compute", pipeline.compute, engine=engine, json=json, verbose=verbose)
    return DONE


def publish(
    config: Config = DEFAULT_CONFIG, engine: Engine = None, json: Json = False, verbose: Verbose = False
) -> int:
    """Write what the sinks do not have."""
    from hitparade import pipeline

    step(config, "publish", pipeline.publish, engine=engine, json=json, verbose=verbose)
    return DONE


def archive(
    config: Config = DEFAULT_CONFIG, engine: Engine = None, json: Json = False, verbose: Verbose = False
) -> int:
    """Move settled files to their last place. That is the archive, or quarantine."""
    from hitparade import pipeline

    step(config, "archive", pipeline.archive, engine=engine, json=json, verbose=verbose)
    return DONE


def step(
    config: str, name: str, work: Callable[[Workspace], Any], *, engine: str | None, json: bool, verbose: bool
) -> Any:
    """One step by itself."""
    with workspace(config, command=name, verbose=verbose, engine=engine) as ws:
        result = work(ws)
        render.step(name, result, json=json)
        return result


def flawed(loaded: Loaded) -> bool:
    """Whether something was quarantined or rejected."""
    return bool(loaded.count("quarantined") or loaded.rejected)


def verdict(loaded: Loaded) -> int:
    """The exit code of a load; a contract that stopped a dataset is an error, said now that the rest is done."""
    if loaded.failures:
        raise loaded.failures[0]
    return FLAWED if flawed(loaded) else DONE
