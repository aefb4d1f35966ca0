"""Commands that prove the pipeline right: verify, cheaply and often, and rebuild, from the archive."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, FLAWED, LATER, Config, Form, How, Json, Verbose, workspace

if TYPE_CHECKING:
    from hitparade.rebuild import Rebuilt
    from hitparade.verify import Verified

SHOWN = 50


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (verify, rebuild):
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


def rebuild(
    config: Config = DEFAULT_CONFIG,
    keep: Annotated[Path | None, typer.Option(help="Keep the lake that is made, in this new folder.")] = None,
    format: How = Form.table,  # noqa: A002
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Load everything in effect anew from the archive, and compare. Exit code 1 if anything differs.

    Each file by the contract it was judged by, into a scratch lake, which takes as much room as the lake. It is held
    against the ledger, the lake and every sink. The workspace is not changed.
    """
    from hitparade import log
    from hitparade.rebuild import rebuild as rebuild_

    with workspace(config, command="rebuild", verbose=verbose) as ws:
        if not verbose:
            log.set_up(level="error")  # what each file was loaded with is the scratch lake's business
        found = rebuild_(ws, keep=keep)
    if json or format is Form.json:
        render.as_json(found)
    else:
        rebuilt(found)
    if found.frozen:
        return LATER
    return FLAWED if found.count else DONE


def rebuilt(found: Rebuilt) -> None:
    """rebuild."""
    say = render.console().print
    if found.frozen:
        say(f"{len(found.frozen):,} archived files must be restored before they can be read; for each, then again:")
        for url in found.frozen:
            say(f"  {restoring(url)}", soft_wrap=True)
        return
    say(f"rebuilt  {found.files:,} files, {found.rows:,} rows")
    say(f"compared {found.kpi_days:,} KPI days of the lake, {found.served:,} of sinks")
    for note in found.notes:
        say(f"note: {note}", soft_wrap=True)
    say(f"{found.count:,} differences" if found.count else "everything is the same")
    for each in found.differences[:SHOWN]:
        key = f" {each.key}" if each.key else ""
        say(
            f"  {each.place}: {each.subject}:{key}: there is {each.stored or 'nothing'},"
            f" and should be {each.rebuilt or 'nothing'}",
            soft_wrap=True,
        )
    if found.count > SHOWN:
        say(f"  ... and {found.count - SHOWN:,} more" + "; --json tells a thousand")


def restoring(url: str) -> str:
    """The command that restores an object."""
    bucket, _, key = url.partition("://")[2].partition("/")
    request = '{"Days": 7, "GlacierJobParameters": {"Tier": "Bulk"}}'
    return f"aws s3api restore-object --bucket {bucket} --key {quote(key)} --restore-request {quote(request)}"


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
