"""The pages in a real browser: they show what the command line shows, and their addresses say what is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hitparade.dashboard import words
from hitparade.dashboard.questions import FEWEST
from tests.dashboard.browser import IDLE, dashboard
from tests.dashboard.shown import (
    FIRST,
    HIT,
    LAST,
    NO_DAY_BEFORE,
    Cells,
    artists_shown,
    genres_shown,
    numbers_shown,
    shown,
    songs_shown,
    told,
)
from tests.shop import Shop
from tests.together import until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECONDS = 40
ROWS = "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim().replace(/\\n+/g, '\\n')))"
LABELS = "marks => marks.map(mark => mark.getAttribute('aria-label'))"
DIVERSITY, GROUP = "different tracks per listen by hour of the day", ("listeners of", "listens", "listeners")


def test_charts_show_what_the_command_line_shows(shop: Shop, browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        comes(lambda: numbers(page), numbers_shown(shop, LAST))
        comes(lambda: cells(page, "genres"), genres_shown(shop, LAST))
        comes(lambda: cells(page, "songs"), songs_shown(shop, LAST, "pop"))
        assert cells(page, "songs")[0][2:] == [f"{HIT}\nAnn, Bob", "1,200", "30"]
        comes(lambda: " · version 9 · up to date" in page.locator("body").inner_text(), True)


def test_a_day_and_a_genre_are_picked_and_stand_in_the_address(shop: Shop, browser: Browser, address: str) -> None:
    day = date(2024, 7, 1)
    with opened(browser, address) as page:
        page.get_by_role("button", name="Choose date").click()
        page.get_by_role("button", name="Monday, July 1, 2024").click()
        comes(lambda: cells(page, "genres"), genres_shown(shop, day))
        comes(lambda: cells(page, "songs"), songs_shown(shop, day, "pop"))  # a choice of before would be lost
        page.get_by_role("combobox", name="Genre").click()
        page.get_by_role("option", name="rock", exact=True).click()
        comes(lambda: cells(page, "songs"), songs_shown(shop, day, "rock"))
        assert numbers(page) == numbers_shown(shop, day)
        comes(lambda: sorted(page.url.partition("?")[2].split("&")), [f"date={day}", "genre=rock"])
        link = page.url
        page.get_by_role("link", name="Hours").click()
        comes(lambda: cells(page, "artists"), artists_shown(shop, day))
        page.get_by_role("link", name="Charts").click()
        comes(lambda: cells(page, "genres"), genres_shown(shop, day))
    with opened(browser, link) as page:
        comes(lambda: cells(page, "songs"), songs_shown(shop, day, "rock"))
        assert cells(page, "genres") == genres_shown(shop, day)
        assert page.get_by_role("combobox", name="Genre").input_value() == "rock"


@pytest.mark.parametrize("query", ["date=never&genre=<b>nosuch</b>", "date=1999-01-01"])
def test_a_wrong_day_or_genre_in_an_address_is_no_error(shop: Shop, browser: Browser, address: str, query: str) -> None:
    with opened(browser, f"{address}/?{query}") as page:
        comes(lambda: cells(page, "songs"), songs_shown(shop, LAST, "pop"))
        assert cells(page, "genres") == genres_shown(shop, LAST)


def test_trends_show_a_point_for_each_day_of_the_most_heard_genres(shop: Shop, browser: Browser, address: str) -> None:
    rows = [row for row in told(shop, "show", "genre_daily") if row["genre"] != "(unknown)"]
    total = Counter[str]()
    for row in rows:
        total[row["genre"]] += row["listen_count"]
    most = sorted(total, key=lambda genre: (-total[genre], genre))[:5]
    with opened(browser, f"{address}/trends") as page:
        for column, title in (("listen_count", "listens per day"), ("unique_listeners", "unique listeners per day")):
            points = {
                (day_named(row["listen_date"]), row["genre"], f"{row[column]:,}")
                for row in rows
                if row["genre"] in most
            }
            assert len(points) == 5 * len(most)
            comes(partial(said, page, title, "point", ("day", "genre", title)), points)


def test_hours_show_listens_diversity_and_artists(shop: Shop, browser: Browser, address: str) -> None:
    hours = shown(shop, "hourly", FIRST)
    with opened(browser, f"{address}/hours?date={FIRST}") as page:
        comes(lambda: cells(page, "artists"), artists_shown(shop, FIRST))
        comes(
            partial(said, page, "listens by hour of the day", "bar", ("hour", "listens")),
            {(str(row["listen_hour"]), f"{row['listen_count']:,}") for row in hours},
        )
        comes(
            partial(said, page, DIVERSITY, "point", ("hour", "different tracks per listen")),
            {(str(row["listen_hour"]), f"{row['track_diversity_index']:.3f}") for row in hours},
        )


def test_the_map_of_hours_has_every_day_until_the_one_picked(shop: Shop, browser: Browser, address: str) -> None:
    rows = told(shop, "show", "hourly")
    for day, days in ((LAST, 5), (date(2024, 6, 29), 2)):
        cells_of_map = {
            (day_named(row["listen_date"]), f"{row['listen_hour']}", f"{row['listen_count']:,}")
            for row in rows
            if row["listen_date"] <= str(day)
        }
        assert len({name for name, _, _ in cells_of_map}) == days
        with opened(browser, f"{address}/hours?date={day}") as page:
            comes(partial(said, page, "listens by day and hour", "rect mark", ("day", "hour", "listens")), cells_of_map)


def test_listeners_are_shown_in_groups_that_are_not_small(shop: Shop, browser: Browser, address: str) -> None:
    countries = shown(shop, "country_daily", LAST)
    ages = shown(shop, "age_band_daily", LAST)
    with opened(browser, f"{address}/listeners") as page:
        by_country = partial(said, page, "listens by country of listeners", "bar", GROUP)
        comes(lambda: bool(by_country()), True)
        listed = {name: (listens, listeners) for name, listens, listeners in by_country()}
        others = listed.pop("other countries")
        large = {row["country"]: row for row in countries if row["country"] in listed}
        assert listed == {
            name: (f"{row['listen_count']:,}", f"{row['unique_listeners']}") for name, row in large.items()
        }
        assert min(row["unique_listeners"] for row in large.values()) >= FEWEST
        assert others == (
            f"{sum(row['listen_count'] for row in countries if row['country'] not in large):,}",
            f"{sum(row['unique_listeners'] for row in countries if row['country'] not in large)}",
        )
        comes(
            partial(said, page, "listens by age of listeners", "bar", GROUP),
            {(row["age_band"], f"{row['listen_count']:,}", f"{row['unique_listeners']}") for row in ages},
        )
        times = partial(said, page, "listeners by listening time of the day", "bar", ("listeners", "from, minutes"))
        comes(lambda: sum(int(listeners) for listeners, _ in times()), len(shown(shop, "user_daily", LAST)))


def test_the_pipeline_is_shown_as_status_says(shop: Shop, browser: Browser, address: str) -> None:
    stands = told(shop, "status")
    columns = ("waiting", "loaded", "duplicate", "superseded", "quarantined", "rows_read", "rows_loaded")
    with opened(browser, f"{address}/pipeline") as page:
        comes(
            lambda: cells(page, "datasets"),
            [
                [each["dataset"], *(f"{each[column]:,}" for column in columns), f"{each['rows_rejected']:,}"]
                for each in stands["datasets"]
            ],
        )
        assert numbers(page) == {
            "listens": f"{stands['listens']:,}",
            "repeats left out": "0",
            "days": "5",
            "files waiting": "0",
            "days behind": "0",
            "to be published": "0",
        }
        rules = [["type", "user_id", "3"], ["type", "listen_time", "1"]]
        comes(lambda: [row[:3] for row in cells(page, "rules")], rules)
        comes(
            lambda: [[row[1], *row[3:]] for row in cells(page, "deliveries")],
            [
                [
                    f"streams/{each['uri'].rpartition('/')[2]}",
                    each["status"],
                    f"{each['rows_rejected']}",
                    each["reason"],
                ]
                for each in stands["flawed"]
            ],
        )


def test_pages_ask_nobody_but_the_dashboard(browser: Browser, address: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    with closing(browser.new_page()) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for place in ("", "trends", "hours", "listeners", "pipeline"):
            page.goto(f"{address}/{place}")
            page.locator("h1").wait_for()
            page.locator(IDLE).wait_for()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert complaints == []


def test_a_run_shows_on_an_open_page_by_itself(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    shop = Shop(tmp_path_factory.mktemp("empty"))
    with dashboard(shop.root / "hitparade.toml") as address, opened(browser, address) as page:
        page.get_by_text("Nothing to show yet.").wait_for()
        assert "hitparade run" in page.locator("[data-testid=stAlert]").inner_text()
        page.evaluate("window.unloaded = 'no'")
        shop.deliver("songs", "songs.csv", ["a,Ann,Album,Able,10,60000,pop"])
        shop.deliver("streams", "1.csv", [f"{who},a,{LAST} 08:00:00" for who in range(1, 4)])
        shop.run()
        comes(lambda: cells(page, "songs"), [["1", NO_DAY_BEFORE, "Able\nAnn", "3", "3"]])
        shop.deliver("streams", "2.csv", [f"{who},a,{LAST} 09:00:00" for who in range(1, 3)])
        shop.run()
        comes(lambda: cells(page, "songs"), [["1", NO_DAY_BEFORE, "Able\nAnn", "5", "3"]])
        assert page.evaluate("window.unloaded") == "no"


# ---- looking


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """A page at an address, on which nothing goes wrong."""
    complaints: list[str] = []
    with closing(browser.new_page(viewport={"width": 1400, "height": 1000})) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.locator("h1").wait_for()
        yield page
        assert page.locator("[data-testid=stException], [data-testid=stAlertContentError]").count() == 0
    assert complaints == []


def comes(look: Callable[[], object], wanted: object) -> None:
    """Wait until a look at a page sees what is wanted."""
    until(lambda: look() == wanted, seconds=SECONDS)
    assert look() == wanted


def cells(page: Page, name: str) -> Cells:
    """The cells of a table, row by row."""
    found: Cells = page.locator(f"table.{name} tbody tr").evaluate_all(ROWS)
    return found


def numbers(page: Page) -> dict[str, str]:
    """The numbers on top of a page."""
    found: list[str] = page.locator(".numbers dt, .numbers dd").all_inner_texts()
    return dict(zip(found[::2], found[1::2], strict=True))


def day_named(day: str) -> str:
    """A day as pictures name it."""
    return words.day(date.fromisoformat(day)).partition(", ")[2]


def said(page: Page, title: str, kind: str, names: Sequence[str]) -> set[tuple[str, ...]]:
    """What the marks of a picture say of themselves to who cannot see them, by the names of what they say."""
    picture = page.locator(f"[data-testid=stVegaLiteChart][aria-label='{title}']")
    labels: list[str] = picture.locator(f"[aria-roledescription='{kind}']").evaluate_all(LABELS)
    found = [dict(part.split(": ", 1) for part in label.split("; ")) for label in labels]
    return {tuple(label[name] for name in names) for label in found}
