"""dynalite, a DynamoDB of the tests' own on loopback, which enforces the real one's limits on sizes and numbers.

Without npm's dynalite in tests/node the tests that ask for it skip.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3 import LOOPBACK, Server

PROGRAM = Path(__file__).with_name("node") / "node_modules" / "dynalite" / "cli.js"
DEADLINE = 30.0


@contextlib.contextmanager
def dynalite() -> Iterator[Server]:
    """A dynalite, in memory, whose tables are ready at once."""
    node = shutil.which("node")
    if node is None or not PROGRAM.exists():
        pytest.skip("dynalite is not installed: npm ci --prefix tests/node")
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    times = [f"--{name}TableMs=0" for name in ("create", "update", "delete")]
    process = subprocess.Popen(
        [node, str(PROGRAM), f"--host={LOOPBACK}", f"--port={port}", *times],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    with process:
        try:
            wait_for(port, process)
            yield Server(f"http://{LOOPBACK}:{port}")
        finally:
            process.kill()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once it takes connections."""
    deadline = time.monotonic() + DEADLINE
    while True:
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"dynalite did not start: it ended with {process.poll()}")
        time.sleep(0.05)
