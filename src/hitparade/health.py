"""doctor: whether everything that a run needs is in order, one finding a line."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hitparade.config import Settings, read_settings
from hitparade.errors import HitParadeError
from hitparade.model import DATASETS
from hitparade.sinks import Sink, Warehouse
from hitparade.storage import Storage, is_remote
from hitparade.workspace import Workspace, open_workspace

FREE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    state: Literal["good", "doubtful", "wrong"]
    detail: str


def examine(config: str) -> list[Finding]:
    """Look at everything, and go on after what is wrong as far as that is possible."""
    findings = [Finding("python", "good", f"{platform.python_version()} on {platform.system()} {platform.machine()}")]
    try:
        settings = read_settings(config)
        findings.append(Finding("settings", "good", str(config)))
        findings.extend(places(settings))
        with open_workspace(settings, command="doctor") as ws:
            findings.append(Finding("ledger", "good", "reachable" if ws.ledger.latest_run() else "reachable, new"))
            findings.extend(parts(ws))
    except HitParadeError as error:
        findings.append(wrong(type(error).__name__, error))
    return findings


def wrong(subject: str, error: HitParadeError) -> Finding:
    """An error as a finding."""
    return Finding(subject, "wrong", error.message + (f" - next: {error.hint}" if error.hint else ""))


def places(settings: Settings) -> Iterator[Finding]:
    """Folders and room."""
    for dataset in DATASETS:
        place = settings.place(settings.landing.folder(dataset))
        folder = Path(place)
        if is_remote(place):
            yield in_bucket(f"landing {dataset}", place)
        elif not folder.is_dir():
            yield Finding(f"landing {dataset}", "doubtful", f"{folder}: no such folder; it is made by hitparade init")
        elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            yield Finding(f"landing {dataset}", "wrong", f"{folder}: may not be read and written by this user")
        else:
            yield Finding(f"landing {dataset}", "good", str(folder))
    disk = tempfile.gettempdir() if is_remote(settings.root) else settings.root
    free = shutil.disk_usage(disk).free
    state: Literal["good", "doubtful"] = "good" if free > FREE_BYTES else "doubtful"
    yield Finding("disk", state, f"{free / 1e9:.1f} GB free at {disk}")


def in_bucket(subject: str, place: str) -> Finding:
    """Whether a folder in a bucket can be listed."""
    try:
        with closing(Storage()) as storage:
            next(iter(storage.list(place)), None)
    except HitParadeError as error:
        return wrong(subject, error)
    return Finding(subject, "good", place)


def parts(ws: Workspace) -> Iterator[Finding]:
    """Contracts, KPIs, lake, sinks: each by itself."""
    for dataset in DATASETS:
        try:
            yield Finding(f"contract {dataset}", "good", ws.contract(dataset).source)
        except HitParadeError as error:
            yield wrong(f"contract {dataset}", error)
    looks: dict[str, Callable[[], str]] = {
        "kpis": lambda: f"{len(ws.kpis)}",
        "lake": lambda: str(ws.lake.location),
        "engine": lambda: engine(ws),
        "sinks": lambda: ", ".join(map(reached, ws.sinks)) or "none",
    }
    for name, look in looks.items():
        try:
            yield Finding(name, "good", look())
        except HitParadeError as error:
            yield wrong(name, error)


def reached(sink: Sink) -> str:
    """A sink's URL; of a database also what answers there."""
    return f"{sink.url} ({sink.version()})" if isinstance(sink, Warehouse) else sink.url


def engine(ws: Workspace) -> str:
    """What the engine is made of. A Spark is not started: that there is one to start is enough."""
    settings = ws.settings.engine
    if settings.name == "duckdb":
        return f"{type(ws.engine).__name__}, memory {settings.memory}"
    from hitparade.engines.spark.session import need_java, need_pyspark

    return f"pyspark {need_pyspark()}, Java {need_java()}, {settings.master}, memory {settings.memory}"
