"""The emulator at its port: moto behind a gate, its jobs executed, its state kept."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from hitparade.emulator import catalog, events, jobs, logs
from hitparade.emulator.gate import Application, Gate
from hitparade.emulator.runs import MINUTE, Runner
from hitparade.emulator.state import Folder
from hitparade.errors import ConfigError
from hitparade.log import get_logger

LOOPBACK = "127.0.0.1"
BACKLOG = 128
SAVE_SECONDS = 10.0
# Words that open nothing: the emulator takes any. The account of every ARN is moto's.
KEYS = {"AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": "emulator"}


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: `environment` is what a program needs to find it."""

    endpoint: str
    environment: Mapping[str, str]
    warehouse: Mapping[str, str]
    """The part of it that is about the warehouse; nothing when there is none."""


@contextmanager
def running(
    *,
    port: int,
    warehouse_port: int | None = None,
    region: str,
    data: Path | None = None,
    verbose: bool = False,
    minute: float = MINUTE,
    save_seconds: float = SAVE_SECONDS,
) -> Iterator[Emulator]:
    """An emulator that answers until the end of the block; port 0 is any free one. One in a process.

    A warehouse is there when it is given a port. ConfigError when a port or the folder is another's. `minute` is how
    long a minute of a job's timeout lasts.
    """
    logging.getLogger("werkzeug").setLevel(logging.INFO if verbose else logging.ERROR)
    with ExitStack() as ends:
        listening = ends.enter_context(listen(port))
        endpoint = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        aws = {"AWS_ENDPOINT_URL": endpoint, **KEYS, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        folder = Folder(data) if data else None
        ends.callback(BackendDict.reset)
        if folder:
            ends.enter_context(folder.held())
            folder.restore()
        found = ends.enter_context(warehouse_at(warehouse_port, data))
        environment = {**aws, **found}
        catalog.refuse_stale_updates()
        events.write_keys_as_s3_does()
        logs.go_on_where_readers_stopped()
        gate = Gate(cast("Application", DomainDispatcherApplication(create_backend_app)))
        if folder:
            ends.enter_context(kept(folder, gate, save_seconds))
        runner = Runner(environment, minute=minute)
        ends.enter_context(jobs.executed_by(runner))
        ends.callback(runner.close)
        ends.enter_context(served(gate, listening))
        yield Emulator(endpoint, environment, found)


@contextmanager
def warehouse_at(port: int | None, data: Path | None) -> Iterator[Mapping[str, str]]:
    """What a program needs to find the warehouse; nothing when none was asked for."""
    if port is None:
        yield {}
        return
    from hitparade.emulator.warehouse.start import warehouse

    with (
        listen(port, option="--warehouse-port") as listening,
        warehouse(listening, data=data / "warehouse" if data else None) as environment,
    ):
        yield environment


@contextmanager
def listen(port: int, *, option: str = "--port") -> Iterator[socket.socket]:
    """A socket on loopback, and nowhere else."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, port))
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            problem = "another program listens there" if taken else str(error)
            raise ConfigError(
                f"port {port} cannot be had: {problem}", hint=f"name another by {option}, or 0 for any free one"
            ) from error
        listening.listen(BACKLOG)
        yield listening


@contextmanager
def served(gate: Gate, listening: socket.socket) -> Iterator[None]:
    """Answer requests, each in a thread, until the end of the block."""
    host, port = listening.getsockname()
    server: BaseWSGIServer = make_server(
        host, port, gate, threaded=True, request_handler=MotoRequestHandler, fd=os.dup(listening.fileno())
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def kept(folder: Folder, gate: Gate, seconds: float) -> Iterator[None]:
    """Save what has changed every so many seconds, and all of it at the end of the block."""
    done = threading.Event()

    def keep_saving() -> None:
        saved = 0
        while not done.wait(seconds):
            if gate.changes != saved:
                with gate.closed():
                    now = gate.changes
                    saved = now if tried(folder) else saved

    saving = threading.Thread(target=keep_saving, daemon=True)
    saving.start()
    try:
        yield
    finally:
        done.set()
        saving.join()
        with gate.closed():
            folder.save()


def tried(folder: Folder) -> bool:
    """Save; False when it is to be tried again."""
    try:
        folder.save()
    except (RuntimeError, OSError) as error:
        get_logger().warning("emulate.not_saved", reason=str(error), next="it is tried again soon")
        return False
    return True
