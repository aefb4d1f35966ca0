"""Whatever comes in whatever order: the warehouse has every listen once, and every KPI as the lake has it."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from tests.promise.test_promise import HISTORIES, Steps, as_long_as_it_takes, deliver, histories, work
from tests.shop import Shop
from tests.simulation.reference import Delivered, Reference
from tests.warehouse.places import Place, assert_same, on_postgres

MODES = ("copy", "compute")
SONGS = [
    "a,Ann;Bo,Album,Aa,10,200000,pop",
    "a,Ann;Bo,Album,Aa,10,200000,dance",
    "b,Bo,Album,Bb,,180000,rock",
    "c,Cy,Album,Cc,30,,folk",
]
USERS = ["1,Ada,36,GB,2024-01-01", "2,Bo,40,SE,2024-01-01", "3,Cy,,,"]


@dataclass
class History:
    """A workspace whose deliveries are kept by name, as whoever sent them knows them."""

    shop: Shop
    place: Place
    streams: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    corrects: bool = False

    def brings(self, name: str, rows: Sequence[str]) -> None:
        """A file of listens comes, and is worked on."""
        if self.corrects:
            self.streams = [each for each in self.streams if each[0] != name]
        self.streams.append((name, rows))
        self.shop.deliver("streams", name, rows)
        self.settles()

    def settles(self) -> None:
        """The pipeline runs, and the warehouse has what was delivered."""
        self.shop.run()
        assert_same(self.shop, self.place)
        expected = distinct(row for _, rows in self.streams for row in rows)
        assert self.place.listens() == expected
        assert published(self.place) == Counter(day for _, _, _, day, _ in expected)

    def names_are_corrections(self) -> None:
        """A file's newest delivery takes the place of those before."""
        path = self.shop.landing("streams") / "manifest.json"
        manifest = json.loads(path.read_text())
        manifest["schema"]["on_redelivery"] = "supersede"
        self.shop.manifest("streams", manifest)
        self.corrects = True


def distinct(rows: Iterable[str]) -> list[tuple[Any, ...]]:
    """The listens of rows as they stand in files, each once."""
    found = set()
    for row in rows:
        user, track, at = row.split(",")
        when = datetime.fromisoformat(at)
        found.add((int(user), track, when, when.date(), when.hour))
    return sorted(found)


def published(place: Place) -> dict[date, int]:
    """How many listens of each day the warehouse says that it has."""
    query = "SELECT listen_date, rows FROM hitparade_publications WHERE part = 'transformed_streams' AND rows > 0"
    return dict(place.rows(query))


def listens(day: int, *hours: int, users: Iterable[int] = (1, 2), track: str = "a") -> list[str]:
    """Rows of a day in June."""
    return [f"{user},{track},2024-06-{day:02} {hour:02}:30:00" for user in users for hour in hours]


@pytest.fixture(params=MODES)
def place(request: pytest.FixtureRequest, postgres_url: str) -> Place:
    return on_postgres(postgres_url, options=f"&kpis={request.param}")


@pytest.fixture
def history(place: Place, tmp_path: Path) -> History:
    return History(Shop(tmp_path, settings=f'sinks = ["{place.url}"]'), place)


def test_days_that_come_late_and_in_several_files(history: History) -> None:
    history.shop.deliver("songs", "songs.csv", SONGS)
    history.brings("one.csv", listens(5, 10, 11))
    history.brings("two.csv", listens(5, 11, 12, track="b") + listens(6, 0))
    history.brings("late.csv", listens(1, 23) + listens(5, 10, users=(3,)))
    history.brings("three.csv", listens(5, 13, users=(1, 2, 3), track="unknown"))


def test_repeats_within_a_file_and_over_files_and_the_same_bytes_again(history: History) -> None:
    history.shop.deliver("songs", "songs.csv", SONGS)
    history.brings("one.csv", listens(5, 10, 11) * 3)
    history.brings("overlapping.csv", listens(5, 11, 12) + listens(6, 10))
    history.brings("all of it.csv", listens(6, 10) + listens(5, 10, 11, 12))
    history.brings("one under another name.csv", listens(5, 10, 11) * 3)

    assert len(history.place.rows("SELECT DISTINCT load_id FROM hitparade_deliveries WHERE dataset = 'streams'")) == 3


def test_a_name_that_is_used_again_brings_more(history: History) -> None:
    history.brings("streams.csv", listens(5, 10))
    history.brings("streams.csv", listens(5, 10, 11, track="b"))
    history.brings("streams.csv", listens(6, 10))


def test_a_correction_takes_out_what_no_other_file_has(history: History) -> None:
    history.names_are_corrections()
    history.shop.deliver("songs", "songs.csv", SONGS)
    history.brings("streams.csv", listens(5, 10, 11) + listens(6, 10))
    history.brings("others.csv", listens(5, 11, 12))
    history.brings("streams.csv", listens(5, 9))

    assert history.place.rows("SELECT COUNT(*) FROM transformed_streams WHERE listen_date = DATE '2024-06-06'") == [
        (0,)
    ]
    assert history.place.rows("SELECT COUNT(*) FROM kpi_hourly WHERE listen_date = DATE '2024-06-06'") == [(0,)]
    history.brings("streams.csv", listens(6, 10, 11))


@pytest.mark.parametrize("names", ["users songs streams", "streams users songs", "streams songs users"])
def test_catalogues_come_first_or_last(history: History, names: str) -> None:
    for name in names.split():
        if name == "streams":
            history.brings("one.csv", listens(5, 10) + listens(6, 10, track="b") + listens(6, 11, track="unknown"))
        else:
            history.shop.deliver(
                "songs" if name == "songs" else "users", f"{name}.csv", SONGS if name == "songs" else USERS
            )
            history.settles()

    assert history.place.rows("SELECT * FROM raw_users ORDER BY user_id") == [
        (1, "Ada", 36, "United Kingdom", datetime(2024, 1, 1)),  # noqa: DTZ001 - as in the file
        (2, "Bo", 40, "Sweden", datetime(2024, 1, 1)),  # noqa: DTZ001
        (3, "Cy", None, None, None),
    ]
    assert history.place.rows("SELECT * FROM raw_users ORDER BY 1") == history.place.rows(
        "SELECT * FROM transformed_users ORDER BY 1"
    )


def test_the_newest_delivery_of_a_track_says_everything_about_it(history: History) -> None:
    history.shop.deliver("songs", "songs.csv", SONGS)
    history.brings("one.csv", listens(5, 10) + listens(6, 10, track="b") + listens(7, 10, track="c"))
    history.shop.deliver("songs", "genre.csv", ["a,Ann,Album,Aa,10,200000,folk"])
    history.settles()
    history.shop.deliver("songs", "duration.csv", ["c,Cy,Album,Cc,30,1,folk", "d,Di,Album,Dd,1,1,pop"])
    history.settles()
    # Two at once: the later one counts, and what the earlier one alone has stays.
    history.shop.deliver("songs", "x.csv", ["b,Bo,Album,Bb,5,5,pop", "d,Di,Album,New,2,2,pop"])
    history.shop.deliver("songs", "y.csv", ["b,Bo;Cy,Other,Bb,6,6,rock", "b,Bo;Cy,Other,Bb,6,6,pop"])
    history.brings("two.csv", listens(6, 11, track="b"))

    assert history.place.rows("SELECT * FROM transformed_songs ORDER BY track_id") == [
        ("a", "Ann", "Album", "Aa", 10, 200_000, 200.0, "folk"),
        ("b", "Bo;Cy", "Other", "Bb", 6, 6, 0.006, "rock"),
        ("c", "Cy", "Album", "Cc", 30, 1, 0.001, "folk"),
        ("d", "Di", "Album", "New", 2, 2, 0.002, "pop"),
    ]
    assert history.place.rows("SELECT track_id, track_genre FROM raw_songs ORDER BY 1, 2") == [
        *(("a", "folk"), ("b", "pop"), ("b", "rock"), ("c", "folk"), ("d", "pop"))
    ]
    # Bringing back an older file loads it again, as the newest.
    history.shop.deliver("songs", "again.csv", SONGS)
    history.settles()
    genres = history.place.rows("SELECT track_id, genre, position FROM song_genres ORDER BY 1, 3")
    assert genres == [("a", "pop", 1), ("a", "dance", 2), ("b", "rock", 1), ("c", "folk", 1), ("d", "pop", 1)]


@pytest.mark.parametrize("change", [MODES, MODES[::-1]], ids=" to ".join)
def test_kpis_may_be_copied_now_and_computed_later(postgres_url: str, tmp_path: Path, change: tuple[str, str]) -> None:
    place = on_postgres(postgres_url)
    history = History(Shop(tmp_path, settings=f'sinks = ["{place.url}&kpis={change[0]}"]'), place)
    history.shop.deliver("songs", "songs.csv", SONGS)
    history.brings("one.csv", listens(5, 10, 11) + listens(6, 10, track="b"))
    before = place.rows("SELECT * FROM hitparade_publications ORDER BY part, listen_date")

    config = tmp_path / "hitparade.toml"
    config.write_text(config.read_text().replace(f"kpis={change[0]}", f"kpis={change[1]}"))
    history.settles()
    assert place.rows("SELECT * FROM hitparade_publications ORDER BY part, listen_date") == before
    history.brings("two.csv", listens(6, 10, 12))
    history.shop.deliver("songs", "genre.csv", ["a,Ann,Album,Aa,10,200000,folk"])
    history.settles()


@settings(as_long_as_it_takes, max_examples=max(HISTORIES * 6 // 12, 1))
@given(histories)
def test_any_history_ends_as_if_computed_from_scratch(postgres_url: str, history: list[Any]) -> None:
    for mode in MODES:
        place = on_postgres(postgres_url, options=f"&kpis={mode}")
        delivered = Delivered()
        with tempfile.TemporaryDirectory() as folder:
            shop = Shop(Path(folder), settings=f'sinks = ["{place.url}"]')
            for event in history:
                if isinstance(event, Steps):
                    work(shop, event.names)
                else:
                    deliver(shop, delivered, event)
            shop.run()
            if delivered.listens:
                assert place.everything(shop) == Reference(delivered).everything()
            if delivered.listens or delivered.tracks:
                assert_rows(place, delivered)


def assert_rows(place: Place, delivered: Delivered) -> None:
    """Listens and the catalogue are what was delivered."""
    heard = {(each.user, each.track, each.at, each.at.date(), each.at.hour) for each in delivered.listens}
    assert place.listens() == sorted(heard)
    assert place.rows(
        "SELECT track_id, track_name, artists, popularity, duration_ms, track_genre FROM transformed_songs ORDER BY 1"
    ) == [
        (key, track.name, track.artists, track.popularity, track.duration, track.genres[0])
        for key, track in sorted(delivered.tracks.items())
    ]
    for table, column in (("song_genres", "genre"), ("song_artists", "artist")):
        assert place.rows(f"SELECT track_id, {column}, position FROM {table} ORDER BY 1, 3") == [
            (key, name, position)
            for key, track in sorted(delivered.tracks.items())
            for position, name in enumerate(track.genres if column == "genre" else track.credits, 1)
        ]
    assert published(place) == Counter(day for _, _, _, day, _ in heard)
