"""The pictures of docs/dashboard/, taken of the sample data: `make screenshots`.

The sample's catalogue, seed and days are always the same, so pictures differ only where pages do. Their sizes are those
at which pages are looked at: on a desk and in a hand.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hitparade.cli.app import run
from hitparade.cli.door import DONE, FLAWED
from tests.dashboard.browser import chromium, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(__file__).parents[2] / "docs" / "dashboard"
PAGES = {"charts": "", "trends": "trends", "hours": "hours", "listeners": "listeners", "pipeline": "pipeline"}
WIDE, NARROW, LEAST_HEIGHT, MOST_HEIGHT = 1280, 400, 700, 1500
SAMPLE = (
    "--listens",
    "200000",
    "--days",
    "28",
    "--files",
    "28",
    "--users",
    "4000",
    "--start",
    "2024-05-29",
    "--hostile",
)
SETTLED_MS = 1500


def take(folder: Path) -> None:
    """Make a workspace with sample data, and a picture of each page in each width; and the report as it prints."""
    work = Path(tempfile.mkdtemp(prefix="hitparade-pictures-"))
    config = str(work / "hitparade.toml")
    for command in (["init", str(work)], ["generate", "--config", config, *SAMPLE], ["run", "--config", config]):
        if run(command) not in (DONE, FLAWED):
            sys.exit(f"hitparade {command[0]} failed")
    folder.mkdir(parents=True, exist_ok=True)
    with dashboard(Path(config)) as address, chromium() as browser:
        for width in (WIDE, NARROW):
            page = browser.new_page(viewport={"width": width, "height": LEAST_HEIGHT})
            for name, path in PAGES.items():
                page.goto(f"{address}/{path}")
                picture(page, folder / f"{name}-{width}.png", width)
        report = work / "report.html"
        run(["report", "--config", config, "--out", str(report)])
        page = browser.new_page(viewport={"width": 800, "height": LEAST_HEIGHT})
        page.goto(report.as_uri())
        page.screenshot(path=folder / "report.png")


def picture(page: Page, file: Path, width: int) -> None:
    """A picture of a page, as high as what is on it."""
    page.wait_for_selector(".freshness")
    page.wait_for_timeout(SETTLED_MS)  # pictures grow into their places
    page.mouse.move(0, 0)
    height = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
    page.set_viewport_size({"width": width, "height": min(max(LEAST_HEIGHT, height), MOST_HEIGHT)})
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=file)
    page.set_viewport_size({"width": width, "height": LEAST_HEIGHT})


if __name__ == "__main__":
    take(FOLDER)
