"""insert_metrics_dynamo: song_kpis/ into track_level_reports, as the sink would write it."""

from __future__ import annotations

import ast
import sys
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from hitparade.glue import insert_metrics_dynamo as script
from hitparade.sinks.dynamodb import DynamoDbSink
from hitparade.sinks.dynamodb.tables import default_tables
from tests.glue.song_kpis import SCRIPT, SONGS, TRACKS, SongKpis, job, told
from tests.glue.song_kpis import track_day as day
from tests.sinks.chart_days import MONDAY, day_of, song_chart
from tests.sinks.dynamodb_items import Item, Weather, items, plain_client

WIDE = "ß" * 20_000
REPORTS = next(table for table in default_tables() if table.name == "track_level_reports")
PLACE = {"genre": "pop", "position": 1, "rank": 1}


def loaded(song_kpis: SongKpis, *more: str) -> dict[tuple[str, str], Item]:
    """The table after a run that went well."""
    done = song_kpis.run(*more)
    assert done.returncode == 0, done.stderr
    return song_kpis.items()


def test_items_are_those_of_the_sink(song_kpis: SongKpis) -> None:
    tracks = day(
        [
            {"track_id": "a", "listen_count": 3, "listening_ms": 2**62, "avg_listening_ms_per_user": 1 / 3},
            {
                "track_id": "ü" * 900,
                "listen_count": 1,
                "track_name": WIDE,
                "artists": "Björk;中",
                "primary_genre": "pop",
            },
            {"track_id": "gone"},
        ]
    )
    places = [
        {"genre": genre, "position": n, "rank": 1, "track_id": "a", "listen_count": 3 if n < 5 else 0}
        for genre in ("pop", WIDE, "ambient")
        for n in (2, 3, 4, 5)
    ]
    chart = day_of(SONGS, places)
    song_kpis.put(TRACKS, tracks, run=7)
    song_kpis.put(SONGS, chart, run=9)
    with closing(DynamoDbSink("dynamodb:", [REPORTS], prefix=f"{song_kpis.table}_")) as sink:
        sink.write(TRACKS, MONDAY, tracks, run=7)
        sink.write(SONGS, MONDAY, chart, run=9)

    found = loaded(song_kpis)

    expected = {
        (item["track_id"], item["report_date"]): item for item in items(f"{song_kpis.table}_track_level_reports")
    }
    assert len(expected) == 3
    # The sink remembers whom it gave places to; the job says of each track that it has none.
    nowhere = {"genre_positions": [], "top_songs_daily_run": Decimal(9)}
    assert found == {key: {**nowhere, **item} for key, item in expected.items()}


def test_what_it_knows_of_the_sink_is_so() -> None:
    feed = REPORTS.kpis
    assert dict(feed["track_daily"].attributes or {}) == {name: name for name in script.MEASURES}
    assert dict(feed["top_songs_daily"].chart or {}) == {"genre_positions": script.PLACE}
    assert list(REPORTS.keys) == list(script.KEYS)
    assert SONGS.served == script.SERVED


def test_a_second_run_finds_nothing_to_do(song_kpis: SongKpis) -> None:
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 3}]), run=1)
    song_kpis.put(SONGS, song_chart(pop=["a"]), run=1)
    before = loaded(song_kpis)
    spoil(song_kpis, "a", "listen_count = :it", 99)

    done = song_kpis.run()

    assert done.stdout.splitlines() == [
        f"{song_kpis.table}: 0 of 1 days in {song_kpis.source} had changed and are loaded"
    ]
    assert song_kpis.items() == {key: {**item, "listen_count": Decimal(99)} for key, item in before.items()}, (
        "it wrote what had not changed"
    )


def test_only_days_that_changed_are_written(song_kpis: SongKpis) -> None:
    tuesday = MONDAY + timedelta(days=1)
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 3}]), run=1)
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 4}], tuesday), run=1, day=tuesday)
    loaded(song_kpis)

    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 5}], tuesday), run=2, day=tuesday)
    done = song_kpis.run()

    assert done.stdout.splitlines()[0] == f"{tuesday}: 1 items"
    assert "1 of 2 days" in done.stdout
    assert [item["listen_count"] for _, item in sorted(song_kpis.items().items())] == [3, 5]


def test_a_table_that_is_made_anew_is_loaded_anew(song_kpis: SongKpis) -> None:
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 3}]), run=1)
    before = loaded(song_kpis)
    song_kpis.drop_table()
    song_kpis.make_table()

    assert loaded(song_kpis) == before


def test_an_older_run_is_refused_for_the_kpi_that_has_a_later_one_and_for_no_other(song_kpis: SongKpis) -> None:
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 3}]), run=5)
    song_kpis.put(SONGS, song_chart(pop=["a"]), run=5)
    loaded(song_kpis)

    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 1}]), run=4)
    song_kpis.put(SONGS, song_chart(rock=["a"]), run=6)
    done = song_kpis.run()

    assert done.returncode == 0
    assert "1 items, of which 1 stay as a later run has them" in done.stdout
    [item] = song_kpis.items().values()
    assert (item["listen_count"], item["track_daily_run"]) == (3, 5)
    assert (item["genre_positions"], item["top_songs_daily_run"]) == ([{**PLACE, "genre": "rock"}], 6)


def test_vanished_tracks_become_zeros_and_lose_their_places(song_kpis: SongKpis) -> None:
    song_kpis.put(TRACKS, day([{"track_id": name, "listen_count": 3, "track_name": "T"} for name in "ab"]), run=1)
    song_kpis.put(SONGS, song_chart(pop=["a", "b"]), run=1)
    loaded(song_kpis)

    song_kpis.put(TRACKS, day([{"track_id": "a"}, {"track_id": "b", "listen_count": 3}]), run=2)
    gone = {"genre": "pop", "position": 2}
    song_kpis.put(SONGS, day_of(SONGS, [{**PLACE, "track_id": "b", "listen_count": 3}, gone]), run=2)
    found = loaded(song_kpis)

    vanished, other = found["a", str(MONDAY)], found["b", str(MONDAY)]
    assert (vanished["listen_count"], vanished["listening_ms"], vanished["genre_positions"]) == (0, 0, [])
    assert "track_name" not in vanished
    assert other["genre_positions"] == [PLACE]


def test_places_come_before_their_tracks_where_the_files_are_of_different_moments(song_kpis: SongKpis) -> None:
    song_kpis.put(SONGS, song_chart(pop=["new"]), run=2)
    assert loaded(song_kpis)["new", str(MONDAY)]["genre_positions"] == [PLACE]

    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 1}]), run=1)
    assert set(loaded(song_kpis)) == {("a", str(MONDAY)), ("new", str(MONDAY))}


def test_what_others_say_of_an_item_survives(song_kpis: SongKpis) -> None:
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 3}]), run=1)
    loaded(song_kpis)
    spoil(song_kpis, "a", "note = :it", 7)

    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 4}]), run=2)
    [item] = loaded(song_kpis).values()

    assert (item["note"], item["listen_count"]) == (7, 4)


def test_nothing_is_lost_when_a_third_of_all_calls_fail(
    song_kpis: SongKpis, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(script, "TELL_EVERY", 400)
    names = [f"t{number}" for number in range(800)]
    song_kpis.put(TRACKS, day([{"track_id": name, "listen_count": 3} for name in names]), run=1)
    song_kpis.put(SONGS, song_chart(pop=names[:100]), run=1)
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=script.HANDS)
    with closing(boto3.client("dynamodb", config=config)) as client, closing(boto3.client("s3")) as s3:
        weather = Weather(client, share=0.3)
        script.load(
            script.Source(s3, song_kpis.bucket, "spotify_data/output/song_kpis"), script.Table(client, song_kpis.table)
        )

    found = song_kpis.items()
    assert weather.failed > 200
    assert {key[0] for key in found} == set(names)
    assert {item["listen_count"] for item in found.values()} == {3}
    assert sum(len(item["genre_positions"]) for item in found.values()) == 3
    assert f"{MONDAY}: 800 items so far" in capsys.readouterr().out


def test_it_runs_on_the_python_and_the_libraries_of_python_shell(song_kpis: SongKpis, python_shell: Path) -> None:
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 3, "avg_listening_ms_per_user": 0.1}]), run=1)
    song_kpis.put(SONGS, song_chart(pop=["a"]), run=1)
    expected = loaded(song_kpis)
    song_kpis.drop_table()
    song_kpis.make_table()

    first = song_kpis.run(python=python_shell)
    assert first.returncode == 0, first.stderr
    assert song_kpis.items() == expected
    second = song_kpis.run(python=python_shell)
    assert "0 of 1 days" in second.stdout, second.stderr
    shown = song_kpis.run("--preview", python=python_shell)
    assert "a | 2024-06-24 | 3 | 0 | 0 | 0.1 | - | - | (unknown) | pop 1 1" in shown.stdout, shown.stderr
    song_kpis.put(TRACKS, day([{"track_id": "a", "listen_count": 1}]), run=0)
    assert "1 stay as a later run has them" in song_kpis.run(python=python_shell).stdout
    assert told(song_kpis.run("--table", "none", python=python_shell)) == (
        "JobFailed: there is no DynamoDB table none; next: make it, docs/glue.md says how"
    )


def test_it_needs_nothing_but_python_and_the_libraries_of_python_shell() -> None:
    tree = ast.walk(ast.parse(SCRIPT.read_text()))
    named = [
        name
        for node in tree
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    others = {name.split(".")[0] for name in named} - sys.stdlib_module_names
    assert others == {"boto3", "botocore", "pyarrow"}


def test_a_preview_shows_the_first_items_and_writes_nothing(song_kpis: SongKpis) -> None:
    names = [f"t{number:02}" for number in range(25)]
    song_kpis.put(TRACKS, day([{"track_id": name, "listen_count": 3} for name in names]), run=1)
    song_kpis.drop_table()

    done = song_kpis.run("--preview", "")

    assert done.returncode == 0, done.stderr
    head, *lines, last = done.stdout.splitlines()
    assert head.startswith("track_id | report_date | listen_count | unique_listeners | listening_ms | ")
    assert [line.split(" | ")[0] for line in lines] == names[:20]
    assert last == "2024-06-24: 5 items more"
    assert not [key for key in song_kpis.server.keys(song_kpis.bucket) if "_loaded" in key]


def test_a_folder_without_files_is_nothing_to_do(song_kpis: SongKpis) -> None:
    done = song_kpis.run("--preview", "false")

    assert (done.returncode, done.stderr) == (0, "")
    assert "0 of 0 days" in done.stdout


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "arguments of insert_metrics_dynamo: the following arguments are required: --source;"),
        (["--source", "song_kpis"], "argument --source: 'song_kpis' is no s3://bucket/folder/;"),
        (["--source", "s3://bucket"], "argument --source: 's3://bucket' is no s3://bucket/folder/;"),
        (["--source", "s3://b/f", "--preview", "maybe"], "argument --preview: invalid choice: 'maybe'"),
        (["--source", "s3://nobodys-bucket/f"], "The specified bucket does not exist; next: see that the source,"),
    ],
)
def test_wrong_arguments_are_told_in_the_last_line(song_kpis: SongKpis, given: list[str], message: str) -> None:
    done = job(SCRIPT, *given, "--table", song_kpis.table, environment=song_kpis.server.environment)

    assert message in told(done)
    assert told(done).startswith("JobFailed: ")


def test_a_file_that_is_none_of_its_own_is_told_by_its_name(song_kpis: SongKpis) -> None:
    song_kpis.put_bytes(TRACKS, b"track_id,listen_count\n")
    assert f"{song_kpis.source}track_daily/2024-06-24.parquet is not Parquet" in told(song_kpis.run())

    song_kpis.put(TRACKS, day([{"track_id": "a"}]), run=None)
    assert "does not say which run wrote it (hitparade.run)" in told(song_kpis.run())

    song_kpis.put(TRACKS, day([{"track_id": "a"}]).drop_columns(["artists", "track_name"]), run=1)
    assert "2024-06-24.parquet lacks artists, track_name; next: " in told(song_kpis.run())


def test_a_table_of_other_keys_is_left_alone(song_kpis: SongKpis) -> None:
    song_kpis.put(TRACKS, day([{"track_id": "a"}]), run=1)
    song_kpis.drop_table()
    song_kpis.make_table(keys=("track_id", "day"))

    assert f"the keys of table {song_kpis.table} are {{'track_id': 'HASH', 'day': 'RANGE'}}" in told(song_kpis.run())


def spoil(song_kpis: SongKpis, track: str, change: str, it: int) -> None:
    """Change an item by hand."""
    with plain_client() as client:
        client.update_item(
            TableName=song_kpis.table,
            Key={"track_id": {"S": track}, "report_date": {"S": str(MONDAY)}},
            UpdateExpression=f"SET {change}",
            ExpressionAttributeValues={":it": {"N": str(it)}},
        )
