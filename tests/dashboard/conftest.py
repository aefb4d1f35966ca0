"""One small workspace that pages and reports are of, and one browser to look at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from hitparade.cli.app import run as hitparade
from tests.dashboard.browser import chromium, dashboard
from tests.dashboard.shown import HIT, LAST
from tests.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZE = "--listens 8000 --days 5 --users 300 --tracks 300 --files 5 --start 2024-06-28"


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Five days, a hit of more than a thousand listens, rejected rows of two rules, and a quarantined file."""
    shop = Shop(tmp_path_factory.mktemp("dashboard"))
    assert hitparade(["generate", "--config", str(shop.root / "hitparade.toml"), *SIZE.split()]) == 0
    shop.deliver("songs", "hit.csv", [f'hit,Ann;Bob,Album,"{HIT}",90,180000,pop'])
    heard = [f"{who},hit,{LAST} 20:{minute:02}:00" for who in range(1, 31) for minute in range(40)]
    shop.deliver("streams", "flawed.csv", [*heard, f"x,hit,{LAST} 08:00:00", "1,hit,never", f"y,hit,{LAST} 08:00:00"])
    shop.deliver("streams", "broken.csv", [f"x,hit,{LAST} 08:00:00"])
    shop.run()
    return shop


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="session")
def address(shop: Shop, browser: Browser) -> Iterator[str]:
    """Where the pages of the workspace are; the browser is asked for first, since without it nothing is started."""
    with dashboard(shop.root / "hitparade.toml") as found:
        yield found
