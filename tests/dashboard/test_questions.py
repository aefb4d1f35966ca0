"""What is asked of the charts: moves, bins, and that nobody is shown alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser

import pytest

from hitparade.charts import Charts
from hitparade.dashboard import questions
from hitparade.dashboard.fragments import fragment
from hitparade.dashboard.questions import FEWEST, Bin, Group, Move, Song, moved
from tests.shop import Shop

MONDAY, TUESDAY, THURSDAY = date(2024, 7, 1), date(2024, 7, 2), date(2024, 7, 4)
FULL, FEW, ONE_LONG = date(2024, 8, 1), date(2024, 8, 2), date(2024, 8, 3)
SONGS = [
    "p,Ann; Bob ;,A,Pop Song,10,60000,pop",
    "q,,A,,10,60000,pop",
    "r,Cid,A,Rock Song,10,60000,rock",
    "j,Dee,A,Jazz Song,10,60000,jazz",
    "f,Eve,A,Folk Song,10,60000,folk",
    "l,Eve,A,Long Song,10,3600000,drone",
    "n,,A,No Duration,10,,noise",
]
HEARD = {
    MONDAY: {"p": 4, "r": 3, "j": 2, "q": 1},
    TUESDAY: {"r": 4, "p": 2, "q": 3, "j": 2, "f": 1},
    THURSDAY: {"r": 1},
}
LANDS = {"Ghana": 6, "Peru": 3, "Chile": 2, "Land": 5}
HOSTILE = ("<script>alert(1)</script>", "🎵🇬🇭 \u202eabc", "x" * 300, "\"' onmouseover='alert(1)", "a & b < c")


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Charts]:
    """Days of charts that move, and days of listeners from many and from few places."""
    shop = Shop(tmp_path_factory.mktemp("questions"))
    shop.deliver("songs", "songs.csv", SONGS)
    people = [land for land, many in LANDS.items() for _ in range(many)]
    lands = [f"{who},One,{15 + who},{land},2024-01-01" for who, land in enumerate(people, start=1)]
    crowd = [f"{100 + who},One,40,Place {who // FEWEST:02},2024-01-01" for who in range(18 * FEWEST)]
    shop.deliver("users", "users.csv", [*lands, *crowd])
    moves = [
        f"{who},{track},{day} 08:00:{who:02}"
        for day, tracks in HEARD.items()
        for track, many in tracks.items()
        for who in range(1, many + 1)
    ]
    # Everybody once, then those of Ghana and Peru, one of whom listens for long, and strangers; none has a duration.
    full = [f"{who},p,{FULL} 10:00:00" for who in [*range(1, len(people) + 1), *range(100, 100 + 18 * FEWEST)]]
    few = [f"{who},p,{FEW} 10:00:00" for who in range(1, 9)]
    few += [
        *(f"1,l,{FEW} {hour:02}:00:00" for hour in range(3)),
        *(f"{who},n,{FEW} 11:00:00" for who in range(900, 905)),
    ]
    long = [*(f"{who},p,{ONE_LONG} 10:00:00" for who in range(100, 190)), f"100,l,{ONE_LONG} 11:00:00"]
    shop.deliver("streams", "streams.csv", [*moves, *full, *few, *long])
    shop.run()
    with Charts.open(shop.root) as opened:
        yield opened


def test_a_chart_says_how_each_place_has_moved(charts: Charts) -> None:
    assert {each.name: each.move for each in questions.top_genres(charts, TUESDAY)} == {
        "pop": Move("same"),
        "rock": Move("same"),
        "jazz": Move("same"),
        "folk": Move("new"),
    }
    songs = questions.top_songs(charts, TUESDAY, "pop")
    assert [(each.track, each.position, each.move) for each in songs] == [
        ("q", 1, Move("up", 1)),
        ("p", 2, Move("down", 1)),
    ]
    assert [each.move for each in questions.top_genres(charts, MONDAY)] == [Move("unknown")] * 3
    assert [each.move for each in questions.top_genres(charts, THURSDAY)] == [Move("unknown")]


def test_a_move_is_told_apart_from_there_being_no_day_before() -> None:
    places = {"a": 1, "b": 9}
    found = [moved(position, places, key) for position, key in ((1, "a"), (4, "a"), (2, "b"), (3, "c"))]
    assert found == [Move("same"), Move("down", 3), Move("up", 7), Move("new")]
    assert moved(1, {}, "a") == Move("unknown")


def test_a_place_has_its_numbers_and_its_share_of_the_first(charts: Charts) -> None:
    first, second, *_ = questions.top_genres(charts, TUESDAY)
    assert (first.name, first.listens, first.listeners, first.milliseconds, first.share) == ("pop", 5, 3, 300_000, 1)
    assert (second.name, second.listens, second.share) == ("rock", 4, 0.8)
    nameless, named = questions.top_songs(charts, TUESDAY, "pop")
    assert (nameless.name, nameless.artists) == ("q", "")
    assert (named.name, named.artists, named.listens, named.share) == ("Pop Song", "Ann, Bob", 2, 2 / 3)


def test_a_day_in_numbers(charts: Charts) -> None:
    assert questions.in_numbers(questions.day_in_numbers(charts, TUESDAY)) == [
        ("listens", "12"),
        ("listeners", "4"),
        ("listened", "12 min"),
        ("genres", "4"),
    ]


def test_a_country_of_few_listeners_is_never_shown_alone(charts: Charts) -> None:
    full = questions.countries(charts, FULL)
    assert len(full) == questions.COUNTRIES_SHOWN + 1
    assert full[0] == Group("Ghana", 6, 6, 360_000)
    # Chile and Peru are too small, and five places come after the largest.
    assert full[-1] == Group("other countries", *(5 * FEWEST + 5,) * 2, (5 * FEWEST + 5) * 60_000)
    assert not {"Chile", "Peru"} & {each.name for each in full}
    # Two of Peru are too few even together, and strangers stand at the end.
    assert [(each.name, each.listens, each.listeners) for each in questions.countries(charts, FEW)] == [
        ("Ghana", 9, 6),
        ("(unknown)", 5, 5),
    ]
    assert questions.countries(charts, THURSDAY) == ()


def test_an_age_of_few_listeners_is_never_shown_alone(charts: Charts) -> None:
    # They are 16 to 31 years old, two of them below 18, and the crowd is 40.
    assert [(each.name, each.listeners) for each in questions.age_bands(charts, FULL)] == [
        ("18-24", 7),
        ("25-34", 7),
        ("35-44", 18 * FEWEST),
    ]
    # Of eight, two are below 18.
    assert [(each.name, each.listeners) for each in questions.age_bands(charts, FEW)] == [
        ("18-24", 6),
        ("(unknown)", 5),
    ]


def test_no_listener_is_lost_among_listening_times(charts: Charts) -> None:
    even = questions.listening_times(charts, FULL)
    assert [(each.start, each.end, each.listeners) for each in even] == [
        *((at / 4, at / 4 + 0.25, 0) for at in range(4)),
        (1, 1.25, len(charts.read("user_daily", date=FULL))),
    ]
    few = questions.listening_times(charts, FEW)
    assert few[0] == Bin(0, 10, 12)  # seven of a minute, and five whose listens have no duration
    assert (few[-1].end, few[-1].listeners, sum(each.listeners for each in few)) == (190, 1, 13)
    assert questions.listening_times(charts, date(2024, 7, 3)) == ()
    # Who listened for far longer than usual is in the last bar.
    long = questions.listening_times(charts, ONE_LONG)
    assert (len(long), long[-1].listeners, sum(each.listeners for each in long)) == (questions.BINS, 1, 90)


@pytest.mark.parametrize(("minutes", "width"), [(0.1, 0.25), (0.25, 0.25), (2.1, 5), (30, 30), (31, 60), (61, 120)])
def test_bins_are_as_wide_as_a_round_number(minutes: float, width: float) -> None:
    assert questions.round_width(minutes) == width


def test_the_most_heard_genres_lead_and_the_unknown_is_none(charts: Charts) -> None:
    table = questions.trends(charts, MONDAY, TUESDAY)
    assert questions.most_heard(table, 10) == ("pop", "rock", "jazz", "folk")
    assert questions.most_heard(table, 2) == ("pop", "rock")


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_name_holds_is_text_on_a_page(text: str) -> None:
    seen = Seen()
    seen.feed(fragment("songs", songs=[Song(1, Move("new"), "t", text, text, 1, 1, 1.0)]))
    assert seen.texts.count(text) == 2
    assert seen.titles.count(text) == 2
    assert seen.tags <= {"div", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert seen.attributes <= {"class", "title"}


class Seen(HTMLParser):
    """What a browser would make of a piece of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.titles: list[str | None] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.titles += [value for name, value in attrs if name == "title"]

    def handle_data(self, data: str) -> None:
        """A text."""
        self.texts.append(data)
