"""Commands that prove the pipeline right: verify, cheaply and often, and rebuild, from the archive."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, FLAWED, Config, Json, Verbose, workspace
from hitparade.cli.quarantine import Form, How

if TYPE_CHECKING:
    from hitparade.verify import Verified

SHOWN = 50


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (verify,):
        app.command()(command)


def verify(
    config: Config = DEFAULT_CONFIG,
    patience: Annotated[
        float, typer.Option(min=0, help="Minutes for which something may be behind while nobody is at work.")
    ] = 60,
    format: How = Form.table,  # noqa: A002
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Whether ledger, lake and sinks agree, by what is cheap to ask. Exit code 1 if they do not.

    For a monitor. It changes nothing, and may run beside the pipeline.
    """
    from hitparade.verify import verify as verify_

    with workspace(config, command="verify", verbose=verbose) as ws:
        found = verify_(ws, patience=timedelta(minutes=patience))
    if json or format is Form.json:
        render.as_json(
            {
                "compared": found.compared,
                "broken": [
                    {"invariant": each.invariant, "subject": each.subject, "detail": each.detail}
                    for each in found.broken
                ],
            }
        )
    else:
        verified(found)
    return FLAWED if found.broken else DONE


def verified(found: Verified) -> None:
    """verify."""
    from hitparade.verify import INVARIANTS, by_invariant

    broken = by_invariant(found.broken)
    lines = [
        [name, f"{found.compared[name]:,}", f"{len(broken.get(name, ())):,}", meaning]
        for name, meaning in INVARIANTS.items()
    ]
    render.grid(["invariant", "compared", "broken", "meaning"], lines, numbers=[False, True, True, False])
    for name, some in broken.items():
        render.heading(f"\n{name}")
        for each in some[:SHOWN]:
            render.console().print(f"  {each.subject}: {each.detail}", soft_wrap=True)
        if len(some) > SHOWN:
            render.console().print(f"  ... and {len(some) - SHOWN:,} more")
