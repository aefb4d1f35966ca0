"""The command that writes files for other systems: export."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, Config, Engine, Json, Verbose, workspace

if TYPE_CHECKING:
    from hitparade.export import Exported


class PartName(StrEnum):
    """The parts of an export."""

    validated = "validated"
    transformed = "transformed"
    processed = "processed"
    kpis = "kpis"


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(export)


def export(
    to: Annotated[str, typer.Option("--to", help="Where to, a folder of the workspace or an s3:// URL.")],
    parts: Annotated[list[PartName] | None, typer.Argument(help="What to export; everything unless named.")] = None,
    config: Config = DEFAULT_CONFIG,
    engine: Engine = None,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Write accepted rows as plain Parquet for other systems. Only what changed since the last time is written."""
    from hitparade.export import export as export_to

    with workspace(config, command="export", verbose=verbose, engine=engine) as ws:
        show(export_to(ws, to, [part.value for part in parts or ()]), json=json)
    return DONE


def show(done: Exported, *, json: bool) -> None:
    """What an export did."""
    if json:
        render.as_json(done)
        return
    rows = sum(each.rows for each in done.written)
    render.console().print(
        f"export   {len(done.written):,} files written, {rows:,} rows; {done.unchanged:,} unchanged,"
        f" {len(done.removed):,} removed: {done.place}",
        soft_wrap=True,
    )
