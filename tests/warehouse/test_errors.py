"""What a warehouse may refuse: one error and the next step, and nobody's password."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from hitparade import pipeline
from hitparade.cli.app import run
from hitparade.cli.door import DONE, LATER, WRONG
from tests.shop import Shop
from tests.warehouse.gate import LONGEST, NAME
from tests.warehouse.places import assert_same, on_postgres

HUSH = "hush-hush"


@pytest.fixture
def folder(postgres_url: str) -> Path:
    """Where the socket is of a server that knows two more: one who may come in, and one who may not."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as server:
        for name, may in (("reader", "LOGIN"), ("hidden", "NOLOGIN")):
            if not server.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchall():
                server.execute(f"CREATE ROLE {name} {may}")
    return Path(postgres_url.partition("host=")[2])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A workspace with something to publish."""
    shop = Shop(tmp_path)
    shop.deliver("songs", "songs.csv", ["a,A,Al,Ta,1,1000,pop"])
    shop.deliver("streams", "one.csv", ["1,a,2024-06-01 10:00:00"])
    with shop.open() as ws:
        pipeline.load(ws)
        pipeline.compute(ws)
    return shop


def to(shop: Shop, url: str) -> Shop:
    """The workspace with another sink."""
    config = shop.root / "hitparade.toml"
    config.write_text(f'sinks = ["{url}"]\n{config.read_text()}')
    return shop


def publish(shop: Shop) -> int:
    """The exit code of a publish that tells everything."""
    return run(["publish", "--verbose", "--config", str(shop.root / "hitparade.toml")])


@contextmanager
def by_tcp(folder: Path) -> Iterator[int]:
    """A port of this machine that leads to a socket, bytes as they are: a PostgreSQL that has no TLS."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listening.settimeout(LONGEST)
        threads: list[threading.Thread] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, server = stack.enter_context(listening.accept()[0]), stack.enter_context(unix())
                    server.connect(str(folder / NAME))
                    for pair in ((client, server), (server, client)):
                        threads.append(threading.Thread(target=carry, args=pair))
                        threads[-1].start()

        def unix() -> socket.socket:
            return socket.socket(socket.AF_UNIX)

        def carry(one: socket.socket, other: socket.socket) -> None:
            with suppress(OSError):
                while some := one.recv(65_536):
                    other.sendall(some)
            with suppress(OSError):
                other.shutdown(socket.SHUT_RDWR)

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join(LONGEST)
        for thread in threads:
            thread.join(LONGEST)


def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


THERE = "see that the server is there and has room, then run again"
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hitparade'"
RIGHTS = "see that the database, the user and the rights are there"


@pytest.mark.parametrize(
    ("url", "code", "said", "hint"),
    [
        ("postgresql://postgres:{hush}@127.0.0.1:{closed}/postgres", LATER, "Connection refused", THERE),
        ("postgresql://postgres:{hush}@/postgres?host={folder}/nothing", LATER, "No such file", THERE),
        ("postgresql://postgres:{hush}@/nothing?host={folder}", WRONG, 'database "nothing" does not exist', RIGHTS),
        ("postgresql://nobody:{hush}@/postgres?host={folder}", WRONG, 'role "nobody" does not exist', RIGHTS),
        ("postgresql://hidden:{hush}@/postgres?host={folder}", WRONG, "not permitted to log in", RIGHTS),
        ("postgresql://reader:{hush}@/postgres?host={folder}", WRONG, "permission denied for schema public", RIGHTS),
        (
            "postgresql://reader:{hush}@/postgres?host={folder}&schema=mine",
            WRONG,
            "permission denied for database",
            RIGHTS,
        ),
        ("postgresql://postgres:{hush}@127.0.0.1:{port}/postgres", WRONG, "does not support SSL", "sslmode=disable"),
    ],
)
def test_what_is_wrong_is_said_once_and_no_password(
    shop: Shop, folder: Path, capsys: pytest.CaptureFixture[str], url: str, code: int, said: str, hint: str
) -> None:
    with by_tcp(folder) as port:
        to(shop, url.format(hush=HUSH, folder=folder, closed=closed_port(), port=port))
        assert publish(shop) == code

    told = capsys.readouterr()
    errors = [line for line in told.err.splitlines() if line.startswith("error: ")]
    hints = [line for line in told.err.splitlines() if line.startswith("  next: ")]
    assert (len(errors), len(hints)) == (1, 1)
    assert said in errors[0]
    assert hint in hints[0]
    assert HUSH not in told.out + told.err


def test_who_may_use_a_schema_needs_no_right_to_make_one(shop: Shop, folder: Path, postgres_url: str) -> None:
    place = on_postgres(postgres_url)
    with place.connected() as db:
        db.execute(f"CREATE SCHEMA {place.schema} AUTHORIZATION reader")
    assert publish(to(shop, place.url.replace("//postgres@", "//reader@"))) == DONE
    assert_same(shop, place)


def test_a_server_without_tls_is_used_by_who_says_so(shop: Shop, folder: Path, postgres_url: str) -> None:
    place = on_postgres(postgres_url)
    with by_tcp(folder) as port:
        url = f"postgresql://postgres:{HUSH}@127.0.0.1:{port}/postgres?sslmode=disable&schema={place.schema}"
        assert publish(to(shop, url)) == DONE
    assert_same(shop, place)


def test_who_watches_goes_on_when_the_server_is_back(shop: Shop, postgres_url: str) -> None:
    place = on_postgres(postgres_url)
    to(shop, place.url)

    def rounds() -> Iterator[None]:
        yield
        assert len(place.rows(TERMINATE)) == 1
        shop.deliver("streams", "two.csv", ["1,a,2024-06-02 10:00:00"])
        yield
        assert len(place.listens()) == 1
        yield

    with shop.open() as ws:
        assert len(list(pipeline.watch(ws, pause=rounds()))) == 2
    assert len(place.listens()) == 2
    assert_same(shop, place)


def test_a_server_that_only_reads_refuses(
    shop: Shop, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = on_postgres(postgres_url)
    assert publish(to(shop, place.url)) == DONE
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_read_only=on")
    assert publish(shop) == WRONG
    assert "read-only transaction" in capsys.readouterr().err


def test_who_reads_makes_no_schema(shop: Shop, postgres_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    place = on_postgres(postgres_url)
    assert run(["show", "hourly", "--from", place.url, "--config", str(shop.root / "hitparade.toml")]) == WRONG
    assert "holds no kpi_hourly" in capsys.readouterr().err
    with psycopg.connect(place.direct) as db:
        assert db.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [place.schema]).fetchall() == []
