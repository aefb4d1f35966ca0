"""Part h: listens into PostgreSQL, by the warehouse sink and by psql's plain `\\copy` of the same rows as CSV.

The sink reads them out of the lake, each once, and looks at what is there already; `\\copy` is given a file that was
written before. Both tables have the same columns and the same index and are empty, on one server, as safe as PostgreSQL
is unless told otherwise. They load in turns, and the server has nothing left to write before each.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure import BenchFailed, Usage, measured, peak_gigabytes
from bench.progress import say
from bench.result import Measure, Part
from bench.workspaces import Sample, deliver_all, generated, hitparade, workspace

LISTENS, DAYS, USERS, TRACKS, FILES = 5_000_000, 30, 50_000, 90_000, 20
RATIO = 0.6
SUPERUSER, DATABASE = "postgres", "bench"
AS_USUAL = {"fsync": "on", "full_page_writes": "on"}
TABLE = "transformed_streams"


@dataclass(frozen=True, slots=True)
class Server:
    """The server's socket folder, and the psql that belongs to it."""

    folder: Path
    psql: Path

    def command(self, statement: str) -> list[str]:
        """psql with one statement."""
        who = ["-h", str(self.folder), "-U", SUPERUSER, "-d", DATABASE]
        return [str(self.psql), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", *who, "-c", statement]

    def run(self, statement: str) -> str:
        """What a statement that nobody measures prints."""
        done = subprocess.run(self.command(statement), capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchFailed(f"psql: {statement}: {done.stderr}")
        return done.stdout.strip()

    def url(self, schema: str) -> str:
        """The sink of a schema."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={self.folder}&schema={schema}"


def warehouse(data: Path, work: Path, *, rounds: int) -> Part:
    """Rows a second of both ways, and their ratio."""
    from hitparade.emulator.warehouse.cluster import cluster, installation
    from hitparade.errors import ConfigError

    title = f"{LISTENS:,} listens over {DAYS} days into PostgreSQL"
    try:
        programs = installation().programs
    except ConfigError as error:
        return Part(key="h", title=title, skipped=error.message)
    say(f"h: {title}")
    config = loaded(generated(data, Sample(LISTENS, DAYS, USERS, TRACKS, FILES)), work)
    csv = work / "listens.csv"
    usages: dict[str, list[Usage]] = {"sink": [], "copy": []}
    speeds: dict[str, list[float]] = {"sink": [], "copy": []}
    with cluster(superuser=SUPERUSER, database=DATABASE, settings=AS_USUAL) as folder:
        server = Server(folder, programs / "psql")
        for number in range(1, rounds + 1):
            schema = f"round{number}"
            usage, seconds = by_sink(server, config, schema, log=work / "sink.log")
            rows = int(server.run(f"SELECT COUNT(*) FROM {schema}.{TABLE}"))
            usages["sink"].append(usage)
            speeds["sink"].append(rows / seconds)
            if not csv.exists():
                server.run(f"\\copy {schema}.{TABLE} TO '{csv}' (FORMAT csv)")
            usages["copy"].append(by_copy(server, schema, csv, log=work / "copy.log"))
            speeds["copy"].append(rows / usages["copy"][-1].wall_seconds)
            if not rows or int(server.run(f"SELECT COUNT(*) FROM {schema}.plain")) != rows:
                raise BenchFailed(f"the sink loaded {rows:,} rows, and \\copy others")
            server.run(f"DROP SCHEMA {schema} CASCADE")
            say(f"  round {number}: sink {speeds['sink'][-1]:,.0f} rows/s, \\copy {speeds['copy'][-1]:,.0f} rows/s")
    return Part(key="h", title=title, measures=measures(speeds, usages["sink"]), rounds=dict(usages))


def measures(speeds: dict[str, list[float]], sink: Sequence[Usage]) -> tuple[Measure, ...]:
    """Medians, and their ratio."""
    medians = {way: statistics.median(each) for way, each in speeds.items()}
    return (
        Measure("sink to \\copy, rows a second, ratio", medians["sink"] / medians["copy"], "x", RATIO, at_least=True),
        Measure("postgresql: sink", medians["sink"], "rows/s"),
        Measure("psql \\copy of CSV", medians["copy"], "rows/s"),
        Measure("peak memory, sink", peak_gigabytes(sink), "GB"),
    )


def loaded(landing: Path, work: Path) -> Path:
    """A workspace whose lake has the listens, and knows how many each day has."""
    folder = work / "warehouse"
    config = workspace(folder)
    deliver_all(landing, folder)
    for step in ("load", "compute"):
        hitparade(step, "--config", str(config))
    return config


def by_sink(server: Server, config: Path, schema: str, *, log: Path) -> tuple[Usage, float]:
    """Load a schema by the sink; the seconds are without the start of Python."""
    server.run("CHECKPOINT")
    usage = measured([sys.executable, "-m", "bench.warehouse_rows", str(config), server.url(schema)], log=log)
    return usage, float(log.read_text().splitlines()[-1])


def by_copy(server: Server, schema: str, csv: Path, *, log: Path) -> Usage:
    """Load a table like the sink's by psql."""
    server.run(f"CREATE TABLE {schema}.plain (LIKE {schema}.{TABLE} INCLUDING ALL)")
    server.run("CHECKPOINT")
    return measured(server.command(f"\\copy {schema}.plain FROM '{csv}' (FORMAT csv)"), log=log)
