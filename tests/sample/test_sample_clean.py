"""Clean samples: the numbers asked for, the shape of listening, the same bytes each time."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from hitparade.errors import ConfigError
from hitparade.sample import SampleResult, SampleSpec, generate
from hitparade.sample.catalogue import songs
from hitparade.sample.listens import Drawer, connect
from hitparade.sample.shape import days, files
from tests.sample import sample_reader

SPEC = SampleSpec(
    listens=60_000, days=14, users=800, tracks=3000, files=4, seed=7, start=date(2024, 6, 3), hostile=False
)


def made(spec: SampleSpec, folder: Path) -> SampleResult:
    return generate(
        spec,
        streams=folder / "streams",
        songs=folder / "songs",
        users=folder / "users",
        truth=folder / "truth.json",
    )


def other(**changes: Any) -> SampleSpec:
    values = {name: getattr(SPEC, name) for name in SampleSpec.__slots__}
    return SampleSpec(**(values | changes))


def rows(folder: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for path in sorted(folder.iterdir()):
        with path.open(encoding="utf-8", newline="") as source:
            found.extend(csv.DictReader(source, strict=True))
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean")
    made(SPEC, folder)
    return folder


@pytest.fixture(scope="module")
def listens(sample: Path) -> list[dict[str, str]]:
    return rows(sample / "streams")


def truth(folder: Path) -> dict[str, Any]:
    value = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert isinstance(value, dict)
    return value


def test_a_sample_has_exactly_the_rows_users_tracks_and_files_asked_for(
    sample: Path, listens: list[dict[str, str]]
) -> None:
    assert len(listens) == SPEC.listens
    assert len({row["track_id"] for row in rows(sample / "songs")}) == SPEC.tracks
    assert [row["user_id"] for row in rows(sample / "users")] == [str(n) for n in range(1, SPEC.users + 1)]
    assert len(list((sample / "streams").iterdir())) == SPEC.files


def test_the_truth_of_a_clean_sample_is_what_counting_finds(sample: Path, listens: list[dict[str, str]]) -> None:
    distinct = {sample_reader.listen(row) for row in listens}
    by_date = Counter(at.date().isoformat() for _, _, at in distinct)
    assert truth(sample)["totals"] == {
        "listens": len(distinct),
        "repeats": SPEC.listens - len(distinct),
        "listens_by_date": dict(sorted(by_date.items())),
    }
    for entry in truth(sample)["files"]:
        read = sample_reader.read(sample / entry["dataset"] / entry["name"], entry["dataset"])
        assert (entry["outcome"], entry["rows_read"], entry["rows_loaded"]) == (
            "loaded",
            read.rows,
            read.rows,
        )
        assert (entry["rejects"], read.bad.total()) == ({}, 0)


def test_natural_repeats_are_counted_where_listens_crowd(tmp_path: Path) -> None:
    made(other(listens=30_000, days=1, users=2, tracks=3, files=3), tmp_path)
    distinct = {sample_reader.listen(row) for row in rows(tmp_path / "streams")}
    totals = truth(tmp_path)["totals"]
    assert totals["repeats"] == 30_000 - len(distinct) > 0


def test_columns_and_formats_are_those_of_the_datasets(sample: Path, listens: list[dict[str, str]]) -> None:
    headers = {
        "songs": "track_id,artists,album_name,track_name,popularity,duration_ms,explicit,track_genre",
        "users": "user_id,user_name,user_age,user_country,created_at",
        "streams": "user_id,track_id,listen_time",
    }
    for dataset, header in headers.items():
        for path in (sample / dataset).iterdir():
            assert path.read_bytes().split(b"\n")[0].decode() == header
            assert path.name.startswith(f"{dataset}-s7-000")
    ids = {row["track_id"] for row in rows(sample / "songs")}
    assert all(len(track) == 22 and track.isalnum() and track.isascii() for track in ids)
    assert {row["track_id"] for row in listens} <= ids
    assert {int(row["user_id"]) for row in listens} <= set(range(1, SPEC.users + 1))
    assert {len(row["listen_time"]) for row in listens} == {19}


def test_the_same_spec_makes_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    made(SPEC, tmp_path)
    assert contents(tmp_path) == contents(sample)


def test_another_seed_makes_another_sample(sample: Path, tmp_path: Path) -> None:
    made(other(seed=8), tmp_path)
    ours, theirs = ({row["track_id"] for row in rows(folder / "songs")} for folder in (sample, tmp_path))
    assert not ours & theirs


def test_the_number_of_threads_changes_no_byte(tmp_path: Path) -> None:
    spec = other(listens=400_000, days=1, files=1)
    ids = [song.track_id for song in songs(spec)]
    (segments,) = files(spec, days(spec))
    written = []
    for threads in (1, 4):
        with connect(tmp_path) as connection:
            connection.execute(f"SET threads = {threads}")
            path = tmp_path / f"{threads}.csv"
            Drawer(connection, spec, ids).write(path, segments, scratch=tmp_path)
            written.append(path.read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("count", [1, 14, 33])
def test_the_number_of_files_changes_no_listen(count: int, listens: list[dict[str, str]], tmp_path: Path) -> None:
    made(other(files=count), tmp_path)

    def sorted_rows(found: list[dict[str, str]]) -> list[tuple[str, ...]]:
        return sorted(tuple(row.values()) for row in found)

    assert len(list((tmp_path / "streams").iterdir())) == count
    assert sorted_rows(rows(tmp_path / "streams")) == sorted_rows(listens)


def test_files_hold_whole_days_in_order_when_there_are_fewer_of_them_than_days(sample: Path) -> None:
    spans = []
    for path in sorted((sample / "streams").iterdir()):
        dates = {row["listen_time"][:10] for row in sample_reader.read(path, "streams").good}
        spans.append(sorted(dates))
    assert [day for span in spans for day in span] == sorted({day for span in spans for day in span})
    assert sum(map(len, spans)) == SPEC.days


def test_a_day_is_spread_over_files_when_there_are_more_of_them_than_days(tmp_path: Path) -> None:
    made(other(listens=9000, days=3, files=9), tmp_path)
    dates = [
        {row["listen_time"][:10] for row in sample_reader.read(path, "streams").good}
        for path in sorted((tmp_path / "streams").iterdir())
    ]
    assert [len(span) for span in dates] == [1] * 9
    assert Counter(day for span in dates for day in span) == {
        "2024-06-03": 3,
        "2024-06-04": 3,
        "2024-06-05": 3,
    }


def share_of_top(counts: Counter[str], top: int) -> float:
    return sum(count for _, count in counts.most_common(top)) / counts.total()


def test_a_hundredth_of_the_tracks_has_more_than_a_fifth_of_the_listens(
    listens: list[dict[str, str]],
) -> None:
    counts = Counter(row["track_id"] for row in listens)
    assert share_of_top(counts, SPEC.tracks // 100) > 0.2
    assert share_of_top(counts, 1) < 0.15


def test_users_differ_and_none_listens_day_and_night(listens: list[dict[str, str]]) -> None:
    counts = Counter(row["user_id"] for row in listens)
    assert share_of_top(counts, SPEC.users // 10) > 0.2
    assert share_of_top(counts, 1) < 0.02


def test_popular_songs_are_the_ones_listened_to(sample: Path, listens: list[dict[str, str]]) -> None:
    counts = Counter(row["track_id"] for row in listens)
    popularity = {row["track_id"]: int(row["popularity"]) for row in rows(sample / "songs")}

    def mean(tracks: Sequence[str]) -> float:
        return sum(popularity[track] for track in tracks) / len(tracks)

    assert mean([track for track, _ in counts.most_common(30)]) > mean(list(popularity)) + 30


def test_evenings_are_loud_nights_quiet_and_weekends_start_on_friday(listens: list[dict[str, str]]) -> None:
    hours = Counter(int(row["listen_time"][11:13]) for row in listens)
    assert len(hours) == 24
    assert 18 <= hours.most_common(1)[0][0] <= 21
    assert hours[4] * 5 < hours[20]
    weekdays = Counter(date.fromisoformat(row["listen_time"][:10]).weekday() for row in listens)
    assert {day for day, _ in weekdays.most_common(2)} == {4, 5}


def test_a_quarter_of_the_tracks_stands_in_several_genres(sample: Path) -> None:
    genres = Counter(row["track_id"] for row in rows(sample / "songs"))
    several = sum(count > 1 for count in genres.values()) / len(genres)
    assert 0.2 < several < 0.3
    distinct = {(row["track_id"], row["track_genre"]) for row in rows(sample / "songs")}
    assert len(distinct) == genres.total()
    assert len({genre for _, genre in distinct}) == 40


def test_a_fifth_of_the_tracks_has_several_artists(sample: Path) -> None:
    artists = {row["track_id"]: row["artists"].split(";") for row in rows(sample / "songs")}
    several = sum(len(names) > 1 for names in artists.values()) / len(artists)
    assert 0.15 < several < 0.25
    assert all(name.strip() for names in artists.values() for name in names)


@pytest.mark.parametrize("hard", ['"', ",", "\n", "é", "🔥", "ليل", "夜", "e\u0301"])
def test_titles_hold_what_breaks_careless_readers(hard: str, sample: Path) -> None:
    assert any(hard in row["track_name"] for row in rows(sample / "songs"))


def test_users_are_of_allowed_age_and_joined_before_the_sample_or_on_its_first_day(sample: Path) -> None:
    users = rows(sample / "users")
    assert all(13 <= int(row["user_age"]) <= 90 for row in users)
    assert all(date.fromisoformat(row["created_at"]) <= SPEC.start for row in users)
    assert any("," in row["user_name"] for row in users)


def test_progress_ends_at_the_number_of_listens(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    spec = other(listens=1000)
    generate(
        spec,
        streams=tmp_path,
        songs=tmp_path,
        users=tmp_path,
        truth=tmp_path / "truth.json",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert len(seen) == spec.files
    assert seen[-1] == (1000, 1000)


@pytest.mark.parametrize("name", ["days", "users", "tracks", "files", "listens", "seed"])
def test_a_sample_that_cannot_be_made_says_which_number_is_wrong(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} at least"):
        other(**{name: -1})


def test_a_sample_of_almost_nothing_is_a_sample(tmp_path: Path) -> None:
    result = made(other(listens=1, days=3, users=1, tracks=1, files=2), tmp_path)
    assert [path.parent.name for path in result.files] == ["songs", "users", "streams"]
    assert truth(tmp_path)["totals"]["listens"] == 1
