"""The dashboard as a process of its own, and a Chromium without a window that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hitparade.cli.door import INTERRUPTED
from tests.emulator.emulated import processes_with
from tests.together import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
STARTING_SECONDS, ENDING_SECONDS = 90, 30
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
"""What there is on a page when nothing more of it is to come."""
READY = re.compile(r"the dashboard is at (http://127\.0\.0\.1:\d+), until Ctrl-C")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window: the system's, else Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    with playwright.sync_playwright() as driver:
        program = shutil.which("chromium") or driver.chromium.executable_path
        if not Path(program).exists():
            pytest.skip("there is no Chromium: apt-get install chromium, or playwright install chromium")
        browser = driver.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def dashboard(config: Path, *options: str) -> Iterator[str]:
    """The address of `hitparade dashboard`, which answers. Ctrl-C ends it, and every process that it began."""
    command = [sys.executable, "-m", "hitparade", "dashboard", "--port", "0", "--config", str(config), *options]
    told = config.parent / "dashboard.err"
    # Whoever starts tests in the background hands an ignored Ctrl-C on.
    with told.open("w") as errors:
        process = subprocess.Popen(command, stderr=errors, preexec_fn=hears_interrupts)
    try:
        assert until(lambda: READY.search(told.read_text()) is not None, seconds=STARTING_SECONDS), told.read_text()
        found = READY.search(told.read_text())
        assert found is not None
        yield found[1]
        assert process.poll() is None, f"{process.poll()}: {told.read_text()}"
        assert len(processes_with(str(config))) == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(ENDING_SECONDS) == INTERRUPTED
        assert processes_with(str(config)) == []
        assert "Traceback" not in told.read_text()
    finally:
        process.kill()
        process.wait()
        for pid in processes_with(str(config)):
            os.kill(pid, signal.SIGKILL)


def hears_interrupts() -> None:
    """Ctrl-C as it is on a terminal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
