"""Commands to start with: init, demo, generate, doctor."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hitparade.cli import render
from hitparade.cli.door import DEFAULT_CONFIG, DONE, FLAWED, WRONG, Config, Json, Verbose, progress, workspace
from hitparade.model import DATASETS, Dataset
from hitparade.storage import is_remote

if TYPE_CHECKING:
    from hitparade.config import Settings

DEMO_LISTENS, DEMO_DAYS, DEMO_USERS, DEMO_TRACKS, DEMO_FILES = 200_000, 14, 4_000, 9_000, 14


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    for command in (demo, init, generate, doctor):
        app.command()(command)


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to make it.")] = Path("demo"),
    json: Json = False,
    verbose: Verbose = False,
) -> int:
    """Sample data, a run, and its charts. All of it in a new workspace."""
    from hitparade import pipeline
    from hitparade.charts import Charts
    from hitparade.scaffold import make_workspace

    config = folder / DEFAULT_CONFIG
    if not config.exists():
        make_workspace(folder, sinks=("files:exports",))
        if not json:
            typer.echo(f"made a workspace in {folder}/")
    with workspace(str(config), command="demo", verbose=verbose) as ws:
        if ws.ledger.latest_run() is None and not any((folder / "data" / "streams").glob("*.csv")):
            sample(folder, DEMO_LISTENS, DEMO_DAYS, DEMO_USERS, DEMO_TRACKS, DEMO_FILES)
        outcome = pipeline.run(ws)
        render.outcome(outcome, json=json)
        if not json:
            render.charts(Charts.of(ws), day=None, genre=None)
            typer.echo(f"\nnext: cd {folder}, then: hitparade show, hitparade status, hitparade explain hourly")
    return DONE


def sample(root: Path, listens: int, days: int, users: int, tracks: int, files: int) -> None:
    """Sample data up to yesterday, into a fresh workspace."""
    from hitparade.sample import SampleSpec, generate

    spec = SampleSpec(
        listens=listens,
        days=days,
        users=users,
        tracks=tracks,
        files=files,
        seed=1,
        start=yesterday() - timedelta(days=days - 1),
        hostile=False,
    )
    landing = root / "data"
    generate(
        spec,
        streams=landing / "streams",
        songs=landing / "songs",
        users=landing / "users",
        truth=root / "sample" / "truth.json",
    )


@contextmanager
def landing_here(settings: Settings) -> Iterator[dict[Dataset, Path]]:
    """The landing folders on this disk; of those in a bucket a folder whose files are put there at the end."""
    from hitparade.storage import Storage

    places = {dataset: settings.place(settings.landing.folder(dataset)) for dataset in DATASETS}
    with tempfile.TemporaryDirectory(prefix="hitparade-") as scratch, closing(Storage()) as storage:
        here = {
            dataset: Path(scratch, dataset) if is_remote(place) else Path(place) for dataset, place in places.items()
        }
        yield here
        for dataset, place in places.items():
            for path in sorted(here[dataset].iterdir()) if is_remote(place) else ():
                storage.put(path, f"{place}/{path.name}")


def yesterday() -> date:
    """The last whole day, in UTC."""
    return datetime.now(UTC).date() - timedelta(days=1)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to make it.")] = Path(),
    json: Json = False,
) -> int:
    """Make a workspace. That is hitparade.toml, the landing folders, and a manifest in each."""
    from hitparade.scaffold import make_workspace

    made = make_workspace(folder)
    if json:
        render.as_json({"workspace": str(folder), "made": [str(path) for path in made]})
        return DONE
    for path in made:
        typer.echo(f"made {path}")
    typer.echo(f"next: put CSV files into {folder / 'data'}/streams, songs and users, then: hitparade run")
    return DONE


def generate(
    config: Config = DEFAULT_CONFIG,
    listens: Annotated[int, typer.Option(min=1, help="How many listens.")] = 100_000,
    days: Annotated[int, typer.Option(min=1, help="Over how many days.")] = 7,
    users: Annotated[int, typer.Option(min=1, help="Of how many users.")] = 5_000,
    tracks: Annotated[int, typer.Option(min=1, help="To how many tracks.")] = 10_000,
    files: Annotated[int, typer.Option(min=1, help="In how many stream files.")] = 7,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same data.")] = 1,
    start: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The first day.")] = None,
    hostile: Annotated[
        bool, typer.Option("--hostile", help="Add every defect, and write down what is expected.")
    ] = False,
    json: Json = False,
) -> int:
    """Write sample data to the landing zone. The truth that it expects goes into sample/."""
    from hitparade.config import read_settings
    from hitparade.sample import SampleSpec
    from hitparade.sample import generate as make

    settings = read_settings(config)
    spec = SampleSpec(
        listens=listens,
        days=days,
        users=users,
        tracks=tracks,
        files=files,
        seed=seed,
        start=start.date() if start else yesterday() - timedelta(days=days - 1),
        hostile=hostile,
    )
    with progress().of("generate", listens) as advance, landing_here(settings) as folders:
        done = 0

        def report(now: int, _total: int) -> None:
            nonlocal done
            advance(now - done)
            done = now

        result = make(
            spec,
            streams=folders["streams"],
            songs=folders["songs"],
            users=folders["users"],
            truth=Path("sample" if is_remote(settings.root) else f"{settings.root}/sample") / "truth.json",
            progress=report,
        )
    summary = {
        "files": [str(path) for path in result.files],
        "rows": result.rows,
        "truth": str(result.truth),
        "redeliveries": [str(path) for path in result.redeliveries],
    }
    if json:
        render.as_json(summary)
    else:
        typer.echo(f"wrote {result.rows:,} rows in {len(result.files)} files; the truth is in {result.truth}")
    return DONE


def doctor(config: Config = DEFAULT_CONFIG, json: Json = False) -> int:
    """See whether all that a run needs is there."""
    from hitparade.health import examine

    findings = examine(config)
    render.findings(findings, json=json)
    if any(finding.state == "wrong" for finding in findings):
        return WRONG
    return FLAWED if any(finding.state == "doubtful" for finding in findings) else DONE
