"""Part j: pages of the dashboard on a year of listens, from the click to their last line, in Chromium."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.progress import say
from bench.result import Measure, Part
from bench.workspaces import Sample, deliver_all, generated, hitparade, workspace
from tests.dashboard.browser import IDLE, chromium, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Page

YEAR = Sample(10_000_000, 365, 50_000, 90_000, 365)
PAGES = ("Trends", "Hours", "Listeners", "Pipeline", "Charts")
SECONDS = 1.0
MAP = "[data-testid=stVegaLiteChart][aria-label='listens by day and hour'] path"


def pages(data: Path, work: Path, *, rounds: int) -> Part:
    """Every page, first as the first that anyone asks for, then again and again."""
    title = f"pages of the dashboard on {YEAR.listens:,} listens of {YEAR.days} days, from the click to the last line"
    if shutil.which("chromium") is None:
        return Part(key="j", title=title, skipped="there is no Chromium: apt-get install chromium")
    say(f"j: {title}")
    folder = work / "year"
    config = workspace(folder)
    deliver_all(generated(data, YEAR), folder)
    hitparade("run", "--config", str(config))
    with dashboard(config) as address, chromium() as browser, closing(browser.new_page()) as page:
        page.goto(address)
        page.locator(IDLE).wait_for()
        turns = [{name: seconds(partial(visit, page, name)) for name in PAGES} for _ in range(1 + rounds)]
        visit(page, "Hours")
        year = seconds(partial(see_a_year, page))
    return Part(
        key="j",
        title=title,
        measures=(
            *(Measure(f"{name}, for the first time", turns[0][name], "s", SECONDS) for name in PAGES),
            *(Measure(f"{name}, again", median(turn[name] for turn in turns[1:]), "s", SECONDS) for name in PAGES),
            Measure("Hours, from two weeks to a year", year, "s", SECONDS),
        ),
    )


def visit(page: Page, name: str) -> None:
    """Click on the link to a page, and see it whole."""
    page.get_by_role("link", name=name).click()
    page.locator("h1", has_text=name).wait_for()
    page.locator(IDLE).wait_for()


def see_a_year(page: Page) -> None:
    """Have the map of hours show a year."""
    page.get_by_text("1 year").click()
    page.wait_for_function("selector => document.querySelectorAll(selector).length > 8000", arg=MAP)
    page.locator(IDLE).wait_for()


def seconds(work: Callable[[], None]) -> float:
    """How long something takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
