"""The documented tables, queries and numbers, and that tables change without losing what they hold."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hitparade.emulator.warehouse import cluster as clusters
from hitparade.errors import ConfigError
from hitparade.sinks.warehouse.tables import MIGRATIONS
from tests.acceptance.test_own_kpis import HEADER, SELECT
from tests.parity.test_pipeline import LISTENS as AT_LIMITS
from tests.parity.test_pipeline import SONGS as SONGS_AT_LIMITS
from tests.postgres import SUPERUSER, with_programs
from tests.promise.test_promise import quoted
from tests.shop import Shop
from tests.warehouse.places import Place, assert_same, on_postgres
from tests.warehouse.test_histories import distinct

DOCUMENT = Path(__file__).parents[3] / "shared" / "systems" / "004_f46b9beba522331c.txt"
DOCUMENTED = {
    "raw_users": "user_id user_name user_age user_country created_at",
    "raw_songs": "track_id artists album_name track_name popularity duration_ms track_genre",
    "transformed_users": "user_id user_name user_age user_country created_at",
    "transformed_songs": "track_id artists album_name track_name popularity duration_ms duration_sec track_genre",
    "transformed_streams": "user_id track_id listen_time listen_date hour",
    "genre_kpis": "track_genre total_plays avg_popularity avg_duration_sec",
    "hourly_kpis": "hour unique_listeners total_plays unique_tracks track_diversity_index",
    "top_artist_per_hour": "hour artists play_count",
}
GENRE_KPIS = """\
SELECT
    s.track_genre,
    COUNT(*) AS total_plays,
    ROUND(AVG(s.popularity), 1) AS avg_popularity,
    ROUND(AVG(s.duration_ms) / 1000, 2) AS avg_duration_sec
FROM
    transformed_songs s
JOIN
    transformed_streams t ON s.track_id = t.track_id
GROUP BY
    s.track_genre
ORDER BY
    total_plays DESC;
"""
HOURLY_KPIS = """\
SELECT
    t.hour,
    COUNT(DISTINCT t.user_id) AS unique_listeners,
    COUNT(*) AS total_plays,
    COUNT(DISTINCT t.track_id) AS unique_tracks,
    ROUND(COUNT(DISTINCT t.track_id)::decimal / COUNT(*), 3) AS track_diversity_index
FROM
    transformed_streams t
GROUP BY
    t.hour
ORDER BY
    t.hour;
"""
TOP_ARTIST = """\
SELECT DISTINCT ON (t.hour)
    t.hour,
    s.artists,
    COUNT(*) OVER (PARTITION BY t.hour, s.artists) AS play_count
FROM
    transformed_streams t
JOIN
    transformed_songs s ON t.track_id = s.track_id
ORDER BY
    t.hour, play_count DESC;
"""
# Track, artists, popularity, duration, genres. Averages end in 5 behind the last digit that is kept.
TRACKS: Sequence[tuple[str, str, int | None, int | None, Sequence[str]]] = (
    *(("a", "Ann;Bo", 10, 201_005, ["pop", "dance"]), ("b", "Bo", 11, 201_005, ["pop"])),
    *(("c", "Cy", None, 180_000, ["rock"]), ("d", "Di", 7, None, ["rock"]), ("e", "Bo", None, None, [])),
    *((f"t{n}", f"Artist {n % 7}", n % 101, 1_000 * n + n, [f"genre {n % 4}"]) for n in range(40)),
)
SONGS = [
    f"{track},{artists},Album,Name,{'' if popularity is None else popularity},{'' if ms is None else ms},{genre}"
    for track, artists, popularity, ms, genres in TRACKS
    for genre in genres or [""]
]
# Bo and Cy are heard as often at 10, Cy by more; Bo and Di at 11, each by two.
TIES = ["1,b,10:00:00", "1,b,10:01:00", "1,c,10:02:00", "2,c,10:03:00", "1,b,11:00:00", "2,b,11:01:00"]
TIES += ["1,d,11:02:00", "2,d,11:03:00", "1,a,12:00:00", "1,b,12:01:00", "9,unknown,12:02:00"]
ROWS = [f"{user},{track},2024-06-01 {at}" for user, track, at in (row.split(",") for row in TIES)]
ROWS += [f"{n % 13},t{n * n % 40},2024-06-0{1 + n % 3} {13 + n % 7}:{n % 60:02}:{n % 59:02}" for n in range(500)]
ROWS += ROWS[:100]


@pytest.fixture(params=["copy", "compute"])
def mode(request: pytest.FixtureRequest) -> str:
    """How the warehouse comes by its KPIs."""
    return str(request.param)


@pytest.fixture
def place(mode: str, postgres_url: str) -> Place:
    return on_postgres(postgres_url, options=f"&kpis={mode}")


@pytest.fixture
def shop(place: Place, tmp_path: Path) -> Shop:
    return Shop(tmp_path, settings=f'sinks = ["{place.url}"]')


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """A workspace whose warehouse has something to tell."""
    shop.deliver("songs", "songs.csv", SONGS)
    shop.deliver("users", "users.csv", ["1,Ada,36,GB,2024-01-01"])
    shop.deliver("streams", "one.csv", ROWS[:300])
    shop.run()
    shop.deliver("streams", "two.csv", ROWS[300:])
    shop.run()
    return shop


def test_the_documented_tables_have_the_documented_columns(filled: Shop, place: Place) -> None:
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
    for table, documented in DOCUMENTED.items():
        found = place.rows(f"{columns} ORDER BY ordinal_position", (place.schema, table))
        assert [name for (name,) in found] == documented.split(), table


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the document is not here")
@pytest.mark.parametrize("query", [GENRE_KPIS, HOURLY_KPIS, TOP_ARTIST])
def test_the_documents_queries_are_these(query: str) -> None:
    assert query in DOCUMENT.read_text()


def test_the_documents_queries_run_as_written_and_equal_the_views(filled: Shop, place: Place) -> None:
    genres = place.rows(GENRE_KPIS)
    assert [plays for _, plays, _, _ in genres] == sorted((plays for _, plays, _, _ in genres), reverse=True)
    assert sorted(genres, key=repr) == sorted(place.rows("SELECT * FROM genre_kpis"), key=repr)
    assert place.rows(HOURLY_KPIS) == place.rows("SELECT * FROM hourly_kpis ORDER BY hour")
    # The document's takes any of the artists that are heard most: the view one that does not change.
    most, plays = place.rows("SELECT * FROM top_artist_per_hour ORDER BY hour"), artists_by_hour()
    documented = place.rows(TOP_ARTIST)
    assert [(hour, count) for hour, _, count in documented] == [(hour, count) for hour, _, count in most]
    assert all(len(plays[hour][artists]) == count for hour, artists, count in documented)


def test_the_views_have_the_numbers_of_the_files(filled: Shop, place: Place) -> None:
    heard, tracks = distinct(ROWS), {track[0]: track for track in TRACKS}
    by_genre: dict[str | None, list[Any]] = defaultdict(list)
    by_hour: dict[int, list[Any]] = defaultdict(list)
    for user, track, _, _, hour in heard:
        by_hour[hour].append((user, track))
        if track in tracks:
            genres = tracks[track][4]
            by_genre[genres[0] if genres else None].append(tracks[track])

    assert {genre: tuple(rest) for genre, *rest in place.rows("SELECT * FROM genre_kpis")} == {
        genre: (len(rows), mean([row[2] for row in rows], 1, 1), mean([row[3] for row in rows], 1000, 2))
        for genre, rows in by_genre.items()
    }
    assert place.rows("SELECT * FROM hourly_kpis ORDER BY hour") == [
        (
            hour,
            len({user for user, _ in rows}),
            len(rows),
            len({track for _, track in rows}),
            rounded(Decimal(len({track for _, track in rows})) / len(rows), 3),
        )
        for hour, rows in sorted(by_hour.items())
    ]
    assert place.rows("SELECT * FROM top_artist_per_hour ORDER BY hour") == [
        (hour, best, len(found[best]))
        for hour, found in sorted(artists_by_hour().items())
        for best in [min(found, key=lambda name: (-len(found[name]), -len(set(found[name])), name))]
    ]
    assert place.rows("SELECT hour, artists FROM top_artist_per_hour WHERE hour < 12 ORDER BY 1") == [
        (10, "Cy"),
        (11, "Bo"),
    ]


def artists_by_hour() -> Mapping[int, Mapping[str, Sequence[int]]]:
    """Who heard the tracks of an artist, by hour and credit, once for each listen."""
    credited = {track[0]: track[1] for track in TRACKS}
    found: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for user, track, _, _, hour in distinct(ROWS):
        if track in credited:
            found[hour][credited[track]].append(user)
    return found


def mean(values: Sequence[int | None], unit: int, digits: int) -> Decimal | None:
    """The mean of what is known."""
    known = [value for value in values if value is not None]
    return rounded(Decimal(sum(known)) / (unit * len(known)), digits) if known else None


def rounded(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(10) ** -digits, ROUND_HALF_UP)


def test_charts_are_held_as_far_as_they_are_served(filled: Shop, place: Place) -> None:
    with filled.open() as ws:
        served = {kpi.name: kpi.served for kpi in ws.kpis if kpi.served is not None}
    assert served
    for name, positions in served.items():
        assert place.rows(f"SELECT MAX(position) FROM kpi_{name}") == [(positions,)]


def test_a_migration_is_applied_once_to_a_warehouse_that_has_data(
    filled: Shop, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.listens()
    second = ("ALTER TABLE transformed_users ADD COLUMN plan TEXT", "UPDATE transformed_users SET plan = 'free'")
    monkeypatch.setattr("hitparade.sinks.warehouse.sink.MIGRATIONS", (*MIGRATIONS, second))
    for hour in (1, 2):
        filled.deliver("streams", "more.csv", [f"1,a,2024-06-09 {hour:02}:00:00"])
        filled.run()

    assert place.rows("SELECT version FROM hitparade_schema ORDER BY 1") == [(1,), (2,)]
    assert place.rows("SELECT user_name, plan FROM transformed_users") == [("Ada", "free")]
    assert [row for row in place.listens() if row[3].day != 9] == before
    assert_same(filled, place)


def test_a_column_that_a_kpi_gets_later_is_filled_for_every_day(shop: Shop, place: Place) -> None:
    path = shop.root / "kpis" / "day_daily.sql"
    path.parent.mkdir()
    path.write_text(HEADER + SELECT)
    shop.deliver(
        "streams", "one.csv", ["1,a,2024-06-01 10:00:00", "2,a,2024-06-01 11:00:00", "1,b,2024-06-02 10:00:00"]
    )
    shop.run()
    assert_same(shop, place)
    more = "  most: {type: long, measure: additive, unit: listens, description: Listens again}\n*/"
    path.write_text(
        HEADER.replace("*/", more) + SELECT.replace("AS unique_listeners", "AS unique_listeners,\n  COUNT(*) AS most")
    )
    shop.run()
    assert place.rows("SELECT listen_count, most FROM kpi_day_daily ORDER BY 1") == [(1, 1), (2, 2)]
    assert_same(shop, place)


def test_a_kpi_of_all_time_may_become_one_of_days_and_not_the_other_way(shop: Shop, place: Place) -> None:
    path = shop.root / "kpis" / "day_daily.sql"
    path.parent.mkdir()
    of_all_time = HEADER.replace("scope: day", "scope: all_time") + SELECT
    path.write_text(of_all_time)
    shop.deliver("streams", "one.csv", ["1,a,2024-06-01 10:00:00"])
    shop.run()
    path.write_text(HEADER + SELECT)
    shop.run()
    assert_same(shop, place)

    path.write_text(of_all_time)
    shop.deliver("streams", "two.csv", ["1,a,2024-06-02 10:00:00"])
    with pytest.raises(ConfigError, match="kpi_day_daily is a table there"):
        shop.run()
    path.write_text(HEADER + SELECT)
    shop.run()
    assert_same(shop, place)


def test_a_kpi_may_be_called_as_a_table_of_ours(shop: Shop, place: Place) -> None:
    for name in ("publications", "control"):
        path = shop.root / "kpis" / f"{name}.sql"
        path.parent.mkdir(exist_ok=True)
        path.write_text(HEADER + SELECT)
    shop.deliver("streams", "one.csv", ["1,a,2024-06-01 10:00:00"])
    shop.run()
    assert_same(shop, place)


def test_listens_that_were_just_appended_are_found_by_their_blocks(filled: Shop, place: Place) -> None:
    """Without it every query reads all that came since the last VACUUM."""
    query = "SELECT reloptions FROM pg_class WHERE oid = 'transformed_streams_by_listen_date'::regclass"
    [(options,)] = place.rows(query)
    assert "autosummarize=on" in options


def test_text_has_no_order_but_that_of_its_bytes(filled: Shop, place: Place) -> None:
    found = place.rows(
        "SELECT relname, attname, collname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
        " JOIN pg_collation ON pg_collation.oid = attcollation"
        " WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v')"
    )
    assert len(found) > 30
    assert {each for each in found if each[2] != "C"} == set()


@pytest.fixture(scope="module")
def with_icu() -> Iterator[str]:
    """A URL as `postgres_url`, of the system's PostgreSQL: the package's has no ICU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clusters, "PACKAGE", "no_package")
        with_programs()
        with clusters.cluster(superuser=SUPERUSER, database="postgres") as folder:
            yield f"postgresql+psycopg://{SUPERUSER}@/postgres?host={folder}"


@pytest.fixture
def in_english(with_icu: str, mode: str) -> Iterator[Place]:
    """A warehouse in a database that orders text as people in the United States do."""
    name = f"in_english_{mode}"
    with psycopg.connect(with_icu.replace("+psycopg", ""), autocommit=True) as server:
        locale = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C' TEMPLATE template0"
        try:
            server.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' {locale}")
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this PostgreSQL has no ICU")
        yield on_postgres(with_icu.replace("/postgres?", f"/{name}?"), options=f"&kpis={mode}")
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_text_is_in_the_order_of_its_bytes_in_a_database_of_another_order(in_english: Place, tmp_path: Path) -> None:
    shop = Shop(tmp_path, settings=f'sinks = ["{in_english.url}"]')
    names = ["a", "B", "_", "Z", "é", "z", "A", "😀", "｡", "b a", "ba", "b-b"]
    shop.deliver("songs", "songs.csv", [f"{name},{name},Album,{name},1,1000,{name}" for name in names])
    shop.deliver("streams", "one.csv", [f"1,{name},2024-06-01 10:00:00" for name in names])
    shop.run()

    assert in_english.rows("SELECT 'a' < 'B', 'a' < 'B' COLLATE \"C\"") == [(True, False)]
    assert_same(shop, in_english)
    assert in_english.rows("SELECT artists FROM top_artist_per_hour") == [(min(names),)]
    assert [track for _, track, *_ in in_english.listens()] == sorted(names)


def test_anything_that_files_may_hold_goes_through(shop: Shop, place: Place) -> None:
    chance = random.Random(7)
    long = "".join(chance.choice("abcdefghijklmnopqrstuvwxyzäöü😀0123456789") for _ in range(16_384))
    names = [
        "'",
        '"',
        "a\nb",
        "\\",
        "\\N",
        "%s",
        "%(a)s",
        "{}",
        "$1",
        "a\tb",
        ";--",
        "é",
        "e\u0301",
        "🎵",
        long,
        "NULL",
    ]
    tracks = [quoted(name) for name in names]
    shop.deliver("songs", "limits.csv", SONGS_AT_LIMITS)
    shop.deliver("songs", "names.csv", [f"{name},{name},{name},{name},0,0,{name}" for name in tracks])
    shop.deliver("users", "users.csv", [f"{n},{name},36,{name},2024-01-01" for n, name in enumerate(tracks)])
    shop.deliver("streams", "limits.csv", AT_LIMITS)
    shop.deliver("streams", "names.csv", [f"{n},{name},2024-06-01 10:00:00" for n, name in enumerate(tracks)])
    shop.run()
    assert shop.rejects() == []

    assert_same(shop, place)
    held = {track for (track,) in place.rows("SELECT DISTINCT track_id FROM transformed_streams")}
    assert set(names) - {"e\u0301"} <= held
    users = place.rows("SELECT user_name FROM transformed_users")
    assert {name for (name,) in users} == set(names) - {"e\u0301"}
    assert place.rows("SELECT MIN(listen_date)::TEXT, MAX(listen_date)::TEXT FROM transformed_streams") == [
        ("0001-01-02", "9999-12-30")
    ]
    extremes = place.rows("SELECT MIN(user_id), MAX(user_id), MAX(duration_ms) FROM transformed_streams, raw_songs")
    assert extremes == [(1 - 10**18, 10**18 - 1, 10**18 - 1)]
