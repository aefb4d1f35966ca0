"""With every answer comes how fresh it is: from the ledger where there is one, else as the sink itself recorded it."""

from __future__ import annotations

import os
import pty
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hitparade.charts import Charts, Freshness
from hitparade.cli.app import run as hitparade
from hitparade.cli.freshness import sentence
from hitparade.steps.load import load
from tests.charts.conftest import DAYS, SONGS, Places
from tests.shop import Shop


def test_an_answer_of_the_lake_is_as_fresh_as_its_days(places: Places) -> None:
    with Charts.open(places.shop.root) as charts:
        last, late, whole = charts.hourly(), charts.genre(first=DAYS[1], last=DAYS[1]), charts.genre()
    hours, genres = places.shop.computations("hourly"), places.shop.computations("genre_daily")

    # Of the streams the first file is delivery 3, after the catalogue, and the second is 4.
    assert last.freshness == Freshness(hours[DAYS[-1]].computed_at, version=3, files=1, late_rows=0, behind=0)
    assert late.freshness == Freshness(genres[DAYS[1]].computed_at, version=4, files=2, late_rows=2, behind=0)
    assert whole.freshness == late.freshness
    assert genres[DAYS[1]].computed_at > genres[DAYS[-1]].computed_at


def test_an_all_time_kpi_is_as_fresh_as_what_it_reads(places: Places) -> None:
    before = datetime.now(UTC)
    with Charts.open(places.shop.root) as charts:
        stored, evaluated = charts.freshness("genre_totals"), charts.answer("hour_of_day").freshness
        assert stored == charts.freshness("track_daily")
    assert evaluated.as_of is not None
    assert before <= evaluated.as_of <= datetime.now(UTC)
    assert evaluated == Freshness(evaluated.as_of, version=4, files=2, late_rows=2, behind=0)


@pytest.mark.parametrize("kind", ["dynamodb", "files", "postgresql"])
def test_a_sink_knows_when_it_was_written(places: Places, kind: str) -> None:
    with Charts.open(places.sinks[kind]) as charts:
        first, second = charts.hourly(DAYS[0]).freshness, charts.hourly(DAYS[1]).freshness
        assert charts.genre().freshness.as_of == charts.freshness("genre_daily", first=DAYS[1], last=DAYS[1]).as_of
        assert charts.freshness("hourly", first=DAYS[-1] + timedelta(days=1)) == Freshness()
    assert first == Freshness(as_of=first.as_of)
    assert first.as_of is not None
    assert second.as_of is not None
    assert places.shop.computations()[DAYS[0]].computed_at <= first.as_of < second.as_of <= datetime.now(UTC)


def test_what_was_loaded_and_not_computed_is_behind(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with Charts.open(tmp_path) as charts:
        empty = charts.top_genres()
        assert empty.rows() == []
        assert empty.freshness == Freshness(None, version=None, files=0, late_rows=0, behind=0)
    shop.deliver("songs", "songs.csv", SONGS)
    shop.deliver("streams", "1.csv", [f"1,a,{day} 08:00:00" for day in DAYS[:2]])
    shop.run()
    shop.deliver("streams", "2.csv", [f"2,a,{day} 08:00:00" for day in DAYS[:3]])
    with shop.open() as ws:
        load(ws)
    with Charts.open(tmp_path) as charts:
        whole, day = charts.genre().freshness, charts.hourly(DAYS[1]).freshness
    assert (whole.version, whole.files, whole.behind) == (2, 2, 3)
    assert (day.version, day.files, day.behind) == (2, 2, 1)


def test_show_tells_people_and_no_program(
    places: Places, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = ["--config", str(places.shop.root / "hitparade.toml")]
    questions = [["top_genres_daily", "--date", str(DAYS[1])], [], ["hourly", "--format", "csv"], ["hourly", "--json"]]
    for question in questions:
        assert hitparade(["show", *question, *config]) == 0
        quiet = capsys.readouterr()
        ours, theirs = pty.openpty()
        with monkeypatch.context() as patch, open(theirs, "w") as terminal:  # noqa: PTH123 - a descriptor
            patch.setattr(sys, "stderr", terminal)
            assert hitparade(["show", *question, *config]) == 0
            terminal.write("end\n")
            terminal.flush()
            told = ""
            while "end" not in told:
                told += os.read(ours, 4096).decode()
        os.close(ours)
        assert quiet.err == ""
        assert capsys.readouterr().out == quiet.out
        assert ("as of 20" in told) == (question in questions[:2])
        assert ("delivery 4, 2 files, 2 rows came late" in told) == (question == questions[0])


def test_how_fresh_something_is_is_one_sentence() -> None:
    at = datetime(2024, 7, 1, 12, 30, 15, tzinfo=UTC)
    whole = Freshness(at, version=41, files=1234, late_rows=5000, behind=2)
    assert sentence(whole) == (
        "as of 2024-07-01 12:30:15 UTC, delivery 41, 1,234 files, 5,000 rows came late, 2 days behind"
    )
    assert sentence(Freshness(at)) == "as of 2024-07-01 12:30:15 UTC"
    assert "not recorded" in sentence(Freshness())
