"""The logic of pages, without a browser: days without listens, little data, sinks, and lakes that do not open."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hitparade.errors import HitParadeError
from tests.dashboard.shown import LAST, genres_shown
from tests.s3 import moto_server
from tests.shop import Shop

streamlit = pytest.importorskip("streamlit.testing.v1", reason="pip install 'hitparade[dashboard]'")

SCREENS = ("charts", "trends", "hours", "listeners", "pipeline")
APP = Path(sys.modules["hitparade"].__file__ or "").parent / "dashboard" / "app.py"
SECONDS = 60
Look = Callable[..., Any]


def page(name: str, location: str, source: str | None) -> None:
    """A page on its own; it runs as a script of its own, so it imports what it needs."""
    from importlib import import_module

    from hitparade.dashboard.place import opened

    import_module(f"hitparade.dashboard.screens.{name}").show(opened(location, source))


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    """Runs the whole app at a place, or one page alone; what was opened is closed."""
    from hitparade.dashboard.place import opened

    seen: set[tuple[str, str | None]] = set()

    def at(location: Path, *, source: str | None = None, screen: str | None = None) -> Any:
        place = (str(location), source)
        seen.add(place)
        options = ["--config", str(location), *(["--from", source] if source else [])]
        monkeypatch.setattr(sys, "argv", [str(APP), *options])
        app = streamlit.AppTest
        made = app.from_function(page, args=(screen, *place)) if screen else app.from_file(str(APP))
        made.default_timeout = SECONDS
        return made.run()

    yield at
    for place in seen:
        with suppress(HitParadeError):
            opened(*place).ends.close()
    opened.clear()


def test_a_day_is_chosen_and_nothing_else_stands_on_the_page(shop: Shop, look: Look) -> None:
    app = look(config(shop))
    assert texts(app.markdown) == ["**Tuesday, 2 July 2024**"]
    assert (app.date_input[0].min, app.date_input[0].max) == (date(2024, 6, 28), LAST)
    app.date_input[0].set_value(date(2024, 6, 30)).run()
    assert texts(app.markdown) == ["**Sunday, 30 June 2024**"]
    assert not app.exception
    [genres] = [body for body in bodies(app) if 'class="genres"' in body]
    for row in genres_shown(shop, date(2024, 6, 30)):
        assert f">{row[2]}<" in genres
        assert f'<td class="number">{row[3]}</td><td class="number wide">{row[4]}</td>' in genres


@pytest.mark.parametrize("screen", SCREENS[:4])
def test_a_day_without_listens_names_the_nearest(gap: Shop, look: Look, screen: str) -> None:
    app = look(config(gap), screen=screen)
    app.date_input[0].set_value(date(2024, 7, 2)).run()
    nearest = "There are no listens on that day. The nearest day with listens is Monday, 1 July 2024."
    assert texts(app.info) == [nearest]
    assert not app.exception


@pytest.mark.parametrize("screen", SCREENS)
def test_one_day_of_few_listeners_is_enough(one_day: Shop, look: Look, screen: str) -> None:
    app = look(config(one_day), screen=screen)
    assert not app.exception
    assert not app.error
    few = "Fewer than 5 listeners: too few to be shown."
    assert texts(app.info) == ([few, few, few] if screen == "listeners" else [])


@pytest.mark.parametrize("screen", SCREENS)
def test_without_a_catalogue_there_are_listens_and_no_genres(no_catalogue: Shop, look: Look, screen: str) -> None:
    app = look(config(no_catalogue), screen=screen)
    assert not app.exception
    assert not app.error
    told = " ".join([*texts(app.info), *bodies(app)])
    assert (screen in ("charts", "trends")) == ("has a genre in the catalogue" in told)
    assert (screen == "hours") == ("not in the catalogue" in told.replace("has a genre in the catalogue", ""))


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("kind", ["files", "dynamodb"])
def test_a_sink_is_looked_at_as_far_as_it_holds_something(
    sinks: dict[str, str], look: Look, kind: str, screen: str
) -> None:
    location = Path(sinks["workspace"]) / "hitparade.toml"
    app = look(location, source=sinks[kind], screen=screen)
    assert not app.exception
    assert not app.error
    few, not_held = "Fewer than 5 listeners", "does not hold this; the lake does"
    told = {"pipeline": ["A sink has no ledger"], "listeners": [few, *[not_held if kind == "dynamodb" else few] * 2]}
    assert all(part in info for part, info in zip(told.get(screen, []), texts(app.info), strict=True))
    if screen == "charts":
        assert any("Able" in body for body in bodies(app))


@pytest.fixture(scope="module")
def gap(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Two days, with others between them."""
    return small(tmp_path_factory.mktemp("gap"), date(2024, 7, 1), date(2024, 7, 5))


@pytest.fixture(scope="module")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A single day."""
    return small(tmp_path_factory.mktemp("one"), LAST)


@pytest.fixture(scope="module")
def no_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A day of tracks that nobody knows."""
    return small(tmp_path_factory.mktemp("unknown"), LAST, songs=())


@pytest.fixture(scope="module")
def sinks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A workspace whose charts are served from files and from DynamoDB."""
    with moto_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        root = tmp_path_factory.mktemp("sinks")
        urls = {"files": "files:exports", "dynamodb": "dynamodb:?prefix=dashboard_"}
        small(root, date(2024, 7, 1), LAST, settings=f"sinks = {list(urls.values())}")
        yield {"workspace": str(root)} | urls


@pytest.mark.parametrize("settings", [None, "[ledger\n"])
def test_settings_that_cannot_be_read_are_told_without_a_traceback(
    tmp_path: Path, look: Look, settings: str | None
) -> None:
    if settings is not None:
        (tmp_path / "hitparade.toml").write_text(settings)
    app = look(tmp_path / "hitparade.toml")
    assert not app.exception
    assert "hitparade.toml" in texts(app.error)[0]


def test_a_lake_that_does_not_open_is_told_without_a_traceback(tmp_path: Path, look: Look) -> None:
    shop = small(tmp_path, LAST)
    for file in (tmp_path / "lake").glob("*.db*"):
        file.write_bytes(b"this is no database" * 100)
    app = look(config(shop))
    assert not app.exception
    assert "ledger" in texts(app.error)[0]


# ---- what there is, and what is seen


def small(
    root: Path, *days: date, songs: tuple[str, ...] = ("a,Ann,Album,Able,10,60000,pop",), settings: str = ""
) -> Shop:
    """A workspace of three listens a day."""
    shop = Shop(root, settings=settings)
    if songs:
        shop.deliver("songs", "songs.csv", songs)
    shop.deliver("streams", "1.csv", [f"{who},a,{day} 08:00:00" for day in days for who in range(1, 4)])
    shop.run()
    return shop


def config(shop: Shop) -> Path:
    """A workspace's settings."""
    return shop.root / "hitparade.toml"


def texts(elements: Any) -> list[str]:
    """What elements of a kind say."""
    return [element.value for element in elements]


def bodies(app: Any) -> list[str]:
    """The pieces of HTML."""
    return [element.proto.body for element in app.get("html")]
