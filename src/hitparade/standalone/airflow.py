"""The emulator, a metadata database, and the four parts of Airflow: started in turn, watched, stopped together.

The database is PostgreSQL, the one that the emulator's warehouse brings: SQLite has one writer, and the scheduler, the
tasks and the API all write.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hitparade.errors import ConfigError, HitParadeError, Transient
from hitparade.standalone.processes import Watched, start, stop
from hitparade.standalone.rest import Rest
from hitparade.standalone.settings import DATABASE, USER, Place, environment_of

LOOPBACK = "127.0.0.1"
PARTS = ("api-server", "scheduler", "dag-processor", "triggerer")
EMULATOR = "emulator"
STARTING_SECONDS = 600.0
LOOK_SECONDS = 0.5
Tell = Callable[[str], None]


class AskedToEnd(Exception):
    """Somebody wants it to end while it starts."""


@dataclass
class Standalone:
    """What runs, and how to reach it."""

    place: Place
    logs: Path
    end: threading.Event
    tell: Tell
    aws: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, Watched] = field(default_factory=dict)

    @property
    def rest(self) -> Rest:
        """Airflow's API, asked as its user."""
        return Rest(self.place.address, USER, self.place.password())

    def start_part(self, part: str) -> None:
        """Start a part of Airflow."""
        where = ("--host", LOOPBACK, "--port", str(self.place.port), "--workers", "1")
        more = {"api-server": where, "scheduler": ("--skip-serve-logs",), "triggerer": ("--skip-serve-logs",)}
        command = [sys.executable, "-m", "airflow", part, *more.get(part, ())]
        self.running[part] = start(part, command, environment=self.environment, logs=self.logs)

    def start_emulator(self, port: int, warehouse_port: int, data: Path | None) -> None:
        """Start AWS, with what the documented systems need, and wait for it."""
        command = [sys.executable, "-m", "hitparade", "emulate", "--json", "--seed", "--port", str(port)]
        command += ["--warehouse", "--warehouse-port", str(warehouse_port), *(("--data", str(data)) if data else ())]
        told = self.logs / "emulator.json"
        self.running[EMULATOR] = start(EMULATOR, command, environment=os.environ, logs=self.logs, output=told)
        self.wait_for("AWS", lambda: bool(told.read_text().endswith("}\n")))
        self.aws = dict(json.loads(told.read_text())["environment"])

    def migrate(self) -> None:
        """Make the tables of the metadata database, or bring them up to date."""
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        made = start("database", command, environment=self.environment, logs=self.logs)
        try:
            self.wait_for("the metadata database", lambda: made.code is not None)
        finally:
            stop([made])
        if made.code != 0:
            raise died(made)

    def wait_for(self, what: str, ready: Callable[[], bool]) -> None:
        """Wait until something is ready. Transient when a part ends meanwhile, or it takes too long."""
        deadline = time.monotonic() + STARTING_SECONDS
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise Transient(f"{what} is not ready after {STARTING_SECONDS:.0f} s", hint=f"the logs: {self.logs}")
            if self.end.wait(LOOK_SECONDS):
                raise AskedToEnd

    def check(self) -> None:
        """Transient when a part has ended that should not have."""
        for part in self.running.values():
            if part.code is not None:
                raise died(part)

    def serve(self) -> None:
        """Until it is asked to end, or a part ends by itself."""
        while not self.end.wait(LOOK_SECONDS):
            self.check()

    def close(self) -> None:
        """End what runs, AWS last."""
        stop(part for name, part in self.running.items() if name != EMULATOR)
        stop(part for name, part in self.running.items() if name == EMULATOR)


def died(part: Watched) -> HitParadeError:
    """A part's end, told with its last words."""
    return Transient(f"{part.last_words()}\n\n{part.name} ended with {part.code}", hint=f"all of its log: {part.log}")


@contextmanager
def standalone(
    state: Path,
    *,
    dags: Path,
    end: threading.Event,
    tell: Tell,
    port: int = 0,
    emulator_port: int = 0,
    warehouse_port: int = 0,
    keep: bool = False,
) -> Iterator[Standalone]:
    """All of it, ready, until the end of the block; port 0 is any free one. What it keeps is in the folder `state`."""
    from hitparade.emulator.warehouse.cluster import cluster

    home, logs = state / "airflow", state / "logs"
    for folder in (home, logs):
        folder.mkdir(parents=True, exist_ok=True)
    if not sorted(dags.glob("*.py")):
        raise ConfigError(f"{dags}: no DAGs are there", hint="name their folder by --dags")
    with ExitStack() as ends:
        made = Standalone(Place(home, dags, free(port)), logs, end, tell)
        ends.callback(made.close)
        tell("AWS: S3, DynamoDB, Glue, a PostgreSQL in place of Redshift, and the sample data")
        made.start_emulator(emulator_port, warehouse_port, state / "aws" if keep else None)
        tell("the metadata database")
        metadata = cluster(superuser=DATABASE, database=DATABASE, data=state / "metadata" if keep else None)
        # The parts end before their database does.
        folder = ends.enter_context(metadata)
        ends.callback(made.close)
        made.environment = environment_of(made.place, folder, made.aws)
        made.migrate()
        tell(f"Airflow: {', '.join(PARTS)}")
        for part in PARTS:
            made.start_part(part)
        made.wait_for("Airflow", lambda: not made.rest.missing())
        tell("the DAGs")
        made.wait_for("the DAGs", lambda: all_read(made))
        yield made


def all_read(made: Standalone) -> bool:
    """Whether Airflow has read every DAG file, or said why it cannot; not while it is too busy to tell."""
    files = len(list(made.place.dags.glob("*.py")))
    try:
        return len(made.rest.dags()) + len(made.rest.import_errors()) >= files
    except OSError:
        return False


def free(port: int) -> int:
    """A port of loopback that nobody listens at: this one, or any for 0."""
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            raise ConfigError(f"port {port} cannot be had: {error}", hint="name another by --port") from error
        return int(tried.getsockname()[1])
