"""What every command shares: options, opening a workspace, showing progress, and turning errors into exit codes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hitparade.progress import Advance, Progress

if TYPE_CHECKING:
    from hitparade.config import EngineName
    from hitparade.workspace import Workspace

DONE, FLAWED, WRONG, LATER, BUG, INTERRUPTED = 0, 1, 2, 3, 4, 130

Config = Annotated[
    str, typer.Option("--config", help="The workspace's settings, a path or an s3:// URL.", show_default=True)
]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, on standard output.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Log every single thing.")]
Engine = Annotated[
    str | None, typer.Option("--engine", help="The engine, instead of the one in the settings: duckdb or spark.")
]
From = Annotated[
    str | None,
    typer.Option("--from", help="A sink to read from instead of the lake, such as dynamodb: or postgresql://...."),
]
DEFAULT_CONFIG = "hitparade.toml"


class Form(StrEnum):
    """How something is shown."""

    table = "table"
    json = "json"


How = Annotated[Form, typer.Option("--format", help="How to show it.")]


@contextmanager
def workspace(config: str, *, command: str, verbose: bool = False, engine: str | None = None) -> Iterator[Workspace]:
    """The workspace of a command, with logs and progress going to standard error."""
    from hitparade import log
    from hitparade.config import read_settings
    from hitparade.workspace import open_workspace

    log.set_up(level="debug" if verbose else "info")
    with open_workspace(read_settings(config, engine=known(engine)), command=command, progress=progress()) as opened:
        yield opened


def known(engine: str | None) -> EngineName | None:
    """The name of an engine that there is."""
    from hitparade.config import ENGINES

    if engine is not None and engine not in ENGINES:
        raise typer.BadParameter(
            f"there is no engine '{engine}': there are {', '.join(ENGINES)}", param_hint="--engine"
        )
    return engine


def progress() -> Progress:
    """Bars on a terminal, nothing in a pipe."""
    return Bars() if sys.stderr.isatty() else Progress()


class Bars(Progress):
    """Progress bars on standard error."""

    @contextmanager
    def of(self, label: str, total: int) -> Iterator[Advance]:
        """A bar that is gone when the work is done."""
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
        )
        with RichProgress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(label, total=total)
            yield lambda units: bars.advance(task, units)
