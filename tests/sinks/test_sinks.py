"""What every sink promises; each kind joins by a fixture of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from hitparade.errors import ConfigError, Fenced
from hitparade.model import Column, Kpi
from hitparade.sinks import Sink, open_reader, open_sink
from hitparade.sinks.dynamodb import DynamoDbReader, DynamoDbSink
from hitparade.sinks.dynamodb.tables import read_tables
from hitparade.storage import Storage
from tests.s3 import Server
from tests.sinks.conftest import SERVERS, numbers
from tests.sinks.files_reader import read_day
from tests.warehouse.places import Place, on_postgres

MONDAY, TUESDAY = date(2024, 6, 24), date(2024, 6, 25)
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Served:
    """A sink, a second opening of the same, and a reader of what it holds of a KPI's day."""

    sink: Sink
    again: Callable[[], Sink]
    rows: Callable[[Kpi, date], list[Row]]


TABLES = """
genres:
  keys: {genre: string, listen_date: string}
  indexes:
    by_date: {listen_date: string, genre: string}
  kpis:
    genre_daily: {attributes: [track_name, listen_count, share]}
    top_songs_daily:
      chart: {songs: [position, track_name, listen_count, share]}
"""


@pytest.fixture(params=["files", "files in S3", "postgres", "redshift", *SERVERS])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with ExitStack() as stack:
        if request.param == "files":
            yield in_files(tmp_path)
        elif request.param == "postgres":
            yield in_warehouse(on_postgres(request.getfixturevalue("postgres_url")), stack)
        elif request.param == "redshift":
            yield in_warehouse(request.getfixturevalue("redshift").place(), stack)
        else:
            server: Server = request.getfixturevalue("moto" if request.param == "files in S3" else request.param)
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in server.environment.items():
                patch.setenv(name, value)
            if request.param == "files in S3":
                yield in_bucket(server.make_bucket(f"sinks-{next(numbers)}"), tmp_path, stack)
                return
            yield in_dynamodb(f"suite{next(numbers)}_", stack)


def in_files(folder: Path) -> Served:
    def opened() -> Sink:
        return open_sink("files:exports", place=lambda location: str(folder / location))

    def rows(kpi: Kpi, day: date) -> list[Row]:
        return as_the_reader(f"files:{folder}/exports", kpi, day, read_day(folder / "exports", kpi, day))

    return Served(opened(), opened, rows)


def as_the_reader(url: str, kpi: Kpi, day: date, rows: list[Row]) -> list[Row]:
    """The rows of a day's files, which the sink's own reader must give too, of each format."""
    for options in ("", "?formats=csv"):
        with closing(open_reader(f"{url}{options}")) as reader:
            found = {each: reader.read(kpi, where={"listen_date": each}, positions=None) for each in (MONDAY, TUESDAY)}
            assert found[day].to_pylist() == rows
            assert reader.days() == tuple(each for each, table in found.items() if table.num_rows)
    return rows


def in_bucket(bucket: str, folder: Path, stack: ExitStack) -> Served:
    storage = stack.enter_context(closing(Storage()))

    def rows(kpi: Kpi, day: date) -> list[Row]:
        for blob in storage.list(f"{bucket}/exports/{kpi.name}"):
            (folder / kpi.name).mkdir(exist_ok=True)
            storage.fetch(blob.url, folder / kpi.name / blob.name)
        return as_the_reader(f"files:{bucket}/exports", kpi, day, read_day(folder, kpi, day))

    def opened() -> Sink:
        return open_sink(f"files:{bucket}/exports", place=str, storage=storage)

    return Served(opened(), opened, rows)


def in_warehouse(place: Place, stack: ExitStack) -> Served:
    reader = stack.enter_context(closing(open_reader(place.url)))

    def opened() -> Sink:
        return stack.enter_context(closing(open_sink(place.url, place=str)))

    def rows(kpi: Kpi, day: date) -> list[Row]:
        found: list[Row] = reader.read(kpi, where={"listen_date": day}, positions=None).to_pylist()
        return found

    return Served(opened(), opened, rows)


def in_dynamodb(prefix: str, stack: ExitStack) -> Served:
    tables = read_tables(TABLES)
    reader = stack.enter_context(closing(DynamoDbReader("dynamodb:", tables, prefix=prefix)))

    def opened() -> Sink:
        return stack.enter_context(closing(DynamoDbSink("dynamodb:", tables, prefix=prefix)))

    def rows(kpi: Kpi, day: date) -> list[Row]:
        found: list[Row] = reader.read(kpi, where={"listen_date": day}, positions=None).to_pylist()
        return found

    return Served(opened(), opened, rows)


def kpi(name: str, keys: Mapping[str, Any], *, served: int | None = None) -> Kpi:
    """A KPI with a day, other keys, and what charts have."""
    columns = [
        Column("listen_date", "date", "key", "The day."),
        *(Column(key, kind, "key", "A key.") for key, kind in keys.items()),
        Column("track_name", "string", "attribute", "The track."),
        Column("listen_count", "long", "additive", "Listens."),
        Column("share", "double", "ratio", "A share."),
    ]
    return Kpi(
        name=name,
        description="",
        scope="day",
        columns=tuple(columns),
        reads={},
        relations=(),
        settings=(),
        served=served,
        sql="",
        source=f"{name}.sql",
        hash="h",
    )


GENRES = kpi("genre_daily", {"genre": "string"})
CHART = kpi("top_songs_daily", {"genre": "string", "position": "int"}, served=3)
ARROW = {"date": pa.date32(), "string": pa.string(), "int": pa.int32(), "long": pa.int64(), "double": pa.float64()}


def table(shape: Kpi, rows: Iterable[Row]) -> pa.Table:
    """Rows as an engine hands them over: the KPI's columns, missing values null."""
    listed = list(rows)
    return pa.table(
        {
            column.name: pa.array([row.get(column.name) for row in listed], ARROW[column.type])
            for column in shape.columns
        }
    )


def genres(day: date, **counts: int) -> pa.Table:
    return table(GENRES, [{"listen_date": day, "genre": name, "listen_count": n} for name, n in counts.items()])


def counts(served: Served, day: date = MONDAY) -> dict[str, int]:
    return {row["genre"]: row["listen_count"] for row in served.rows(GENRES, day)}


def test_what_was_written_is_served_whole(served: Served) -> None:
    rows = [
        {"listen_date": MONDAY, "genre": 'r&b, "soul"\n', "track_name": "ünï", "listen_count": 2**40, "share": 0.1},
        {"listen_date": MONDAY, "genre": "pop", "track_name": None, "listen_count": 1, "share": None},
    ]

    assert served.sink.write(GENRES, MONDAY, table(GENRES, rows), run=1) == 2
    assert served.rows(GENRES, MONDAY) == sorted(rows, key=lambda row: str(row["genre"]))


def test_a_day_is_replaced_and_its_neighbours_are_not(served: Served) -> None:
    served.sink.write(GENRES, MONDAY, genres(MONDAY, pop=1, rock=1), run=1)
    served.sink.write(GENRES, TUESDAY, genres(TUESDAY, pop=5), run=1)

    served.sink.write(GENRES, MONDAY, genres(MONDAY, pop=2, rock=0), run=2)

    assert counts(served) == {"pop": 2}
    assert counts(served, TUESDAY) == {"pop": 5}


def test_a_write_may_be_repeated(served: Served) -> None:
    for _ in range(3):
        served.sink.write(GENRES, MONDAY, genres(MONDAY, pop=1), run=4)

    assert counts(served) == {"pop": 1}
    assert served.sink.holds(GENRES, MONDAY) == 4


def test_only_the_served_positions_of_a_chart_are_served(served: Served) -> None:
    rows = [
        {"listen_date": MONDAY, "genre": genre, "position": position, "listen_count": 100 - position}
        for genre in ("rock", "pop")
        for position in range(5, 0, -1)
    ]

    assert served.sink.write(CHART, MONDAY, table(CHART, rows), run=1) == 6
    shown = [(row["genre"], row["position"], row["listen_count"]) for row in served.rows(CHART, MONDAY)]
    assert shown == [(genre, position, 100 - position) for genre in ("pop", "rock") for position in (1, 2, 3)]


def test_rows_of_zeros_are_not_served(served: Served) -> None:
    assert served.sink.write(GENRES, MONDAY, genres(MONDAY, gone=0, pop=1), run=1) == 1
    assert counts(served) == {"pop": 1}


def test_a_day_may_become_empty(served: Served) -> None:
    served.sink.write(GENRES, MONDAY, genres(MONDAY, gone=1), run=1)

    assert served.sink.write(GENRES, MONDAY, genres(MONDAY, gone=0), run=2) == 0
    assert counts(served) == {}
    assert served.sink.holds(GENRES, MONDAY) == 2


def test_a_day_may_be_empty_from_the_start(served: Served) -> None:
    assert served.sink.write(GENRES, MONDAY, genres(MONDAY), run=1) == 0
    assert counts(served) == {}
    assert served.sink.holds(GENRES, MONDAY) == 1


def test_an_older_run_is_refused_and_changes_nothing(served: Served) -> None:
    served.sink.write(GENRES, MONDAY, genres(MONDAY, pop=8), run=8)

    with pytest.raises(Fenced, match="run 8"):
        served.again().write(GENRES, MONDAY, genres(MONDAY, pop=7), run=7)

    assert counts(served) == {"pop": 8}
    assert served.sink.holds(GENRES, MONDAY) == 8
    served.again().write(GENRES, TUESDAY, genres(TUESDAY, pop=7), run=7)


def test_what_a_sink_holds_is_by_kpi_and_day(served: Served) -> None:
    assert served.sink.holds(GENRES, MONDAY) is None

    served.sink.write(GENRES, MONDAY, genres(MONDAY, pop=1), run=3)

    assert served.again().holds(GENRES, MONDAY) == 3
    assert served.sink.holds(GENRES, TUESDAY) is None
    assert served.sink.holds(CHART, MONDAY) is None


def test_rows_are_counted_by_day_but_for_those_of_zeros(served: Served) -> None:
    assert served.sink.counted(GENRES) == {}

    served.sink.write(GENRES, MONDAY, genres(MONDAY, pop=1, gone=0), run=1)
    served.sink.write(GENRES, TUESDAY, genres(TUESDAY, pop=1, rock=2), run=1)

    assert served.again().counted(GENRES) == {MONDAY: 1, TUESDAY: 2}
    assert served.sink.counted(CHART) == {}


def test_every_row_is_told_of_once(served: Served) -> None:
    told: list[int] = []

    def advance(units: int) -> None:
        told.append(units)

    rows = [
        {"listen_date": MONDAY, "genre": genre, "position": position, "listen_count": position % 3}
        for genre in ("rock", "pop", "folk")
        for position in range(1, 8)
    ]

    served.sink.write(CHART, MONDAY, table(CHART, rows), run=1, advance=advance)
    assert sum(told) == 21

    served.sink.write(GENRES, MONDAY, genres(MONDAY, pop=1, gone=0), run=1, advance=advance)
    assert sum(told) == 23


def test_each_kpi_has_a_table_of_its_own(served: Served) -> None:
    assert served.sink.table(GENRES) != served.sink.table(CHART)


def test_a_kind_of_sink_that_nobody_knows_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ConfigError, match="carrier-pigeon") as refusal:
        open_sink("carrier-pigeon:loft", place=str)

    assert "files:" in str(refusal.value.hint)
