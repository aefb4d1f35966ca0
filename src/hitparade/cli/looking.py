"""Commands for people who look: dashboard, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hitparade.cli.door import DEFAULT_CONFIG, DONE, Config, From
from hitparade.cli.reading import Day, only_day

DEFAULT_PORT = 8501


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (dashboard, report):
        app.command()(command)


def dashboard(
    config: Config = DEFAULT_CONFIG,
    source: From = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 is any free port.")] = DEFAULT_PORT,
    host: Annotated[
        str, typer.Option(help="The address to listen on. Whoever reaches it sees everything: there is no login.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--open", help="Open a browser there.")] = False,
) -> int:
    """Charts to look at in a browser, until Ctrl-C. Genres, songs, trends, hours, listeners, and the pipeline."""
    from hitparade.charts import Charts
    from hitparade.dashboard.server import free_port, see_libraries, serve

    see_libraries()
    with Charts.open(config, source=source):
        pass  # what is wrong with it is told here, and not on a page
    chosen = free_port(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{chosen}"

    def begun() -> None:
        typer.echo(f"the dashboard is at {address}, until Ctrl-C", err=True)
        if browser:
            typer.launch(address)

    return serve(host, chosen, ["--config", config, *(["--from", source] if source else [])], begun=begun)


def report(
    out: Annotated[Path, typer.Option("--out", help="The file to write.", dir_okay=False)] = Path("report.html"),
    day: Day = None,
    config: Config = DEFAULT_CONFIG,
    source: From = None,
) -> int:
    """The charts of a day as one page of HTML, for mail or an archive. It needs no network to be looked at."""
    from hitparade.charts import Charts
    from hitparade.dashboard.report import write_report
    from hitparade.dashboard.server import see_libraries

    see_libraries()
    with Charts.open(config, source=source) as charts:
        shown = write_report(charts, out, day=only_day(day))
    typer.echo(f"the report of {shown} is in {out}", err=True)
    return DONE
