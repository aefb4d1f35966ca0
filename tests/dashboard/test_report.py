"""The report: one file that needs nothing else, says what the command line says, and prints on a few pages."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hitparade.cli.app import run as hitparade
from tests.dashboard.shown import (
    HIT,
    LAST,
    artists_shown,
    genres_shown,
    numbers_shown,
    shown,
    songs_shown,
    yesterday,
)
from tests.dashboard.test_pages import cells, numbers
from tests.shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MOST_BYTES = 50_000
HALF_WAY = """
import resource, signal, sys
from hitparade.cli.app import run
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
sys.exit(run(sys.argv[2:]))
"""
"""Runs a command that the system kills when it has written so many bytes of a file."""


@pytest.fixture(scope="module")
def report(shop: Shop) -> Path:
    """The report of the last day."""
    out = shop.root / "report.html"
    assert hitparade(["report", "--out", str(out), *config(shop)]) == 0
    return out


def test_a_report_names_nothing_of_the_network(report: Path) -> None:
    page = Named()
    page.feed(report.read_text())
    assert page.names == []
    assert re.findall(r"url\((?!#)[^)]*\)|@import", report.read_text()) == []
    assert "script" not in page.tags


def test_a_report_opens_offline_and_says_what_the_command_line_says(shop: Shop, report: Path, browser: Browser) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    with closing(browser.new_context(offline=True, viewport={"width": 1200, "height": 900})) as context:
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(report.as_uri())
        assert numbers(page) == numbers_shown(shop, LAST)
        assert [row[:4] + row[5:] for row in cells(page, "genres")] == [
            row[:4] + row[5:] for row in genres_shown(shop, LAST)
        ]
        genres = [row["genre"] for row in shown(shop, "top_genres_daily", LAST, "--limit", "4")]
        assert page.locator(".charts h3").all_inner_texts() == genres
        wanted = [row[:4] for genre in genres for row in songs_shown(shop, LAST, genre, limit=5)]
        assert [row[:4] for row in cells(page, "songs")] == wanted
        assert cells(page, "artists") == artists_shown(shop, LAST)
        assert page.get_by_text(HIT, exact=True).count() == 1
        assert page.locator("svg").count() >= 7
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
    assert complaints == []
    assert asked == [report.as_uri()]


def test_a_report_prints_on_a_few_pages_of_which_nothing_sticks_out(report: Path, browser: Browser) -> None:
    with closing(browser.new_page()) as page:
        page.goto(report.as_uri())
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 688, "height": 1000})  # A4 within its margins
        outside = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 100))"
        )
        printed = page.pdf(prefer_css_page_size=True)
    assert outside == []
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 8


def test_a_report_is_of_the_day_that_is_asked_for(shop: Shop, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert hitparade(["report", "--out", str(out), "--date", str(yesterday(LAST)), *config(shop)]) == 0
    assert '<p class="day">Monday, 1 July 2024</p>' in out.read_text()
    assert out.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [out]


def test_a_day_without_listens_names_the_nearest(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report.html"
    assert hitparade(["report", "--out", str(out), "--date", "2024-07-09", *config(shop)]) == 2
    told = capsys.readouterr().err
    assert "there are no listens on 2024-07-09" in told
    assert "there are some on 2024-07-01 and 2024-07-02" in told
    assert list(tmp_path.iterdir()) == []


def test_an_empty_lake_has_nothing_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = Shop(tmp_path / "workspace")
    assert hitparade(["report", "--out", str(tmp_path / "report.html"), *config(shop)]) == 2
    told = capsys.readouterr().err
    assert "there is nothing to report: no day has listens" in told
    assert "hitparade run" in told
    assert not (tmp_path / "report.html").exists()


def test_a_folder_that_is_not_there_may_be_there_later(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    out = shop.root / "nowhere" / "report.html"
    assert hitparade(["report", "--out", str(out), *config(shop)]) == 3
    told = capsys.readouterr().err
    assert f"cannot write {out}: No such file or directory" in told
    assert "choose another --out" in told


def test_a_report_that_is_killed_half_way_leaves_the_one_before(shop: Shop, report: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("the one before")
    assert report.stat().st_size > MOST_BYTES
    command = [sys.executable, "-c", HALF_WAY, str(MOST_BYTES), "report", "--out", str(out), *config(shop)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGXFSZ, done.stderr
    assert out.read_text() == "the one before"
    [half] = [path for path in tmp_path.iterdir() if path != out]
    assert half.stat().st_size == MOST_BYTES


class Named(HTMLParser):
    """The elements of a page, and the places that it names: but for itself, none should be."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element."""
        self.tags.add(tag)
        places = ("src", "srcset", "href", "xlink:href", "data", "action", "poster")
        self.names += [value for name, value in attrs if name in places and value and not value.startswith("#")]


def config(shop: Shop) -> list[str]:
    """The option that names the workspace."""
    return ["--config", str(shop.root / "hitparade.toml")]
