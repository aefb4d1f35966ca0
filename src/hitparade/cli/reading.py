"""Commands that read: show, status, explain, check."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, FLAWED, Config, Engine, From, Json, Verbose, workspace
from hitparade.cli.freshness import told_after


class Format(StrEnum):
    """How rows are shown."""

    table = "table"
    json = "json"
    csv = "csv"


class DatasetName(StrEnum):
    """The datasets."""

    streams = "streams"
    songs = "songs"
    users = "users"


Day = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="A day, such as 2024-06-25.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (show, status, explain, check):
        app.command()(command)


def show(
    kpi: Annotated[str | None, typer.Argument(help="A KPI; without one, the charts of a day.")] = None,
    config: Config = DEFAULT_CONFIG,
    day: Day = None,
    genre: Annotated[str | None, typer.Option(help="A genre.")] = None,
    source: From = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Positions of a chart, or rows of a table.")] = None,
    engine: Engine = None,
    format: Annotated[Format | None, typer.Option("--format", help="How to show rows.")] = None,  # noqa: A002
    json: Json = False,
) -> int:
    """Show charts, or the rows of a KPI. Charts are of the last day unless told otherwise."""
    from hitparade.charts import charts_of

    form, chosen = format or (Format.json if json else Format.table), only_day(day)
    with workspace(config, command="show", engine=engine) as ws, charts_of(ws, source) as charts:
        if kpi is not None:
            with told_after(charts, kpi, chosen) if form is Format.table else nullcontext():
                table = charts.read(kpi, date=chosen, genre=genre, positions=limit)
                render.rows(charts.kpi(kpi), table, form=form.value, limit=limit)
        elif form is Format.table:
            last = chosen or charts.latest()
            with told_after(charts, "top_genres_daily", last) if last else nullcontext():
                render.charts(charts, day=last, genre=genre)
        else:
            render.kpi_list(charts, form=form.value)
    return DONE


def only_day(moment: datetime | None) -> date | None:
    """The day that an option names."""
    return moment.date() if moment else None


def status(config: Config = DEFAULT_CONFIG, json: Json = False, verbose: Verbose = False) -> int:
    """Where things stand. What waits, what is loaded, quarantined or a duplicate, and what is behind."""
    from hitparade.standing import standing

    with workspace(config, command="status", verbose=verbose) as ws:
        render.standing(standing(ws), json=json)
    return DONE


def explain(
    kpi: Annotated[str, typer.Argument(help="A KPI that is stored by day.")],
    day: Day = None,
    config: Config = DEFAULT_CONFIG,
    json: Json = False,
) -> int:
    """The files behind a KPI's day. What each gave, what was rejected, and how many rows were repeats."""
    from hitparade.standing import explanation

    with workspace(config, command="explain") as ws:
        render.explanation(explanation(ws, kpi, only_day(day)), json=json)
    return DONE


def check(
    files: Annotated[list[Path], typer.Argument(help="CSV files.")],
    config: Config = DEFAULT_CONFIG,
    dataset: Annotated[
        DatasetName | None, typer.Option(help="What the files hold; else told by folder or name.")
    ] = None,
    manifest: Annotated[Path | None, typer.Option(help="A manifest, instead of the one in force.")] = None,
    json: Json = False,
) -> int:
    """Validate files without loading them."""
    from hitparade.inspection import inspect

    found = inspect(files, config=config, dataset=dataset.value if dataset else None, manifest=manifest)
    render.inspected(found, json=json)
    return FLAWED if any(each.rows_rejected or each.outcome != "load" for each in found) else DONE
