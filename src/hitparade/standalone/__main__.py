"""The command: options, signals, what is printed, and the exit code."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.errors import HitParadeError, MissingExtra, Terminal

if TYPE_CHECKING:
    from hitparade.standalone.airflow import Standalone

NEEDED = ("airflow", "moto", "pyspark")
DONE, WRONG, LATER, INTERRUPTED = 0, 2, 3, 130
NEXT = """
Airflow is at {address}
  user      {user}
  password  {password}

Next: open a DAG there, switch it on, and trigger it. In another shell
  . {environment}
leads every AWS tool, and hitparade itself, to the AWS of this Airflow:
  hitparade show top_songs_daily --config s3://music-streaming-services/hitparade.toml
Logs are in {logs}
Ctrl-C ends all of it{state}.
"""
EVENTS = """
music_streaming_etl is started by S3's events: once it is switched on, every file that is dropped starts a run.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until Ctrl-C or SIGTERM: the exit code."""
    given = options().parse_args(arguments)
    with signals() as (end, received), folder_of(given.data) as state:
        try:
            run(given, state, end)
        except HitParadeError as error:
            say(f"{error.message}\nnext: {error.hint}" if error.hint else error.message)
            return WRONG if isinstance(error, Terminal) else LATER
    return INTERRUPTED if signal.SIGINT in received else DONE


def run(given: argparse.Namespace, state: Path, end: threading.Event) -> None:
    """Start everything, tell where it is, and watch it."""
    for package in NEEDED:
        if find_spec(package) is None:
            raise MissingExtra(f"Airflow on this machine ({package})", "airflow,emulator,spark")
    from hitparade.standalone.airflow import AskedToEnd, standalone

    try:
        with standalone(
            state,
            dags=given.dags,
            end=end,
            tell=lambda what: say(f"starting {what} ..."),
            port=given.port,
            emulator_port=given.emulator_port,
            warehouse_port=given.warehouse_port,
            keep=given.data is not None,
        ) as made:
            tell(made, state if given.data else None)
            made.serve()
            say("stopping ...")
    except AskedToEnd:
        say("stopped while it was starting")


def options() -> argparse.ArgumentParser:
    """What may be said."""
    made = argparse.ArgumentParser(prog="python -m hitparade.standalone", description=sys.modules[__name__].__doc__)
    made.description = "Airflow with the documented systems, and AWS, on this machine until Ctrl-C."
    made.add_argument("--data", type=Path, help="keep the state in this folder; else it is gone at the end")
    made.add_argument("--dags", type=Path, default=Path("dags"), help="the folder of the DAGs")
    for name, port, what in (
        ("--port", 8080, "Airflow"),
        ("--emulator-port", 5000, "AWS"),
        ("--warehouse-port", 5439, "the PostgreSQL in place of Redshift"),
    ):
        made.add_argument(name, type=int, default=port, help=f"where {what} listens on loopback; 0 is any free port")
    return made


@contextmanager
def signals() -> Iterator[tuple[threading.Event, list[int]]]:
    """An event that is set when the process is asked to end, and the signals that asked. Asking twice is no hurry."""
    end, received = threading.Event(), list[int]()

    def ask(number: int, _: object) -> None:
        received.append(number)
        end.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield end, received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def folder_of(data: Path | None) -> Iterator[Path]:
    """The folder of the state, which is kept if it was named."""
    if data is not None:
        yield data.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="hitparade-airflow-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def tell(made: Standalone, kept: Path | None) -> None:
    """Where it is, and what to do next."""
    from hitparade.standalone.settings import ARRIVAL_QUEUE, USER

    environment = made.logs.parent / "environment"
    environment.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in made.aws.items()))
    for file, why in made.rest.import_errors().items():
        say(f"{file} could not be read: {why.strip().splitlines()[-1]}")
    sys.stdout.write(
        NEXT.format(
            address=made.place.address,
            user=USER,
            password=made.place.password(),
            environment=environment,
            logs=made.logs,
            state=f"; {kept} keeps the state" if kept else ", and nothing is kept",
        )
    )
    if ARRIVAL_QUEUE in made.environment:
        sys.stdout.write(EVENTS)
    sys.stdout.flush()


def say(text: str) -> None:
    """A line beside the output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
