"""What every test starts from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.spark import spark as spark

LONGEST = ("simulation", "crashes", "fuzz", "rebuild", "promise", "parity", "warehouse/test_killed.py", "acceptance")
"""What takes minutes and comes in few files: begun last, it would leave all cores but one idle."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    here = Path(__file__).parent
    items.sort(key=lambda item: not item.path.relative_to(here).as_posix().startswith(LONGEST))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of this suite."""
    parser.addoption("--golden", action="store_true", help="Write golden texts anew instead of comparing with them.")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests recorded, whichever process ran them."""
    reports = [report for status in ("passed", "failed") for report in terminalreporter.stats.get(status, ())]
    figures = [value for report in reports for name, value in report.user_properties if name == "figures"]
    if figures:
        terminalreporter.section("figures")
        for value in figures:
            terminalreporter.line(str(value))


@pytest.fixture(autouse=True)
def silent_logs() -> Iterator[None]:
    """Commands set logging up for their process; the next test is another."""
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
