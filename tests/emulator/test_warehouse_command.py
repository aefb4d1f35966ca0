"""`hitparade emulate --warehouse`: what it tells and seeds, its end, and what it needs."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hitparade.config import read_settings
from hitparade.emulator.warehouse.cluster import installation
from tests.emulator.emulated import Emulated, emulator, outside, processes_with
from tests.emulator.warehouses import ROLE, driver, redshift_connector, run
from tests.postgres import with_programs
from tests.together import until

OPTIONS = ("--warehouse", "--warehouse-port", "0")
COUNT = "SELECT COUNT(*) FROM t"


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    with_programs()


@pytest.fixture(scope="module")
def seeded() -> Iterator[Emulated]:
    """An emulator with a warehouse and what leads there."""
    with emulator("--seed", *OPTIONS) as aws:
        yield aws


@contextlib.contextmanager
def connected(aws: Emulated) -> Iterator[Any]:
    """A connection of Redshift's own driver."""
    with redshift_connector.connect(**driver(aws.environment)) as connection:
        yield connection


def test_it_tells_how_to_connect(seeded: Emulated) -> None:
    told = {name: value for name, value in seeded.environment.items() if name.startswith("REDSHIFT_")}

    assert {**told, "REDSHIFT_PORT": "", "REDSHIFT_PASSWORD": ""} == {
        "REDSHIFT_HOST": "127.0.0.1",
        "REDSHIFT_PORT": "",
        "REDSHIFT_DB": "dev",
        "REDSHIFT_USER": "awsuser",
        "REDSHIFT_PASSWORD": "",
        "REDSHIFT_IAM_ROLE": ROLE,
    }
    with connected(seeded) as db:
        assert run(db, "SELECT current_user, current_database()") == [["awsuser", "dev"]]


def test_the_secret_and_the_settings_lead_there(seeded: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = seeded.client("secretsmanager").get_secret_value(SecretId="music-etl-secrets")["SecretString"]
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in seeded.environment.items():
        monkeypatch.setenv(name, value)

    settings = read_settings("s3://music-streaming-etl-data/hitparade.toml")

    assert json.loads(secret) == {name: value for name, value in seeded.environment.items() if "REDSHIFT" in name}
    assert settings.lake.namespace == "music_etl_pipeline"
    assert settings.place(settings.lake.location) == "s3://music-etl-processed-data/lake"
    assert settings.place(settings.landing.songs) == "s3://music-streaming-etl-data/metadata/songs"
    assert settings.sinks == ("redshift:?kpis=compute&sslmode=disable&staging=s3://music-etl-processed-data/staging",)


def test_it_copies_from_the_emulator_s_own_s3(seeded: Emulated, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": pa.array([1, 2, 3])}), tmp_path / "rows.parquet")
    seeded.client("s3").upload_file(str(tmp_path / "rows.parquet"), "music-etl-processed-data", "staging/rows.parquet")
    with connected(seeded) as db:
        run(db, "CREATE TABLE copied (a BIGINT)")
        run(
            db,
            "COPY copied FROM 's3://music-etl-processed-data/staging/rows.parquet' IAM_ROLE"
            f" '{seeded.environment['REDSHIFT_IAM_ROLE']}' FORMAT AS PARQUET",
        )
        assert run(db, "SELECT SUM(a) FROM copied") == [[6]]


def test_the_fifth_system_runs(seeded: Emulated) -> None:
    command = [sys.executable, "-m", "hitparade", "run", "--config", "s3://music-streaming-etl-data/hitparade.toml"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}

    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=300, env={**environment, **seeded.environment}
    )

    assert done.returncode == 0, done.stderr
    with connected(seeded) as db:
        listens, plays = (
            run(db, f"SELECT {what}")[0][0]
            for what in ("COUNT(*) FROM transformed_streams", "SUM(total_plays) FROM hourly_kpis")
        )
    assert listens == plays > 0


def test_it_listens_on_loopback_only(seeded: Emulated) -> None:
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:] + Path("/proc/net/tcp6").read_text().splitlines()[1:]
    listening = [line.split()[1].split(":") for line in lines if line.split()[3] == "0A"]
    port = f"{int(seeded.environment['REDSHIFT_PORT']):04X}"

    assert [address for address, found in listening if found == port] == ["0100007F"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_its_end_is_the_end_of_postgresql_and_of_its_folder(number: signal.Signals, code: int, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with emulator(*OPTIONS, log=log) as aws:
        with connected(aws) as db:
            (data,) = run(db, "SELECT setting FROM pg_settings WHERE name = 'data_directory'")[0]
        folder = Path(data).parent
        assert folder.exists()
        assert len(processes_with(str(folder))) > 1

        if number == signal.SIGINT:
            os.killpg(aws.process.pid, number)  # as a terminal does it
            assert aws.process.wait(60) == code
        else:
            assert aws.end(number) == code

    assert until(lambda: not processes_with(str(folder)), seconds=60)
    assert until(lambda: not folder.exists(), seconds=60)
    assert "Traceback" not in log.read_text()


def test_when_postgresql_dies_its_clients_are_told_and_so_are_new_ones(tmp_path: Path) -> None:
    with emulator(*OPTIONS) as aws, contextlib.closing(connected_by_psycopg(aws)) as db:
        (data,) = db.execute("SELECT setting FROM pg_settings WHERE name = 'data_directory'").fetchone() or ("",)
        lock = Path(data) / "postmaster.pid"
        os.kill(int(lock.read_text().split()[0]), signal.SIGQUIT)

        with pytest.raises(psycopg.OperationalError):
            db.execute("SELECT 1")
        assert until(lambda: not lock.exists(), seconds=60)
        with pytest.raises(psycopg.OperationalError, match="has ended"):
            connected_by_psycopg(aws)
        assert aws.client("s3").list_buckets()["Buckets"] == []


def connected_by_psycopg(aws: Emulated) -> psycopg.Connection[Any]:
    """A connection of PostgreSQL's own driver, which closes what it cannot use."""
    known = driver(aws.environment)
    return psycopg.connect(
        host=known["host"], port=known["port"], user=known["user"], password=known["password"], dbname="dev"
    )


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that the account which runs PostgreSQL can reach."""
    folder = Path(tempfile.mkdtemp(prefix="hitparade-kept-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_what_is_kept_is_there_after_a_kill_and_the_secret_is_of_today(reachable: Path) -> None:
    kept = str(reachable / "state")
    with emulator("--seed", *OPTIONS, "--data", kept) as aws:
        with connected(aws) as db:
            run(db, "CREATE TABLE t (a INTEGER)")
            run(db, "INSERT INTO t VALUES (1)")
            db.commit()
            run(db, "INSERT INTO t VALUES (2)")
        before = aws.environment["REDSHIFT_PORT"]
        aws.end(signal.SIGKILL)
    folder = reachable / "state" / "warehouse"
    assert until(lambda: not processes_with(str(folder)), seconds=60)

    with socket.socket() as taken:
        with contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", int(before)))  # so that the port is another
        with emulator("--seed", *OPTIONS, "--data", kept) as aws:
            with connected(aws) as db:
                assert run(db, COUNT) == [[1]]
            secret = aws.client("secretsmanager").get_secret_value(SecretId="music-etl-secrets")["SecretString"]
            assert json.loads(secret)["REDSHIFT_PORT"] == aws.environment["REDSHIFT_PORT"] != before
    account = installation().account
    assert folder.stat().st_uid == (pwd.getpwnam(account).pw_uid if account else os.geteuid())
    assert (reachable / "state").stat().st_mode & 0o007 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="for another user than root no account is changed")
def test_a_folder_that_the_account_cannot_reach_is_one_clear_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    done = started("--data", str(tmp_path / "state"))

    assert done.returncode == 2
    assert "PostgreSQL cannot keep its files there" in done.stderr
    assert "name a folder that this account can reach" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_one_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = started("--warehouse-port", str(taken.getsockname()[1]))

    assert done.returncode == 2
    assert done.stderr.splitlines()[1:] == ["  next: name another by --warehouse-port, or 0 for any free one"]


def test_without_its_extra_it_says_which(tmp_path: Path) -> None:
    (tmp_path / "pgpq.py").write_text("raise ModuleNotFoundError('gone', name='pgpq')\n")

    done = started(environment={"PYTHONPATH": str(tmp_path)})

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "error: the emulator (pgpq) needs an extra that is not installed",
        "  next: pip install 'hitparade[emulator]'",
    ]


def started(*options: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A command that is to fail."""
    command = [sys.executable, "-m", "hitparade", "emulate", "--port", "0", "--warehouse", *options]
    given = {**outside(), **(environment or {})}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=given)
