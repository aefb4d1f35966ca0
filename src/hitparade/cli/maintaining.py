"""The command that keeps lake and ledger small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, Config, Json, Verbose, workspace

if TYPE_CHECKING:
    from hitparade.maintain import Maintained


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(maintain)


def maintain(
    config: Config = DEFAULT_CONFIG,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Keep lake and ledger small. Small files are put together, what is out of use is removed.

    Nothing that counts changes. Safe beside a running pipeline, which is neither stopped nor made to wait.
    """
    from hitparade.maintain import maintain as do

    with workspace(config, command="maintain", verbose=verbose) as ws:
        outcome = do(ws, dry=dry_run)
    if json:
        render.as_json(outcome)
    else:
        show(outcome)
    return DONE


def show(outcome: Maintained) -> None:
    """One line for each thing."""
    would = "would be " if outcome.dry else ""
    by_table = "".join(f"; {count:,} of {name}" for name, count in outcome.rows.items())
    lines = (
        ("rows", f"{sum(outcome.rows.values()):,} not in effect {would}removed{by_table}"),
        ("files", f"{outcome.merged:,} {would}put together into {outcome.into:,}"),
        ("snapshots", f"{outcome.snapshots:,} {would}let go of"),
        ("out of use", f"{outcome.files:,} files of {outcome.bytes / 1e6:,.1f} MB {would}removed"),
        ("", f"{outcome.waiting:,} files wait until they are out of use for long enough"),
        ("leftovers", f"{outcome.leftovers:,} of processes that died {would}removed"),
        ("ledger", f"{outcome.runs:,} records of runs {would}forgotten"),
    )
    for head, text in lines:
        render.console().print(f"{head:<11} {text}")
    if outcome.busy:
        render.console().print(f"a pipeline is at work: {', '.join(outcome.busy)} left for another time")
