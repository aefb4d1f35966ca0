"""What only the DynamoDB sink promises: many KPIs in one item, whatever its network does and whoever else writes."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from decimal import Decimal
from itertools import count

import pyarrow as pa
import pytest
from structlog.testing import capture_logs

from hitparade.errors import ConfigError, Fenced, KpiError, StorageError
from hitparade.sinks.dynamodb import DynamoDbReader, DynamoDbSink, calls
from hitparade.sinks.dynamodb.calls import HANDS, each
from hitparade.sinks.dynamodb.tables import default_tables
from tests.sinks.chart_days import KPIS, MONDAY, day_of, genre_chart, genre_day, song_chart, user_day
from tests.sinks.dynamodb_items import Weather, before, by, items, plain_client

GENRES, SONGS, USERS, TOP = (
    KPIS[name] for name in ("genre_daily", "top_songs_daily", "user_daily", "top_genres_daily")
)
Open = Callable[..., DynamoDbSink]


@pytest.fixture
def sink(prefix: str) -> Iterator[Open]:
    """Opens sinks of some of the default tables, all of one prefix."""
    with ExitStack() as stack:

        def opened(*names: str) -> DynamoDbSink:
            tables = [table for table in default_tables() if not names or table.name in names]
            return stack.enter_context(closing(DynamoDbSink("dynamodb:", tables, prefix=prefix)))

        yield opened


# ---- items that several KPIs share


def test_kpis_of_one_item_keep_out_of_one_anothers_way(sink: Open, prefix: str) -> None:
    """Each has attributes and a run of its own, so a later run of one does not fence another."""
    kpis = sink("music_kpis_table")
    kpis.write(SONGS, MONDAY, song_chart(pop=["a", "b"]), run=9)
    kpis.write(GENRES, MONDAY, genre_day(pop=5), run=3)
    kpis.write(TOP, MONDAY, genre_chart("pop"), run=7)

    [item] = items(f"{prefix}music_kpis_table")
    assert (item["listen_count"], item["genre_rank"]) == (5, 1)
    assert [song["track_id"] for song in item["top_songs"]] == ["a", "b"]
    assert [item[f"{name}_run"] for name in ("top_songs_daily", "genre_daily", "top_genres_daily")] == [9, 3, 7]


def test_what_others_say_of_an_item_survives(sink: Open, prefix: str) -> None:
    kpis = sink("music_kpis_table")
    kpis.write(GENRES, MONDAY, genre_day(pop=5), run=1)
    with plain_client() as client:
        client.update_item(
            TableName=f"{prefix}music_kpis_table",
            Key={"date": {"S": "2024-06-24"}, "genre": {"S": "pop"}},
            UpdateExpression="SET note = :note, big = :big",
            ExpressionAttributeValues={":note": {"S": "ours"}, ":big": {"N": "9" * 38}},
        )

    kpis.write(GENRES, MONDAY, genre_day(pop=6), run=2)

    [item] = items(f"{prefix}music_kpis_table")
    assert (item["note"], item["big"], item["listen_count"]) == ("ours", Decimal("9" * 38), 6)


def test_a_kpi_is_in_every_table_that_wants_it(sink: Open, prefix: str) -> None:
    everything = sink()
    assert everything.write(GENRES, MONDAY, genre_day(pop=5, gone=0), run=1) == 1

    tables = [table for table in default_tables() if "genre_daily" in table.kpis]
    assert everything.table(GENRES) == f"genre_daily in {','.join(table.name for table in tables)}"
    assert [set(by("genre", f"{prefix}{table.name}")) for table in tables] == [{"pop", "gone"}] * 5
    assert everything.holds(GENRES, MONDAY) == 1


def test_a_kpi_without_a_table_has_no_place(sink: Open) -> None:
    assert sink("music_kpis_table").table(USERS) is None


def test_what_is_missing_is_no_attribute_and_goes_when_it_was_there(sink: Open, prefix: str) -> None:
    """A null could not stand in the index by this average."""
    averages = sink("music_streaming_avg_listening_time")
    row = {"genre": "pop", "listen_count": 1, "avg_listening_ms_per_user": 0.1}
    averages.write(GENRES, MONDAY, day_of(GENRES, [row]), run=1)
    [item] = items(f"{prefix}music_streaming_avg_listening_time")
    assert item["avg_listening_ms_per_user"] == Decimal("0.1")

    averages.write(GENRES, MONDAY, day_of(GENRES, [row | {"avg_listening_ms_per_user": None}]), run=2)
    [item] = items(f"{prefix}music_streaming_avg_listening_time")
    assert "avg_listening_ms_per_user" not in item


# ---- charts


def test_a_song_that_falls_out_of_a_chart_is_in_it_no_more(sink: Open, prefix: str) -> None:
    reports = sink("track_level_reports")
    reports.write(SONGS, MONDAY, song_chart(pop=["a", "b", "c", "d"], rock=["a"]), run=1)
    assert set(by("track_id", f"{prefix}track_level_reports")) == {"a", "b", "c"}

    reports.write(SONGS, MONDAY, song_chart(pop=["d", "c", "b"], rock=["a"]), run=2)
    reports.write(SONGS, MONDAY, song_chart(pop=["e", "c", "b"], rock=["d"]), run=3)

    places = {
        track: [(place["genre"], place["position"]) for place in item["genre_positions"]]
        for track, item in by("track_id", f"{prefix}track_level_reports").items()
    }
    assert places == {"a": [], "b": [("pop", 3)], "c": [("pop", 2)], "d": [("rock", 1)], "e": [("pop", 1)]}


def test_a_genre_that_left_the_chart_has_no_rank(sink: Open, prefix: str) -> None:
    kpis = sink("music_kpis_table")
    kpis.write(TOP, MONDAY, genre_chart("pop", "rock", "folk"), run=1)

    kpis.write(TOP, MONDAY, genre_chart("folk", "pop", None), run=2)

    ranks = {genre: item.get("genre_rank") for genre, item in by("genre", f"{prefix}music_kpis_table").items()}
    assert ranks == {"folk": 1, "pop": 2, "rock": None}


def test_progress_never_goes_back_though_more_items_are_written_than_there_are_rows(sink: Open) -> None:
    reports = sink("track_level_reports")
    reports.write(SONGS, MONDAY, song_chart(pop=["a", "b", "c"], rock=["d", "e", "f"]), run=1)
    told: list[int] = []

    def advance(units: int) -> None:
        told.append(units)

    reports.write(SONGS, MONDAY, song_chart(pop=["n"]), run=2, advance=advance)
    assert (min(told), sum(told)) == (0, 1)


def test_what_was_remembered_is_forgotten_once_it_is_replaced(sink: Open, prefix: str) -> None:
    reports = sink("track_level_reports")
    for run in range(1, 5):
        reports.write(SONGS, MONDAY, song_chart(pop=[f"t{run}"]), run=run)

    remembered = [item["listen_date"] for item in items(f"{prefix}hitparade_publications") if "keys" in item]
    assert [place.split("#")[1] for place in remembered] == ["4"]


def test_a_chart_that_vanished_is_an_empty_list(sink: Open, prefix: str) -> None:
    charts = sink("music_streaming_top_songs", "music_streaming_top_genres")
    charts.write(SONGS, MONDAY, song_chart(pop=["a"], rock=["b"]), run=1)
    gone = day_of(SONGS, [{"genre": "rock", "position": 1}])

    charts.write(SONGS, MONDAY, pa.concat_tables([song_chart(pop=["a"]), gone]), run=2)
    charts.write(TOP, MONDAY, genre_chart(), run=2)

    songs = by("genre", f"{prefix}music_streaming_top_songs")
    assert (len(songs["pop"]["songs"]), songs["rock"]["songs"]) == (1, [])
    assert [item["genres"] for item in items(f"{prefix}music_streaming_top_genres")] == [[]]


# ---- values that hardly fit


def test_wide_texts_are_cut_and_the_numbers_stay(sink: Open, prefix: str) -> None:
    wide = [
        {
            "genre": "pop",
            "position": n,
            "rank": n,
            "listen_count": n,
            "track_id": "t" * 350_000,
            "track_name": "ü" * 175_000,
        }
        | {"artists": "a" * 350_000}
        for n in (1, 2, 3)
    ]
    sink("music_kpis_table", "track_level_reports").write(SONGS, MONDAY, day_of(SONGS, wide), run=1)

    [item] = items(f"{prefix}music_kpis_table")
    assert [song["listen_count"] for song in item["top_songs"]] == [1, 2, 3]
    name = item["top_songs"][0]["track_name"]
    assert name == "ü" * ((16 * 1024 - 3) // 2) + "…"
    [track] = items(f"{prefix}track_level_reports")
    assert len(track["track_id"].encode()) == 1024


def test_long_keys_that_begin_alike_are_different_items(sink: Open, prefix: str) -> None:
    long = {"p" * 5000: 1, "p" * 5001: 2, "p" * 1024: 3}
    kpis = sink("music_kpis_table")
    rows = day_of(GENRES, [{"genre": name, "listen_count": n} for name, n in long.items()])
    kpis.write(GENRES, MONDAY, rows, run=1)

    found = by("listen_count", f"{prefix}music_kpis_table")
    assert set(found) == {1, 2, 3}
    assert found[3]["genre"] == "p" * 1024
    assert "…" in found[1]["genre"]


def test_numbers_are_exact(sink: Open, prefix: str) -> None:
    doubles = [0.1, 1 / 3, 1e-12 / 7, 123456789.123456789, 2.0**60]
    users = sink("music_streaming_user_listening")
    rows = [
        {"user_id": n, "listen_count": 2**63 - 1, "avg_listening_ms_per_listen": double}
        for n, double in enumerate(doubles)
    ]
    users.write(USERS, MONDAY, day_of(USERS, rows), run=1)
    found = by("user_id", f"{prefix}music_streaming_user_listening")
    assert [float(found[n]["avg_listening_ms_per_listen"]) for n in range(len(doubles))] == doubles
    assert {item["listen_count"] for item in found.values()} == {2**63 - 1}

    wide = day_of(USERS, [{"user_id": 77, "listen_count": 1}])
    digits = pa.array([Decimal("9" * 38)], pa.decimal128(38, 0))
    wide = wide.set_column(wide.schema.get_field_index("listening_ms"), "listening_ms", digits)
    users.write(USERS, MONDAY, wide, run=1)
    assert by("user_id", f"{prefix}music_streaming_user_listening")[77]["listening_ms"] == Decimal("9" * 38)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_an_error_and_not_a_gap(sink: Open, value: float) -> None:
    row = {"user_id": 1, "listen_count": 1, "avg_listening_ms_per_listen": value}
    with pytest.raises(KpiError, match="user_daily"):
        sink("music_streaming_user_listening").write(USERS, MONDAY, day_of(USERS, [row]), run=1)


# ---- runs


def test_of_two_runs_that_write_at_once_the_later_is_in_every_item(sink: Open, prefix: str) -> None:
    earlier, later = sink("music_streaming_user_listening"), sink("music_streaming_user_listening")
    later.write(USERS, MONDAY, user_day(1), run=1)
    before(earlier.client, "UpdateItem", 40, lambda: later.write(USERS, MONDAY, user_day(100, listens=8), run=8))

    with pytest.raises(Fenced, match="later than 7"):
        earlier.write(USERS, MONDAY, user_day(100, listens=7), run=7)

    found = items(f"{prefix}music_streaming_user_listening")
    assert [(item["listen_count"], item["user_daily_run"]) for item in found] == [(8, 8)] * 100
    assert earlier.holds(USERS, MONDAY) == 8


def test_a_slow_earlier_run_brings_no_song_back_into_a_chart(sink: Open, prefix: str) -> None:
    """Its songs are not among the later run's, and were not written when the later run looked."""
    earlier, later = sink("track_level_reports"), sink("track_level_reports")
    later.write(SONGS, MONDAY, song_chart(pop=["a"]), run=1)
    now = song_chart(pop=["n"])
    before(earlier.client, "UpdateItem", 2, lambda: later.write(SONGS, MONDAY, now, run=8))

    with pytest.raises(Fenced):
        earlier.write(SONGS, MONDAY, song_chart(pop=["x", "y", "z"], rock=["u", "v"]), run=7)

    tracks = by("track_id", f"{prefix}track_level_reports")
    assert {track for track, item in tracks.items() if item["genre_positions"]} == {"n"}


def test_a_run_that_was_overtaken_at_the_end_does_not_say_that_it_is_done(sink: Open) -> None:
    """All its items are written, none of them the later run's; only the end is left."""
    earlier, later = sink("music_streaming_user_listening"), sink("music_streaming_user_listening")
    later.write(USERS, MONDAY, user_day(1), run=1)
    before(earlier.client, "UpdateItem", 12, lambda: later.write(USERS, MONDAY, user_day(0), run=8))

    with pytest.raises(Fenced):
        earlier.write(USERS, MONDAY, user_day(10), run=7)

    assert earlier.holds(USERS, MONDAY) == 8


def test_a_crash_leaves_a_day_that_is_not_held_and_the_next_run_writes_it(sink: Open, prefix: str) -> None:
    crashing = sink("music_streaming_user_listening")
    crashing.holds(USERS, MONDAY)

    def crash() -> None:
        raise RuntimeError("killed")

    before(crashing.client, "UpdateItem", 30, crash)
    with pytest.raises(RuntimeError, match="killed"):
        crashing.write(USERS, MONDAY, user_day(100), run=1)
    assert crashing.holds(USERS, MONDAY) is None

    after = sink("music_streaming_user_listening")
    after.write(USERS, MONDAY, user_day(100), run=2)
    assert after.holds(USERS, MONDAY) == 2
    assert len(items(f"{prefix}music_streaming_user_listening")) == 100


# ---- a network as they are


def test_nothing_is_lost_when_a_third_of_all_calls_fail(sink: Open, prefix: str) -> None:
    users = sink("music_streaming_user_listening")
    weather = Weather(users.client, share=0.3)

    assert users.write(USERS, MONDAY, user_day(400, listens=3), run=1) == 400
    assert users.write(USERS, MONDAY, user_day(400, listens=4), run=2) == 400

    found = by("user_id", f"{prefix}music_streaming_user_listening")
    assert sorted(found) == list(range(400))
    assert {item["listen_count"] for item in found.values()} == {4}
    assert users.holds(USERS, MONDAY) == 2
    assert weather.failed > 200


def test_what_does_not_pass_in_time_is_a_storage_error(sink: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    users = sink("music_streaming_user_listening")
    users.write(USERS, MONDAY, user_day(1), run=1)
    monkeypatch.setattr(calls, "DEADLINE_SECONDS", 0.5)
    Weather(users.client, share=1)

    begun = time.monotonic()
    with pytest.raises(StorageError, match="user_daily of 2024-06-24"):
        users.write(USERS, MONDAY, user_day(10), run=2)
    assert time.monotonic() - begun < 10


def test_ctrl_c_ends_it_while_it_waits_for_better_weather(sink: Open) -> None:
    users = sink("music_streaming_user_listening")
    users.write(USERS, MONDAY, user_day(1), run=1)
    main, weather = threading.main_thread().ident, Weather(users.client, share=0)
    assert main is not None

    def bad_weather() -> None:
        weather.share = 1

    before(users.client, "UpdateItem", 20, bad_weather)
    pressed = threading.Timer(1.0, signal.pthread_kill, (main, signal.SIGINT))
    pressed.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        users.write(USERS, MONDAY, user_day(1000), run=2)
    assert time.monotonic() - begun < 5
    time.sleep(0.5)
    made = weather.calls
    time.sleep(1)
    assert weather.calls == made, "nobody goes on behind its back"


def test_items_are_made_only_when_a_hand_is_free() -> None:
    """Of endlessly many, so that memory is bounded."""
    taken, done = count(), []

    def work(number: int, stop: threading.Event) -> None:
        done.append(number)
        if len(done) == 5000:
            raise StorageError("enough")

    with pytest.raises(StorageError, match="enough"):
        each(work, taken)
    assert next(taken) <= 5000 + HANDS + 1


# ---- tables


def test_tables_whose_making_was_cut_short_get_their_backups_later(sink: Open, prefix: str, kind: str) -> None:
    if kind != "moto":
        pytest.skip("only moto knows backups")
    cut = sink("music_kpis_table", "track_level_reports")

    def cut_short(**_: object) -> None:
        raise KeyboardInterrupt

    cut.client.meta.events.register("before-call.dynamodb.UpdateContinuousBackups", cut_short)
    with pytest.raises(KeyboardInterrupt):
        cut.write(GENRES, MONDAY, genre_day(pop=1), run=1)

    sink("music_kpis_table", "track_level_reports").write(GENRES, MONDAY, genre_day(pop=1), run=1)

    with plain_client() as client:
        for name in ("music_kpis_table", "track_level_reports", "hitparade_publications"):
            found = client.describe_continuous_backups(TableName=f"{prefix}{name}")["ContinuousBackupsDescription"]
            assert found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_tables_are_made_with_backups_and_encryption(sink: Open, prefix: str, kind: str) -> None:
    with capture_logs() as logs:
        sink("music_kpis_table").write(GENRES, MONDAY, genre_day(pop=1), run=1)

    with plain_client() as client:
        table = client.describe_table(TableName=f"{prefix}music_kpis_table")["Table"]
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert {
            each["IndexName"]: [key["AttributeName"] for key in each["KeySchema"]]
            for each in table["GlobalSecondaryIndexes"]
        } == {
            "by_listen_count": ["date", "listen_count"],
            "by_genre_position": ["date", "genre_position"],
            "by_genre": ["genre", "date"],
        }
        warned = [each["table"] for each in logs if each["event"] == "publish.no_recovery"]
        if kind != "moto":
            assert len(warned) == 2
            return
        assert warned == []
        assert table["SSEDescription"]["Status"] == "ENABLED"
        backups = client.describe_continuous_backups(TableName=f"{prefix}music_kpis_table")
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_many_that_begin_at_once_make_the_tables_once(sink: Open, prefix: str) -> None:
    sinks = [sink("music_streaming_user_listening", "music_kpis_table") for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda each: each.write(USERS, MONDAY, user_day(20), run=1), sinks))

    assert done == [20] * 4
    assert len(items(f"{prefix}music_streaming_user_listening")) == 20


def make_table(name: str, *keys: str) -> None:
    with plain_client() as client:
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        )
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


@pytest.mark.parametrize("keys", [("genre", "date"), ("date",), ("date", "name")])
def test_a_table_that_exists_with_other_keys_is_named(sink: Open, prefix: str, keys: tuple[str, ...]) -> None:
    make_table(f"{prefix}music_kpis_table", *keys)

    with pytest.raises(ConfigError, match=rf"{prefix}music_kpis_table.*needs date \(S\), genre \(S\)"):
        sink("music_kpis_table").write(GENRES, MONDAY, genre_day(pop=1), run=1)


def test_a_table_that_exists_is_left_as_it_is_and_what_it_lacks_is_said_once(sink: Open, prefix: str) -> None:
    """The table of the loader script that wrote here before, without an index: only asking by date needs one."""
    make_table(f"{prefix}track_level_reports", "track_id", "report_date")
    reports, tracks = sink("track_level_reports"), KPIS["track_daily"]
    rows = day_of(tracks, [{"track_id": "a", "listen_count": 1}])

    with capture_logs() as logs:
        reports.write(tracks, MONDAY, rows, run=1)
        reports.write(tracks, MONDAY, rows, run=1)

    missing = [(each["table"], each["index"]) for each in logs if each["event"] == "publish.index_missing"]
    assert missing == [(f"{prefix}track_level_reports", "by_date")]
    reader = DynamoDbReader("dynamodb:", reports.tables, prefix=prefix)
    with closing(reader), pytest.raises(ConfigError, match="no index by_date"):
        reader.read(tracks, where={"listen_date": MONDAY}, positions=None)
