"""The command that stands in for AWS: emulate."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DONE, Json, Verbose

DEFAULT_PORT = 5000
DEFAULT_WAREHOUSE_PORT = 5439
DEFAULT_REGION = "us-east-1"
LOOK_SECONDS = 0.5


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(emulate)


def emulate(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen on loopback; 0 is any free port.")] = (
        DEFAULT_PORT
    ),
    data: Annotated[Path | None, typer.Option(help="Keep the state in this folder.", file_okay=False)] = None,
    seed: Annotated[
        bool, typer.Option("--seed", help="Make what the documented systems need, and sample data.")
    ] = False,
    warehouse: Annotated[
        bool, typer.Option("--warehouse", help="A PostgreSQL that stands in for Redshift, too.")
    ] = False,
    warehouse_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Where the warehouse listens on loopback; 0 is any free port.")
    ] = DEFAULT_WAREHOUSE_PORT,
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """AWS on this machine, until Ctrl-C. S3, DynamoDB, Secrets Manager, SQS, Glue whose jobs are executed."""
    from hitparade import log
    from hitparade.errors import MissingExtra

    log.set_up(level="debug" if verbose else "info")
    try:
        from hitparade.emulator.seed import plant
        from hitparade.emulator.server import running

        if warehouse:
            from hitparade.emulator.warehouse.copying import encoder_of

            encoder_of([])  # COPY needs it, and it should not be missed only then
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the emulator ({error.name})", "emulator") from error
    place = region()
    leave_every_account()
    second = warehouse_port if warehouse else None
    with (
        asked_to_end() as end,
        running(port=port, warehouse_port=second, region=place, data=data, verbose=verbose) as emulator,
    ):
        os.environ.update(emulator.environment)
        if seed:
            plant(emulator.warehouse)
        if json:
            render.as_json({"endpoint": emulator.endpoint, "environment": dict(emulator.environment)})
        else:
            for name, value in emulator.environment.items():
                typer.echo(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()
        tell(emulator.endpoint, emulator.warehouse.get("REDSHIFT_PORT"), data)
        # A signal may reach another thread, and a wait without an end would never learn of it.
        while not end.wait(LOOK_SECONDS):
            pass
    return DONE


def region() -> str:
    """The region that the environment names, as for any AWS tool."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


@contextmanager
def asked_to_end() -> Iterator[threading.Event]:
    """An event that is set when the process is asked to end; Ctrl-C is raised where it is waited for."""
    end = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: end.set())
    try:
        yield end
    finally:
        signal.signal(signal.SIGTERM, before)


def leave_every_account() -> None:
    """From here on this process knows no real account: it is to be a client of itself alone."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update({"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull})


def tell(endpoint: str, warehouse: str | None, data: Path | None) -> None:
    """Say where it is and what becomes of its state, beside the output that programs read."""
    typer.echo(f"AWS is at {endpoint}, on this machine only, until Ctrl-C", err=True)
    if warehouse:
        typer.echo(f"a PostgreSQL that stands in for Redshift is at port {warehouse}, without TLS", err=True)
    if data:
        typer.echo(
            f"state is kept in {data}: saved every few seconds and at the end; jobs that run then are stopped",
            err=True,
        )
    else:
        typer.echo("state is gone at the end; --data DIR keeps it", err=True)
