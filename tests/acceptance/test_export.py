"""export: the lake's rows as plain Parquet, only what changed, and nothing in the lake or of others touched."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pyarrow.parquet as pq
import pytest

from hitparade import pipeline
from hitparade.cli.app import run as hitparade
from hitparade.config import read_settings
from hitparade.emulator.catalog import refuse_stale_updates
from hitparade.errors import ConfigError
from hitparade.export import Exported, Part, export
from hitparade.export.place import Place
from hitparade.progress import Advance, Progress
from hitparade.storage import Storage
from hitparade.workspace import open_workspace
from tests.cloud import CloudShop
from tests.postgres import postgres_url as postgres_url
from tests.s3 import Server, moto_server
from tests.shop import HEADERS, LAB, Shop
from tests.warehouse.places import on_postgres

Rows = list[tuple[Any, ...]]
SONGS = ["a,One;Two,Al,Ta,50,1500,Pop", "a,One;Two,Al,Ta,50,1500,dance", "b,Three,Al,Tb,60,2000,"]
USERS = ["1,Ann,30,Norway,2024-01-01", "2,Bob,40,Peru,2024-02-02"]
TINY = {
    "validated-data/users.parquet",
    "validated-data/songs.parquet",
    "validated-data/one.parquet",
    "validated-data/two.parquet",
    "transformed-data/transformed_users.parquet",
    "transformed-data/transformed_songs.parquet",
    "transformed-data/one_transformed.parquet",
    "transformed-data/two_transformed.parquet",
    "metadata/processed_stream_files.txt",
}
KINDS = {"user_id": "int", "track_id": "string", "listen_time": "timestamp"}
CORRECTIONS = {
    "name": "manifest.json",
    "version": "2.0",
    "schema": {
        "on_redelivery": "supersede",
        "fields": {name: {"type": kind, "required": True} for name, kind in KINDS.items()},
    },
}
needs_lab = pytest.mark.skipif(not LAB.is_dir(), reason="the lab data is not beside this checkout")


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A workspace that is only read: two songs, two users, and two files of a day each, a repeat, a rejected row."""
    return stocked(Shop(tmp_path_factory.mktemp("stock")))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The same, to go on with."""
    return stocked(Shop(tmp_path / "shop"))


def stocked(shop: Shop) -> Shop:
    shop.deliver("songs", "songs.csv", SONGS)
    shop.deliver("users", "users.csv", USERS)
    shop.deliver(
        "streams", "one.csv", ["2,b,2024-06-01 23:30:00", "1,a,2024-06-01 09:00:00", "1,a,2024-06-01 09:00:00"]
    )
    shop.deliver("streams", "two.csv", ["1,a,2024-06-02 10:00:00", "2,b,2024-06-02 11:00:00", "nobody,b,2024-06-02"])
    load(shop)
    return shop


def load(shop: Shop) -> None:
    with shop.open("load") as ws:
        pipeline.load(ws)


@pytest.fixture(scope="module")
def aws() -> Iterator[Server]:
    """S3, Glue and DynamoDB of moto, in the environment."""
    refuse_stale_updates()
    with moto_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server


def exported(shop: Shop, *parts: Part, to: str | Path = "out") -> Exported:
    with shop.open("export") as ws:
        return export(ws, str(to), parts)


def names(done: Exported) -> set[str]:
    return {each.file for each in done.written}


def there(root: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder, with what changes whenever it is replaced."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def rows(path: Path) -> Rows:
    """Of a Parquet file, each row in order."""
    return [tuple(row.values()) for row in pq.read_table(path).to_pylist()]


at = datetime.fromisoformat


def delivered(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


# ---- what is in the files


@needs_lab
def test_the_lab_data_comes_out_as_it_was_delivered(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for dataset, name in (("songs", "songs_partial.csv"), ("users", "users.csv")):
        shutil.copy(LAB / name, shop.root / "data" / dataset / name)
    streams = [LAB / f"streams{number}.csv" for number in (1, 2, 3)]
    for path in streams:
        shutil.copy(path, shop.landing("streams") / path.name)
    load(shop)
    exported(shop)

    total = 0
    for path in streams:
        wanted = [(int(row["user_id"]), row["track_id"], at(row["listen_time"])) for row in delivered(path)]
        found = rows(shop.root / f"out/validated-data/{path.stem}.parquet")
        assert sorted(found) == sorted(wanted)
        assert found == sorted(found, key=lambda row: (row[2], row[0], row[1]))
        derived = rows(shop.root / f"out/transformed-data/{path.stem}_transformed.parquet")
        assert derived == [(*row, row[2].date(), row[2].hour) for row in found]
        total += len(found)
    assert total == 34_038
    assert sorted(rows(shop.root / "out/validated-data/users.parquet")) == lab_users()
    assert_songs(shop.root / "out")


def lab_users() -> Rows:
    return sorted(
        (
            int(row["user_id"]),
            row["user_name"],
            int(row["user_age"]),
            row["user_country"],
            at(row["created_at"]),
        )
        for row in delivered(LAB / "users.csv")
    )


def assert_songs(out: Path) -> None:
    genres: dict[str, list[str]] = {}
    songs: dict[str, tuple[Any, ...]] = {}
    for row in delivered(LAB / "songs_partial.csv"):
        key, genre = row["track_id"], row["track_genre"].lower()
        texts = (normalize("NFC", row[name].strip()) for name in ("artists", "album_name", "track_name"))
        songs.setdefault(key, (key, *texts, int(row["popularity"]), int(row["duration_ms"])))
        genres.setdefault(key, [])
        genres[key] += [genre] if genre not in genres[key] else []
    order = sorted(songs, key=str.encode)
    assert rows(out / "validated-data/songs.parquet") == [
        (*songs[key], genre) for key in order for genre in genres[key]
    ]
    assert rows(out / "transformed-data/transformed_songs.parquet") == [
        (*songs[key], songs[key][5] / 1000, genres[key][0]) for key in order
    ]


def test_rows_are_those_accepted_repeats_too_and_a_track_without_genre_stays(stock: Shop, tmp_path: Path) -> None:
    exported(stock, to=tmp_path / "out")
    out = tmp_path / "out"
    nine, late = at("2024-06-01 09:00"), at("2024-06-01 23:30")

    assert rows(out / "validated-data/one.parquet") == [(1, "a", nine), (1, "a", nine), (2, "b", late)]
    assert len(rows(out / "validated-data/two.parquet")) == 2
    assert rows(out / "validated-data/songs.parquet") == [
        ("a", "One;Two", "Al", "Ta", 50, 1500, "pop"),
        ("a", "One;Two", "Al", "Ta", 50, 1500, "dance"),
        ("b", "Three", "Al", "Tb", 60, 2000, None),
    ]
    assert rows(out / "transformed-data/transformed_songs.parquet") == [
        ("a", "One;Two", "Al", "Ta", 50, 1500, 1.5, "pop"),
        ("b", "Three", "Al", "Tb", 60, 2000, 2.0, None),
    ]
    assert (out / "metadata/processed_stream_files.txt").read_text() == "one.csv\ntwo.csv\n"


def test_columns_are_named_and_typed_as_documented(stock: Shop, tmp_path: Path) -> None:
    exported(stock, to=tmp_path / "out")

    def columns(name: str) -> dict[str, str]:
        schema = pq.read_schema(tmp_path / "out" / name)
        return {field.name: str(field.type) for field in schema}

    users = {
        "user_id": "int64",
        "user_name": "string",
        "user_age": "int32",
        "user_country": "string",
        "created_at": "timestamp[us]",
    }
    listens = {"user_id": "int64", "track_id": "string", "listen_time": "timestamp[us]"}
    songs = dict.fromkeys(("track_id", "artists", "album_name", "track_name"), "string")
    songs |= {"popularity": "int32", "duration_ms": "int64"}
    assert columns("validated-data/users.parquet") == columns("transformed-data/transformed_users.parquet") == users
    assert columns("validated-data/songs.parquet") == {**songs, "track_genre": "string"}
    transformed = columns("transformed-data/transformed_songs.parquet")
    assert list(transformed.items()) == [*songs.items(), ("duration_sec", "double"), ("track_genre", "string")]
    assert columns("validated-data/one.parquet") == listens
    derived = {**listens, "listen_date": "date32[day]", "hour": "int32"}
    assert columns("transformed-data/one_transformed.parquet") == derived


def test_days_and_hours_are_those_of_the_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HITPARADE_LAKE__TIMEZONE", "Asia/Tokyo")
    shop = Shop(tmp_path)
    shop.deliver("streams", "one.csv", ["1,a,2024-06-01 20:00:00"])
    load(shop)
    exported(shop)

    found = rows(shop.root / "out/transformed-data/one_transformed.parquet")
    assert found == [(1, "a", at("2024-06-01 20:00"), date(2024, 6, 2), 5)]


def test_nothing_loaded_gives_files_without_rows(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop.deliver("streams", "none.csv", [])
    load(shop)
    exported(shop)

    for name in ("validated-data/users", "transformed-data/transformed_songs", "transformed-data/none_transformed"):
        assert rows(shop.root / f"out/{name}.parquet") == []
    assert pq.read_schema(shop.root / "out/validated-data/none.parquet").names == ["user_id", "track_id", "listen_time"]


def test_the_spark_engine_gives_the_same_files(stock: Shop, tmp_path: Path) -> None:
    exported(stock, to=tmp_path / "duckdb")
    exported(stock.by("spark"), to=tmp_path / "spark")

    parquet = [name for name in there(tmp_path / "duckdb") if name.endswith(".parquet")]
    assert len(parquet) == len(TINY) - 1
    for name in parquet:
        assert (tmp_path / "spark" / name).read_bytes() == (tmp_path / "duckdb" / name).read_bytes()


# ---- names


def test_each_file_in_effect_has_a_name_of_its_own(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    head = HEADERS["streams"]
    shop.drop("streams", "one.csv.gz", gzip.compress(f"{head}\n1,a,2024-06-01 01:00:00\n".encode()))
    load(shop)
    shop.deliver("streams", "one.csv", ["1,a,2024-06-01 02:00:00"])
    load(shop)
    shop.deliver("streams", "one.csv", ["1,a,2024-06-01 03:00:00"])
    load(shop)
    shop.deliver("streams", "users.csv", ["1,a,2024-06-01 04:00:00"])
    load(shop)
    exported(shop, "validated", "processed")

    out = shop.root / "out"
    hours = {path.name: rows(path)[0][2].hour for path in (out / "validated-data").iterdir() if rows(path)}
    assert hours == {"one.parquet": 1, "one-2.parquet": 2, "one-3.parquet": 3, "users-4.parquet": 4}
    assert rows(out / "validated-data/users.parquet") == []
    processed = (out / "metadata/processed_stream_files.txt").read_text().splitlines()
    assert processed == ["one.csv.gz", "one.csv", "one.csv", "users.csv"]


def test_very_long_names_are_cut(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for letter in "xy":
        shop.drop(
            "streams", f"{'é' * 100}{letter}.csv", f"{HEADERS['streams']}\n1,{letter},2024-06-01 01:00:00\n".encode()
        )
    load(shop)
    exported(shop)

    found = (shop.root / "out/transformed-data").glob("é*")
    assert sorted(path.name for path in found) == [
        f"{'é' * 80}-2_transformed.parquet",
        f"{'é' * 80}_transformed.parquet",
    ]


# ---- only what changed


def test_a_second_export_writes_nothing(stock: Shop, tmp_path: Path) -> None:
    first = exported(stock, to=tmp_path / "out")
    before = there(tmp_path / "out")
    again = exported(stock, to=tmp_path / "out")

    assert names(first) == TINY
    assert set(before) == {*TINY, "exported.json"}
    assert (again.written, again.removed, again.unchanged) == ([], [], len(TINY))
    assert there(tmp_path / "out") == before


def test_a_new_file_is_added_without_reading_days_that_it_has_no_row_of(shop: Shop) -> None:
    exported(shop)
    shop.deliver("streams", "three.csv", ["1,a,2024-06-03 10:00:00", "1,b,2024-06-02 10:00:00"])
    load(shop)
    with shop.open() as ws:
        for file in ws.lake.files("listens", [date(2024, 6, 1)]):
            Path(file.path).unlink()
    done = exported(shop)

    assert names(done) == {
        "validated-data/three.parquet",
        "transformed-data/three_transformed.parquet",
        "metadata/processed_stream_files.txt",
    }
    assert len(rows(shop.root / "out/validated-data/three.parquet")) == 2


def test_a_catalogue_that_changed_is_written_anew_and_nothing_else(shop: Shop) -> None:
    exported(shop)
    shop.deliver("songs", "songs.csv", ["b,Three,Al,New name,60,2000,rock"])
    load(shop)
    done = exported(shop)

    assert names(done) == {"validated-data/songs.parquet", "transformed-data/transformed_songs.parquet"}
    found = rows(shop.root / "out/transformed-data/transformed_songs.parquet")
    assert [(row[3], row[7]) for row in found] == [("Ta", "pop"), ("New name", "rock")]


def test_a_correction_takes_the_place_of_what_it_supersedes(shop: Shop) -> None:
    shop.deliver("streams", "one.csv", ["5,a,2024-06-01 05:00:00"])
    load(shop)
    exported(shop)
    second = "validated-data/one-5.parquet"
    assert len(rows(shop.root / "out" / second)) == 1
    shop.manifest("streams", CORRECTIONS)
    shop.deliver("streams", "one.csv", ["7,a,2024-06-01 07:00:00"])
    load(shop)
    done = exported(shop)

    assert names(done) == {
        "validated-data/one.parquet",
        "transformed-data/one_transformed.parquet",
        "metadata/processed_stream_files.txt",
    }
    assert done.removed == ["transformed-data/one-5_transformed.parquet", second]
    assert set(there(shop.root / "out")) == {*TINY, "exported.json"}
    assert rows(shop.root / "out/validated-data/one.parquet") == [(7, "a", at("2024-06-01 07:00"))]


def test_files_of_others_stay(shop: Shop) -> None:
    shop.deliver("streams", "one.csv", ["5,a,2024-06-01 05:00:00"])
    load(shop)
    exported(shop)
    folder = shop.root / "out/validated-data"
    for name in ("theirs.parquet", "one-5.parquet"):
        (folder / name).write_text("theirs")
    shop.manifest("streams", CORRECTIONS)
    shop.deliver("streams", "one.csv", ["7,a,2024-06-01 07:00:00"])
    load(shop)

    assert exported(shop).removed == ["transformed-data/one-5_transformed.parquet"]
    assert {name: (folder / name).read_text() for name in ("theirs.parquet", "one-5.parquet")} == {
        "theirs.parquet": "theirs",
        "one-5.parquet": "theirs",
    }


def test_a_file_that_was_removed_or_replaced_by_another_is_written_again(stock: Shop, tmp_path: Path) -> None:
    exported(stock, to=tmp_path / "out")
    (tmp_path / "out/validated-data/one.parquet").unlink()
    (tmp_path / "out/transformed-data/transformed_users.parquet").write_text("theirs")

    assert names(exported(stock, to=tmp_path / "out")) == {
        "validated-data/one.parquet",
        "transformed-data/transformed_users.parquet",
    }
    assert len(rows(tmp_path / "out/transformed-data/transformed_users.parquet")) == 2


@pytest.mark.parametrize(
    "index", [None, b"\xff", b"[]", b'{"format": 99, "files": {}}', b'{"format": 1, "files": {"a": {}}}']
)
def test_without_an_index_that_can_be_read_everything_is_written_anew(
    stock: Shop, tmp_path: Path, index: bytes | None
) -> None:
    exported(stock, to=tmp_path / "out")
    path = tmp_path / "out/exported.json"
    path.unlink()
    if index is not None:
        path.write_bytes(index)

    assert names(exported(stock, to=tmp_path / "out")) == TINY
    assert names(exported(stock, to=tmp_path / "out")) == set()


def test_only_the_parts_that_are_named_are_touched(shop: Shop) -> None:
    assert names(exported(shop, "validated")) == {name for name in TINY if name.startswith("validated-data")}
    shop.deliver("songs", "songs.csv", ["b,Three,Al,New name,60,2000,rock"])
    load(shop)
    before = there(shop.root / "out/validated-data")
    assert names(exported(shop, "transformed")) == {name for name in TINY if name.startswith("transformed-data")}
    assert there(shop.root / "out/validated-data") == before
    assert names(exported(shop)) == {"validated-data/songs.parquet", "metadata/processed_stream_files.txt"}


def test_nothing_in_the_lake_changes(stock: Shop, tmp_path: Path) -> None:
    with stock.open() as ws:
        run = ws.ledger.latest_run()
    before = {name: found for name, found in there(stock.root / "lake").items() if ".db" not in name}
    exported(stock, to=tmp_path / "out")
    with stock.open() as ws:
        assert ws.ledger.latest_run() == run
    assert {name: found for name, found in there(stock.root / "lake").items() if ".db" not in name} == before


# ---- interrupted


class Impatient(Progress):
    """Somebody who presses Ctrl-C when a label has come so far."""

    def __init__(self, label: str) -> None:
        self.label = label

    @contextmanager
    def of(self, label: str, total: int) -> Iterator[Advance]:  # noqa: ARG002 - as its base
        """See Progress."""
        yield lambda _: self.press(label)

    def press(self, label: str) -> None:
        """Ctrl-C, once it is time."""
        if label == self.label:
            raise KeyboardInterrupt


@pytest.mark.parametrize(("when", "kept"), [("export catalogue", 0), ("export listens", 6)])
def test_an_export_that_is_interrupted_goes_on(stock: Shop, tmp_path: Path, when: str, kept: int) -> None:
    settings = read_settings(stock.root / "hitparade.toml")
    settings = settings.model_copy(update={"load": settings.load.model_copy(update={"batch_files": 1})})
    with (
        open_workspace(settings, command="export", progress=Impatient(when)) as ws,
        pytest.raises(KeyboardInterrupt),
    ):
        export(ws, str(tmp_path / "out"))
    half = there(tmp_path / "out")
    announced = json.loads((tmp_path / "out/exported.json").read_text())["files"]
    assert set(announced) == {name for name in TINY if name.endswith(".parquet")}
    done = exported(stock, to=tmp_path / "out")

    assert (done.unchanged, len(done.written)) == (kept, len(TINY) - kept)
    assert len(set(half) - {"exported.json"}) == kept
    assert set(there(tmp_path / "out")) == {*TINY, "exported.json"}


def test_a_file_written_and_not_recorded_is_known_as_ours(shop: Shop) -> None:
    """As after a crash between the file and the index: here the index says just what was announced."""
    shop.deliver("streams", "one.csv", ["5,a,2024-06-01 05:00:00"])
    load(shop)
    exported(shop)
    index = shop.root / "out/exported.json"
    found = json.loads(index.read_text())
    index.write_text(json.dumps({**found, "files": {name: {"source": "", "etag": ""} for name in found["files"]}}))
    shop.manifest("streams", CORRECTIONS)
    shop.deliver("streams", "one.csv", ["7,a,2024-06-01 07:00:00"])
    load(shop)

    done = exported(shop)
    assert names(done) == TINY
    assert len(done.removed) == 2
    assert set(there(shop.root / "out")) == {*TINY, "exported.json"}


class Crowded(Storage):
    """A place that somebody else writes to as well, right behind us."""

    def put_all(self, paths: Sequence[Path], urls: Sequence[str]) -> tuple[str, ...]:
        """See Storage."""
        done = super().put_all(paths, urls)
        Path(urls[0]).write_text("what another export made of older rows")
        return done


def test_what_another_export_replaced_meanwhile_is_not_taken_for_ours(tmp_path: Path) -> None:
    made = {f"folder/{name}": tmp_path / name for name in ("one", "two")}
    for path in made.values():
        path.write_text("new rows")
    sources = dict.fromkeys(made, "new")
    with closing(Crowded()) as storage:
        place = Place(storage, str(tmp_path / "out"), ["folder"])
        place.announce(made)
        place.put(made, sources)
        later = Place(storage, str(tmp_path / "out"), ["folder"])

    assert [later.has(name, "new") for name in made] == [False, True]
    assert later.ours(["folder"]) == set(made)


# ---- the KPIs of a warehouse


def test_kpis_are_the_rows_of_the_warehouse_and_written_when_they_change(postgres_url: str, tmp_path: Path) -> None:
    shop = stocked(Shop(tmp_path, settings=f'sinks = ["files:exports", "{on_postgres(postgres_url).url}"]'))
    shop.run()
    out = shop.root / "out"

    assert names(exported(shop)) == {*TINY, "genre_kpis.csv", "hourly_kpis.csv"}
    assert (out / "genre_kpis.csv").read_text().splitlines() == [
        "track_genre,total_plays,avg_popularity,avg_duration_sec",
        "pop,2,50.0,1.50",
        ",2,60.0,2.00",
    ]
    hours = (out / "hourly_kpis.csv").read_text().splitlines()
    assert hours[0] == "hour,unique_listeners,total_plays,unique_tracks,track_diversity_index"
    assert hours[1:] == [f"{hour},1,1,1,1.000" for hour in (9, 10, 11, 23)]
    assert names(exported(shop)) == set()
    shop.deliver("streams", "three.csv", ["1,b,2024-06-03 10:00:00", "1,b,2024-06-03 10:00:01"])
    shop.run()
    assert {(each.file, each.rows) for each in exported(shop, "kpis").written} == {
        ("genre_kpis.csv", 2),
        ("hourly_kpis.csv", 4),
    }
    assert (out / "genre_kpis.csv").read_text().splitlines()[1:] == [",4,60.0,2.00", "pop,2,50.0,1.50"]
    assert (out / "hourly_kpis.csv").read_text().splitlines()[2] == "10,1,3,2,0.667"


def test_what_a_warehouse_does_not_have_yet_is_said_when_all_else_is_done(postgres_url: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    stocked(shop)
    config = shop.root / "hitparade.toml"
    config.write_text(f'sinks = ["{on_postgres(postgres_url).url}"]\n' + config.read_text())

    with pytest.raises(ConfigError, match="holds no genre_kpis"):
        exported(shop)
    assert set(there(shop.root / "out")) == {*TINY, "exported.json"}


def test_kpis_of_no_warehouse_are_left_out_unless_they_are_asked_for(stock: Shop, tmp_path: Path) -> None:
    assert names(exported(stock, to=tmp_path / "out")) == TINY
    with pytest.raises(ConfigError) as caught:
        exported(stock, "validated", "kpis", to=tmp_path / "other")
    assert "hitparade publish" in (caught.value.hint or "")
    assert not (tmp_path / "other").exists()


# ---- in a bucket


def test_a_bucket_holds_what_a_disk_does_and_only_changes_are_put(aws: Server, stock: Shop, tmp_path: Path) -> None:
    exported(stock, to=tmp_path / "out")
    cloud = CloudShop(tmp_path / "cloud", aws.make_bucket("exports"))
    stocked(cloud)
    place = f"{cloud.bucket}/processed"

    assert names(exported(cloud, to=place)) == TINY
    for name in TINY:
        assert cloud.read(f"processed/{name}") == (tmp_path / "out" / name).read_bytes()
    assert exported(cloud, to=place).written == []
    for number in (5, 7):
        cloud.deliver("streams", "one.csv", [f"{number},a,2024-06-01 0{number}:00:00"])
        load(cloud)
        assert len(names(exported(cloud, to=place))) == 3
        cloud.manifest("streams", CORRECTIONS)
    assert set(cloud.names("processed")) == {f"processed/{name}" for name in (*TINY, "exported.json")}


# ---- the command


def test_the_command_says_in_json_what_was_written(
    stock: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", str(stock.root / "hitparade.toml")]
    assert hitparade(["export", "--to", str(tmp_path / "out"), "--json", *config, "validated"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["place"] == str(tmp_path / "out")
    assert {each["file"]: each["rows"] for each in answer["written"]} == {
        "validated-data/users.parquet": 2,
        "validated-data/songs.parquet": 3,
        "validated-data/one.parquet": 3,
        "validated-data/two.parquet": 2,
    }
    assert (answer["removed"], answer["unchanged"]) == ([], 0)
    assert hitparade(["export", "--to", str(tmp_path / "out"), *config]) == 0
    assert "5 files written" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--to", "out", "everything"], ["validated"], ["--to", "ftp://host/folder"]])
def test_wrong_use_is_an_error_that_says_so(stock: Shop, wrong: Sequence[str]) -> None:
    assert hitparade(["export", "--config", str(stock.root / "hitparade.toml"), *wrong]) == 2
