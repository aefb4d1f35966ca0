"""The dashboard's server: Streamlit as a process of its own, on loopback unless told otherwise, until Ctrl-C."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from hitparade.errors import ConfigError, MissingExtra

APP = Path(__file__).with_name("app.py")
OPTIONS = {
    "server.headless": "true",
    "runner.magicEnabled": "false",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.base": "light",
    "theme.headingFontSizes": '["1.9rem","1.5rem","1.25rem","1.1rem","1rem","1rem"]',
    "theme.primaryColor": "#0072B2",
    "theme.font": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
}
LOOK_SECONDS = 0.1
LIBRARIES = ("streamlit", "altair", "jinja2", "vl_convert")


def see_libraries() -> None:
    """MissingExtra unless everything that pages need is installed."""
    if missing := [library for library in LIBRARIES if find_spec(library) is None]:
        raise MissingExtra(f"the dashboard ({', '.join(missing)})", "dashboard")


def free_port(host: str, port: int) -> int:
    """The port, if it may be listened on there, or any free one for 0; ConfigError says what is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            found: int = probe.getsockname()[1]
    except OSError as error:
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}", hint="choose another --port") from error
    return found


def command(host: str, port: int, arguments: Sequence[str]) -> list[str]:
    """What runs the app at an address, with the arguments of `app.arguments`."""
    options = OPTIONS | {"server.address": host, "server.port": str(port)}
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [sys.executable, "-m", "hitparade.dashboard.warm", "run", str(APP), *flags, "--", *arguments]


def serve(host: str, port: int, arguments: Sequence[str], *, begun: Callable[[], None]) -> int:
    """Run the app until it ends; its exit code. `begun` is called once it answers.

    Ctrl-C is for us alone, since the server would answer it with a traceback while it starts; nor does it outlive us
    when we are asked to end otherwise.
    """
    asked: list[int] = []
    server: subprocess.Popen[bytes] | None = None

    def ask(number: int, _: object) -> None:
        asked.append(number)
        if server is not None:
            server.kill() if len(asked) > 1 else server.terminate()

    with hearing(ask):
        options = command(host, port, arguments)
        server = subprocess.Popen(options, stdout=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our own
        with server:
            try:
                if not asked and answers(server, host, port):
                    begun()
                    server.wait()
            finally:
                server.terminate()
    if asked:
        raise KeyboardInterrupt
    return server.returncode


@contextmanager
def hearing(ask: Callable[[int, object], None]) -> Iterator[None]:
    """Call something for each signal that asks for an end."""
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def answers(server: subprocess.Popen[bytes], host: str, port: int) -> bool:
    """Wait until a server takes connections; False when it has ended instead."""
    while True:
        with suppress(OSError), socket.create_connection((host, port), timeout=LOOK_SECONDS):
            return True
        with suppress(subprocess.TimeoutExpired):
            server.wait(LOOK_SECONDS)
            return False
