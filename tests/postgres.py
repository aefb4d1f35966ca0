"""A PostgreSQL of the tests' own: a throwaway cluster in a temporary folder, reached by a socket in it.

Import the fixture `postgres_url` where it is wanted. Without PostgreSQL's programs its tests skip.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SUPERUSER = "postgres"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A URL for SQLAlchemy, `postgresql+psycopg://...`, of a database that the whole session shares."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: no initdb in PATH or /usr/lib/postgresql/*/bin")
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    folder = Path(tempfile.mkdtemp(prefix="hitparade-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        yield from _cluster(programs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return installed[-1].parent if installed else None


def _cluster(programs: Path, folder: Path) -> Iterator[str]:
    if os.geteuid() == 0:
        shutil.chown(folder, SUPERUSER, SUPERUSER)
    data = folder / "data"
    options = f"-c fsync=off -c listen_addresses= -c unix_socket_directories={folder}"
    _as_postgres(
        *(programs / "initdb", "-D", data, "-A", "trust", "-U", SUPERUSER),
        *("--locale=C", "--encoding=UTF8", "--no-sync"),
    )
    _as_postgres(programs / "pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://{SUPERUSER}@/postgres?host={folder}"
    finally:
        _as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _as_postgres(*command: str | Path) -> None:
    """PostgreSQL refuses to run as root, so root runs it as the user that its package made."""
    prefix = ["runuser", "-u", SUPERUSER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *map(str, command)], check=False, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
