"""Airflow's pages in a browser without a window: Chromium and its driver, as Debian has them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1800,800",
)
LOADING_SECONDS = 120
GRAPH, NODES = ".react-flow", ".react-flow__node"


@dataclass(frozen=True)
class Browser:
    """A browser at Airflow's address."""

    driver: Any
    waiting: Any
    address: str

    def log_in(self, user: str, password: str) -> None:
        """Log in on the page that asks for it."""
        self.driver.get(self.address)
        self.waiting.until(lambda _: self.found("[name=password]"))
        for name, value in (("username", user), ("password", password)):
            self.found(f"[name={name}]")[0].send_keys(value)
        self.found("button[type=submit]")[0].click()
        self.waiting.until(lambda _: self.found("nav, [href='/dags']") and not self.found("[name=password]"))

    def graph(self, dag_id: str, run_id: str, count: int) -> set[str]:
        """What is written on the nodes of a run's graph, once there are so many."""
        self.driver.get(f"{self.address}/dags/{dag_id}/runs/{quote(run_id)}")
        self.waiting.until(lambda _: dag_id in self.found("body")[0].text)
        self.waiting.until(self.as_graph)
        self.waiting.until(lambda _: len(self.found(NODES)) >= count)
        return {line for node in self.found(NODES) for line in node.text.splitlines()}

    def as_graph(self, _: Any) -> bool:
        """Whether the graph is there; the key for it is pressed while it is not."""
        if not self.found(NODES):
            self.found("body")[0].send_keys("g")
        return bool(self.found(NODES))

    def picture(self, file: Path) -> None:
        """Keep what is seen of the graph, as PNG."""
        file.parent.mkdir(parents=True, exist_ok=True)
        assert self.found(GRAPH)[0].screenshot(str(file))

    def found(self, selector: str) -> list[Any]:
        """The elements of the page that a CSS selector finds."""
        elements: list[Any] = self.driver.find_elements("css selector", selector)
        return elements


@contextmanager
def browser(address: str, profile: Path) -> Iterator[Browser]:
    """A browser with an empty profile, until the end of the block."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    waiting = pytest.importorskip("selenium.webdriver.support.ui")
    program, by = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or by is None:
        pytest.skip("there is no Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(by))
    try:
        yield Browser(driver, waiting.WebDriverWait(driver, LOADING_SECONDS), address)
    finally:
        driver.quit()
