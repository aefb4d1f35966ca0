"""Stream files on their way into the lake: days, batches, bad rows and files that are no files of rows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from hitparade.config import EngineName
from hitparade.engines.base import Engine
from hitparade.model import Source, Staged
from tests.engines.staging import contract_with, opened, outcome, problems_of, rows_of, source_of, staged

NOW = datetime(2024, 7, 1, tzinfo=UTC)
HEADER = b"user_id,track_id,listen_time\n"
GOOD = b"1,t,2024-06-25 17:43:13\n"
MONDAY, TUESDAY = date(2024, 6, 24), date(2024, 6, 25)


def source(folder: Path, name: str, data: bytes, load_id: int) -> Source:
    path = folder / name
    path.write_bytes(data)
    return source_of(path, contract_with(), load_id=load_id)


def is_read_exactly(source: Source) -> bool:
    """Whether the fast reader was not to be trusted; another machine only hears of it."""
    return source.exact or source.doubtful


@pytest.mark.parametrize(
    ("zone", "utc", "day", "hour"),
    [
        ("UTC", "2024-06-25 23:59:59.999999", date(2024, 6, 25), 23),
        ("UTC", "2024-06-25 00:00:00", date(2024, 6, 25), 0),
        ("Europe/Berlin", "2024-06-25 22:00:00", date(2024, 6, 26), 0),
        ("Europe/Berlin", "2024-12-25 22:59:59", date(2024, 12, 25), 23),
        ("America/New_York", "2024-06-25 03:59:59", date(2024, 6, 24), 23),
        ("Asia/Kathmandu", "2024-06-25 18:15:00", date(2024, 6, 26), 0),
        ("Europe/Berlin", "2024-10-27 00:30:00", date(2024, 10, 27), 2),
        ("Europe/Berlin", "2024-10-27 01:30:00", date(2024, 10, 27), 2),
    ],
)
def test_days_and_hours_are_of_the_reporting_zone(
    engine_name: EngineName, tmp_path: Path, zone: str, utc: str, day: date, hour: int
) -> None:
    with opened(engine_name, tmp_path / "engine", zone=zone) as engine:
        one = source(tmp_path, "a.csv", HEADER + f"1,t,{utc}\n".encode(), 1)
        staging = staged(engine, one, "streams", tmp_path)

        (row,) = rows_of(staging, "listens")

    assert (row["listened_at"], row["listen_date"], row["listen_hour"]) == (datetime.fromisoformat(utc), day, hour)
    assert staging.staged[1].days == {day: 1}


def test_a_batch_of_files_is_counted_file_by_file_and_written_by_day(engine: Engine, tmp_path: Path) -> None:
    sources = [
        source(tmp_path, "a.csv", HEADER + GOOD + b"2,t,2024-06-24 01:00:00\nx,t,2024-06-24 01:00:00\n", 11),
        source(tmp_path, "b.csv", HEADER + GOOD + GOOD, 12),
        source(tmp_path, "empty.csv", HEADER, 13),
        source(tmp_path, "bad.csv", HEADER + b"x,,\n", 14),
    ]

    staging = engine.stage_listens(sources, str(tmp_path / "out"))

    assert staging.staged == {
        11: Staged(11, rows_read=3, rows_rejected=1, days={TUESDAY: 1, MONDAY: 1}),
        12: Staged(12, rows_read=2, rows_rejected=0, days={TUESDAY: 2}),
        13: Staged(13, rows_read=0, rows_rejected=0, days={}),
        14: Staged(14, rows_read=1, rows_rejected=1, days={}),
    }
    assert sorted((row["load_id"], row["listen_date"]) for row in rows_of(staging, "listens")) == [
        (11, MONDAY),
        (11, TUESDAY),
        (12, TUESDAY),
        (12, TUESDAY),
    ]
    for path in staging.files["listens"]:
        assert len({row["listen_date"] for row in pq.ParquetFile(path).read(["listen_date"]).to_pylist()}) == 1


@pytest.mark.parametrize(
    "bad",
    [b"1,t\n", b"1,t,2024-06-25 17:43:13,more\n", b"1,caf\xe9,2024-06-25 17:43:13\n", b'1,"t,2024-06-25 17:43:13\n'],
    ids=["too few", "too many", "not UTF-8", "a quote without end"],
)
def test_a_file_that_the_fast_reader_refuses_costs_its_batch_nothing(
    engine: Engine, tmp_path: Path, bad: bytes
) -> None:
    sources = [
        source(tmp_path, "a.csv", HEADER + GOOD, 1),
        source(tmp_path, "b.csv", HEADER + GOOD + bad, 2),
        source(tmp_path, "c.csv", HEADER + GOOD, 3),
    ]

    staging = engine.stage_listens(sources, str(tmp_path / "out"))

    assert {load_id: (each.rows_read, each.rows_rejected) for load_id, each in staging.staged.items()} == {
        1: (1, 0),
        2: (2, 1),
        3: (1, 0),
    }
    assert [is_read_exactly(each) for each in staging.sources] == [False, True, False]


def test_a_file_whose_name_looks_like_a_pattern_is_read_itself(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "[n]ew").mkdir()
    names = ("new/a1.csv", "new/a[1].csv", "[n]ew/a1.csv", "new/a?.csv", "new/a'1.csv", "new/a\n1.csv")
    sources = [source(tmp_path, name, HEADER + b"%d,t,2024-06-25 17:43:13\n" % n, n) for n, name in enumerate(names)]

    alone = [engine.stage_listens([each], str(tmp_path / f"{each.load_id}")) for each in sources[:3]]
    together = engine.stage_listens(sources, str(tmp_path / "listens"))

    assert [row["user_id"] for staging in alone for row in rows_of(staging, "listens")] == [0, 1, 2]
    assert {row["load_id"]: row["user_id"] for row in rows_of(together, "listens")} == {n: n for n in range(6)}


def test_a_line_that_never_ends_makes_a_file_unreadable_and_no_other(engine: Engine, tmp_path: Path) -> None:
    endless = HEADER + b'1,"' + b"x" * (17 << 20)
    sources = [source(tmp_path, "a.csv", endless, 1), source(tmp_path, "b.csv", HEADER + GOOD, 2)]

    staging = engine.stage_listens(sources, str(tmp_path / "out"))

    assert list(staging.unreadable) == [1]
    assert "16 MiB" in staging.unreadable[1]
    assert staging.staged == {2: Staged(2, rows_read=1, rows_rejected=0, days={TUESDAY: 1})}


def test_a_row_longer_than_the_fast_reader_takes_is_one_row(engine: Engine, tmp_path: Path) -> None:
    long = b"7," + b"x" * 16_384 + b",2024-06-25 17:43:13\n"
    rows = GOOD + long + b"8," + b"y" * 16_385 + b",2024-06-25 17:43:13\n" + GOOD

    staging = staged(engine, source(tmp_path, "a.csv", HEADER + rows, 1), "streams", tmp_path)

    assert sorted(row["user_id"] for row in rows_of(staging, "listens")) == [1, 1, 7]
    assert staging.staged[1] == Staged(1, rows_read=4, rows_rejected=1, days={TUESDAY: 3})


def test_a_row_on_many_lines_is_bounded_as_a_line_is(engine: Engine, tmp_path: Path) -> None:
    field = b'"' + b"line\n" * 2_000 + b'"'
    data = HEADER.strip() + b",more" * 2_000 + b"\n" + GOOD.strip() + (b"," + field) * 2_000 + b"\n"

    staging = engine.stage_listens([source(tmp_path, "a.csv", data, 1)], str(tmp_path / "out"))

    assert staging.unreadable == {1: "a row of more than 16 MiB"}


def test_bad_rows_of_very_many_columns_are_kept_with_their_text(engine: Engine, tmp_path: Path) -> None:
    many = b",x" * 300
    data = HEADER.strip() + many + b"\n" + GOOD.strip() + many + b"\nno" + GOOD.strip() + many + b"\n1,2\n"

    staging = staged(engine, source(tmp_path, "a.csv", data, 1), "streams", tmp_path)
    found = problems_of(engine, staging.sources[0], tmp_path)

    assert staging.staged[1] == Staged(1, rows_read=3, rows_rejected=2, days={TUESDAY: 1})
    assert [(each.rule, each.examples[0][0], each.examples[0][2][:7]) for each in found] == [
        ("csv", 3, "1,2"),
        ("type", 2, "no1,t,2"),
    ]


@pytest.mark.parametrize("quoted", [False, True])
def test_bad_rows_are_numbered_as_they_stand_in_a_large_file(engine: Engine, tmp_path: Path, quoted: bool) -> None:
    """Large enough for several threads and buffers."""
    track = b'"track"' if quoted else b"track"
    bad = {1, 77_777, 200_001, 399_999, 400_000}
    rows = b"".join(
        b"%s,%s,2024-06-25 17:43:13\n" % (b"x%d" % number if number in bad else b"%d" % number, track)
        for number in range(1, 400_001)
    )
    one = source(tmp_path, "a.csv", HEADER + rows, 1)

    staging = staged(engine, one, "streams", tmp_path)
    found = outcome(problems_of(engine, staging.sources[0], tmp_path))

    assert not is_read_exactly(staging.sources[0])
    assert staging.staged[1] == Staged(1, rows_read=400_000, rows_rejected=5, days={TUESDAY: 399_995})
    assert found == {("type", "user_id", "reject"): [(number, f"x{number}") for number in sorted(bad)]}


def test_rejected_rows_are_kept_with_their_text_and_told_again(engine: Engine, tmp_path: Path) -> None:
    data = HEADER + b'x,"a ""quoted"", track",2024-06-25 17:43:13\n1,t\n' + GOOD + b"2,caf\xe9,2024-06-25 17:43:13\n"
    staging = staged(engine, source(tmp_path, "a.csv", data, 9), "streams", tmp_path)
    told = problems_of(engine, staging.sources[0], tmp_path)

    kept = pq.ParquetFile(tmp_path / "rejects" / "data_0.parquet").read().to_pylist()

    assert {(row["load_id"], row["rejected_at"]) for row in kept} == {(9, NOW.replace(tzinfo=None))}
    assert [(row["row"], row["rule"], row["column"], row["value"], row["raw"]) for row in kept] == [
        (1, "type", "user_id", "x", 'x,"a ""quoted"", track",2024-06-25 17:43:13'),
        (2, "csv", None, None, "1,t"),
        (4, "encoding", None, None, "2,caf\\xe9,2024-06-25 17:43:13"),
    ]
    assert set(engine.rejected(9, [str(tmp_path / "rejects" / "data_0.parquet")])) == set(told)
    assert engine.rejected(8, [str(tmp_path / "rejects" / "data_0.parquet")]) == ()


def test_a_thousand_bad_rows_are_counted_and_the_first_are_shown(engine: Engine, tmp_path: Path) -> None:
    data = HEADER + b"x,t,2024-06-25 17:43:13\n" * 1000
    one = source(tmp_path, "a.csv", data, 1)
    staging = staged(engine, one, "streams", tmp_path)

    (problem,) = problems_of(engine, staging.sources[0], tmp_path)

    assert (problem.count, problem.message) == (1000, "type of user_id: 1,000 rows")
    assert [row for row, _, _ in problem.examples] == [1, 2, 3, 4, 5]
    assert pq.ParquetFile(tmp_path / "rejects" / "data_0.parquet").metadata.num_rows == 1000
