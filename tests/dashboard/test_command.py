"""`hitparade dashboard` and `hitparade report`: what they refuse, and that Ctrl-C ends them while they start, too."""

from __future__ import annotations

import importlib.util
import signal
import socket
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from hitparade.cli.app import run as hitparade
from hitparade.cli.door import INTERRUPTED, WRONG
from tests.dashboard.browser import hears_interrupts
from tests.emulator.emulated import processes_with
from tests.shop import Shop
from tests.together import until


@pytest.fixture
def config(tmp_path: Path) -> str:
    """The settings of an empty workspace."""
    return str(Shop(tmp_path).root / "hitparade.toml")


def test_a_port_that_is_taken_is_told(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert hitparade(["dashboard", "--port", str(port), "--config", config]) == WRONG
    told = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in told
    assert "choose another --port" in told


@pytest.mark.parametrize("command", ["dashboard", "report"])
@pytest.mark.parametrize("settings", [None, "[ledger\n", "nonsense = 1\n"])
def test_settings_that_are_wrong_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, settings: str | None
) -> None:
    path = tmp_path / "hitparade.toml"
    if settings is not None:
        path.write_text(settings)
    assert hitparade([command, "--config", str(path)]) == WRONG
    told = capsys.readouterr().err
    assert "hitparade.toml" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("command", ["dashboard", "report"])
@pytest.mark.parametrize("library", ["streamlit", "altair", "jinja2", "vl_convert"])
def test_without_the_extra_it_says_what_to_install(
    config: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, library: str
) -> None:
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == library else find(name, package)

    monkeypatch.setattr("hitparade.dashboard.server.find_spec", without)
    assert hitparade([command, "--config", config]) == WRONG
    told = capsys.readouterr().err
    assert library in told
    assert "pip install 'hitparade[dashboard]'" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_while_it_starts_it_leaves_no_process(config: str, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "hitparade", "dashboard", "--port", "0", "--config", config]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hears_interrupts) as process:
        assert until(lambda: len(processes_with(config)) == 2, seconds=60)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert "error: interrupted" in told
    assert "Traceback" not in told
    assert processes_with(config) == []
