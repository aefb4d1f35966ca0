"""Songs and users on their way into the lake: cleaned, one row a key, and only what differs from what is known."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from hitparade.engines.base import Engine
from hitparade.model import Dataset, InEffect, Staging
from tests.engines.staging import contract_with, rows_of, source_of, staged

SONG = ("track_id", "artists", "album_name", "track_name", "popularity", "duration_ms", "track_genre")
USER = ("user_id", "user_name", "user_age", "user_country", "created_at")


def delivered(
    engine: Engine,
    folder: Path,
    dataset: Dataset,
    rows: Iterable[tuple[Any, ...]],
    *,
    known: Mapping[str, tuple[str, ...]] | None = None,
    watched: Mapping[str, frozenset[str]] | None = None,
) -> Staging:
    """A catalogue file with these rows, staged beside what is `known`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SONG if dataset == "songs" else USER)
    writer.writerows(rows)
    folder.mkdir(exist_ok=True)
    path = folder / f"{dataset}.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    source = source_of(path, contract_with(dataset), load_id=1)
    return staged(engine, source, dataset, folder, in_effect=known, watched=watched)


def song(track: str = "t", genre: str = "pop", **values: object) -> tuple[Any, ...]:
    given = {"artists": "A", "album_name": "B", "track_name": "C", "popularity": 50, "duration_ms": 1000, **values}
    return (track, *(given[name] for name in SONG[1:-1]), genre)


def places(staging: Staging, table: str, column: str) -> dict[str, list[str]]:
    """Values by track in the order of their positions, which must count from 1."""
    found: dict[str, list[str]] = {}
    for row in sorted(rows_of(staging, table), key=lambda row: row["position"]):
        listed = found.setdefault(row["track_id"], [])
        assert row["position"] == len(listed) + 1
        listed.append(row[column])
    return found


def test_a_tracks_attributes_are_of_its_first_row_and_its_genres_in_row_order(engine: Engine, tmp_path: Path) -> None:
    rows = [
        song("t", "Rock", track_name="First"),
        song("u", "pop"),
        song("t", "Alternative", track_name="Second", popularity=99),
        song("t", "ROCK"),
        song("t", " blues "),
    ]

    staging = delivered(engine, tmp_path, "songs", rows)

    tracks = {row["track_id"]: (row["track_name"], row["popularity"]) for row in rows_of(staging, "songs")}
    assert tracks == {"t": ("First", 50), "u": ("C", 50)}
    assert places(staging, "song_genres", "genre") == {"t": ["rock", "alternative", "blues"], "u": ["pop"]}


def test_a_bad_first_row_is_not_a_tracks_first_row(engine: Engine, tmp_path: Path) -> None:
    rows = [song(track_name="Bad", genre="bad", popularity=101), song(track_name="Good", genre="good")]

    staging = delivered(engine, tmp_path, "songs", rows)

    assert [row["track_name"] for row in rows_of(staging, "songs")] == ["Good"]
    assert places(staging, "song_genres", "genre") == {"t": ["good"]}
    assert (staging.staged[1].rows_read, staging.staged[1].rows_rejected) == (2, 1)


@pytest.mark.parametrize(
    ("artists", "credited"),
    [
        ("A;B", ["A", "B"]),
        ("A; B ;;C;", ["A", "B", "C"]),
        ("B;A;B", ["B", "A"]),
        ("cafe\u0301;caf\u00e9", ["caf\u00e9"]),
        ("A;\tB", ["A", "B"]),
        ("Simon & Garfunkel", ["Simon & Garfunkel"]),
    ],
)
def test_artists_are_split_cleaned_and_credited_once(
    engine: Engine, tmp_path: Path, artists: str, credited: list[str]
) -> None:
    staging = delivered(engine, tmp_path, "songs", [song(artists=artists)])

    assert places(staging, "song_artists", "artist") == {"t": credited}


def test_what_is_empty_is_unknown(engine: Engine, tmp_path: Path) -> None:
    rows = [song(genre="", artists=" ", album_name="", track_name="", popularity="", duration_ms="")]

    staging = delivered(engine, tmp_path, "songs", rows)

    (row,) = rows_of(staging, "songs")
    assert {name: row[name] for name in SONG[:-1]} == {**dict.fromkeys(SONG[:-1]), "track_id": "t"}
    assert places(staging, "song_genres", "genre") == places(staging, "song_artists", "artist") == {}


def test_text_is_normalised(engine: Engine, tmp_path: Path) -> None:
    rows = [song(" cafe\u0301 ", "Ele\u0301ctrO", track_name="  Cafe\u0301\t", album_name='say "hi"\nthere')]

    staging = delivered(engine, tmp_path, "songs", rows)

    (row,) = rows_of(staging, "songs")
    assert (row["track_id"], row["track_name"], row["album_name"]) == ("café", "Café", 'say "hi"\nthere')
    assert places(staging, "song_genres", "genre") == {"café": ["eléctro"]}


CHANGES = {
    "nothing": ([song("t", "pop"), song("t", "rock")], False),
    "an attribute": ([song("t", "pop", popularity=51), song("t", "rock")], True),
    "an attribute that is gone": ([song("t", "pop", album_name=""), song("t", "rock")], True),
    "a genre more": ([song("t", "pop"), song("t", "rock"), song("t", "jazz")], True),
    "a genre less": ([song("t", "pop")], True),
    "genres the other way round": ([song("t", "rock"), song("t", "pop")], True),
    "a repeated row": ([song("t", "pop"), song("t", "rock"), song("t", "pop")], False),
    "another spelling": ([song("t", "POP "), song(" t", "rock")], False),
}


@pytest.mark.parametrize(("rows", "differs"), CHANGES.values(), ids=CHANGES.keys())
def test_only_what_differs_from_what_is_known_is_written(
    engine: Engine, tmp_path: Path, rows: list[tuple[Any, ...]], differs: bool
) -> None:
    known = delivered(engine, tmp_path / "known", "songs", [song("t", "pop"), song("t", "rock"), song("u")])

    staging = delivered(engine, tmp_path / "next", "songs", rows, known=known.files)

    assert [row["track_id"] for row in rows_of(staging, "songs")] == (["t"] if differs else [])
    assert bool(staging.files["song_genres"]) is differs


LISTENS = ["7,t,2024-06-01 10:00:00", "8,u,2024-06-02 10:00:00", "8,t,2024-06-03 10:00:00", "9,x,2024-06-04 10:00:00"]


@pytest.mark.parametrize(
    ("rows", "watched", "days"),
    [
        ([song("t", "pop", duration_ms=7)], {"songs": {"duration_ms"}}, [1, 3]),
        ([song("t", "pop", duration_ms=7)], {"songs": {"track_name"}}, []),
        ([song("t", "pop", duration_ms=7)], {}, []),
        ([song("t", "rock")], {"song_genres": {"genre"}}, [1, 3]),
        ([song("t", "rock")], {"song_artists": {"artist"}}, []),
        ([song("t", "pop", artists="Z")], {"song_artists": {"artist"}}, [1, 3]),
        ([song("x"), song("u", "pop", popularity=1)], {"songs": {"duration_ms"}}, [4]),
        ([song("t", "pop"), song("never heard")], {"songs": {"duration_ms"}}, []),
    ],
)
def test_a_change_of_what_stored_kpis_read_touches_the_days_in_which_it_was_heard(
    engine: Engine, tmp_path: Path, rows: list[tuple[Any, ...]], watched: dict[str, set[str]], days: list[int]
) -> None:
    known = delivered(engine, tmp_path / "known", "songs", [song("t", "pop"), song("u", "pop")])
    path = tmp_path / "streams.csv"
    path.write_text("\n".join(["user_id,track_id,listen_time", *LISTENS, ""]))
    listens = staged(engine, source_of(path, contract_with()), "streams", tmp_path)
    columns = {table: frozenset(names) for table, names in watched.items()}

    delivered(engine, tmp_path / "next", "songs", rows, known=known.files, watched=columns)

    heard = engine.heard_days("songs", InEffect(listens.files, {1: 1}))
    assert heard == {date(2024, 6, day): 0 for day in days}
    assert engine.heard_days("songs", InEffect(listens.files, {})) == {}


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("DE", "Germany"),
        ("deu", "Germany"),
        ("germany", "Germany"),
        (" Germany ", "Germany"),
        ("Federal Republic of Germany", "Germany"),
        ("TW", "Taiwan"),
        ("Atlantis", "Atlantis"),
        ("", None),
    ],
)
def test_countries_have_one_name(engine: Engine, tmp_path: Path, raw: str, name: str | None) -> None:
    staging = delivered(engine, tmp_path, "users", [(1, "Ann", 30, raw, "2024-01-01")])

    assert [row["user_country"] for row in rows_of(staging, "users")] == [name]


def test_a_user_is_of_the_first_row_and_typed(engine: Engine, tmp_path: Path) -> None:
    rows = [("007", "Ann", 30, "DE", "2024-02-29"), (7, "Bob", 40, "FR", ""), (8, "", "", "", "")]

    staging = delivered(engine, tmp_path, "users", rows)

    users = {
        row["user_id"]: (row["user_name"], row["user_age"], row["created_at"]) for row in rows_of(staging, "users")
    }
    assert users == {7: ("Ann", 30, datetime.fromisoformat("2024-02-29")), 8: (None, None, None)}


def test_a_user_who_is_known_already_is_not_written_again(engine: Engine, tmp_path: Path) -> None:
    rows = [(1, "Ann", 30, "DE", "2024-01-01"), (2, "Bob", "", "", "")]
    known = delivered(engine, tmp_path / "known", "users", rows)

    changed = [(1, "Ann", 30, "Germany", "2024-01-01"), (2, "Bob", 20, "", "")]
    staging = delivered(engine, tmp_path / "next", "users", changed, known=known.files)

    assert [(row["user_id"], row["user_age"]) for row in rows_of(staging, "users")] == [(2, 20)]


@pytest.mark.parametrize(
    ("popularity", "good"), [("0", True), ("100", True), ("000000000050", True), ("9" * 10, False)]
)
def test_numbers_that_the_lake_keeps_in_32_bits(engine: Engine, tmp_path: Path, popularity: str, good: bool) -> None:
    staging = delivered(engine, tmp_path, "songs", [song(popularity=popularity)])

    assert len(rows_of(staging, "songs")) == int(good)


@pytest.mark.parametrize(
    ("data", "read", "tracks"),
    [
        (b"track_id\na\n\nb\n", 2, ["a", "b"]),
        (b"track_id\na\n \n", 2, ["a"]),
        (b'track_id\na\n""\n', 2, ["a"]),
        (b"track_id\r\na\r\n\r\nb\r\n", 2, ["a", "b"]),
    ],
)
def test_a_blank_line_is_no_row_of_a_single_column_either(
    engine: Engine, tmp_path: Path, data: bytes, read: int, tracks: list[str]
) -> None:
    path = tmp_path / "songs.csv"
    path.write_bytes(data)
    source = source_of(path, contract_with("songs", fields_required=False))

    staging = staged(engine, source, "songs", tmp_path)

    assert sorted(row["track_id"] for row in rows_of(staging, "songs")) == tracks
    assert staging.staged[1].rows_read == read
