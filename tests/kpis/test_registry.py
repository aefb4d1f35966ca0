"""The registry: what a hash rests on, what folders of one's own may do, and how dear loading is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hitparade.errors import KpiError
from hitparade.kpis import registry
from hitparade.kpis.registry import catalogue_columns, load_kpis
from hitparade.model import Kpi
from tests.kpis.case import SETTINGS
from tests.kpis.test_mistakes import GOOD, write

RELATION = """\
/*
description: Tracks heard by a user at any time.
reads:
  plays: [user_id, track_id]
*/
SELECT DISTINCT plays.user_id, plays.track_id FROM plays
"""


def hashes(*folders: Path, attribution: str = "all") -> dict[str, str]:
    return {kpi.name: kpi.hash for kpi in load_kpis(*folders, settings={"genre_attribution": attribution})}


@pytest.fixture
def sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the built-in folder, to be changed."""
    copy = tmp_path / "sql"
    shutil.copytree(registry.BUILT_IN, copy)
    monkeypatch.setattr(registry, "BUILT_IN", copy)
    return copy


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def changed(sql: Path, change: Callable[[], None]) -> set[str]:
    """The KPIs whose hash is another after the change."""
    before = hashes()
    change()
    after = hashes()
    return {name for name in before if before[name] != after[name]}


def test_a_hash_is_the_same_in_another_process(kpis: tuple[Kpi, ...]) -> None:
    script = (
        "from hitparade.kpis.registry import load_kpis\n"
        "print(*[kpi.hash for kpi in load_kpis(settings={'genre_attribution': 'all'})])"
    )
    there = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert there.split() == [kpi.hash for kpi in kpis]


def test_words_and_white_space_change_no_hash(sql: Path) -> None:
    def rephrase() -> None:
        edit(sql / "user_daily.sql", "How much each user listened", "Listening by user")
        edit(sql / "user_daily.sql", "SELECT\n", "-- a comment\nSELECT   \n\n")
        edit(sql / "shared" / "plays.sql", "One row per listen.", "A row is a listen.")

    assert changed(sql, rephrase) == set()


def test_a_shared_relation_changes_the_hash_of_all_above_it(sql: Path) -> None:
    file = sql / "shared" / "track_listens.sql"
    above = {"top_songs_daily", "track_daily", "genre_daily", "top_genres_daily"}
    above |= {"genre_totals"}  # through track_daily, which it reads
    assert changed(sql, lambda: edit(file, "COUNT(*)", "COUNT(user_tracks.track_id)")) == above


def test_a_setting_changes_the_hash_of_what_takes_it() -> None:
    every, primary = hashes(), hashes(attribution="primary")
    taking = {kpi.name for kpi in load_kpis(settings=SETTINGS) if kpi.settings == ("genre_attribution",)}
    assert {name for name in every if every[name] != primary[name]} == taking
    assert taking == {"genre_daily", "top_genres_daily", "top_songs_daily", "genre_totals"}


def test_a_value_is_a_literal_whatever_is_in_it() -> None:
    kpis = load_kpis(settings={"genre_attribution": "'; DROP TABLE plays; --"})
    relations = {relation.name: relation.sql for kpi in kpis for relation in kpi.relations}
    assert "'''; DROP TABLE plays; --' = 'all'" in relations["track_genres"]


def test_relations_come_after_those_they_read(kpis: tuple[Kpi, ...]) -> None:
    for kpi in kpis:
        names = [relation.name for relation in kpi.relations]
        for place, relation in enumerate(kpi.relations):
            assert not set(relation.reads) & set(names[place:])
        assert set(kpi.reads) & {
            "user_tracks",
            "plays",
            "genre_listens",
            "track_listens",
            "track_genres",
        } <= {*names}


def test_daily_kpis_come_first(kpis: tuple[Kpi, ...]) -> None:
    assert [kpi.scope for kpi in kpis] == ["day"] * 9 + ["all_time"] * 4


def test_catalogue_columns_are_those_of_stored_kpis(kpis: tuple[Kpi, ...]) -> None:
    assert catalogue_columns(kpis) == {
        "songs": {"track_id", "track_name", "artists", "duration_ms"},  # popularity is only in genre_totals
        "song_genres": {"track_id", "genre", "position"},
        "song_artists": {"track_id", "artist"},
        "users": {"user_id", "user_age", "user_country"},
    }


def test_a_folder_of_ones_own_adds_kpis_and_relations(tmp_path: Path) -> None:
    write(tmp_path / "shared", RELATION, "tastes")
    text = GOOD.replace("scope: day", "scope: all_time").replace(
        "FROM plays", "FROM plays\nJOIN tastes ON tastes.user_id = 1"
    )
    write(tmp_path, text.replace("plays: [listen_date]", "plays: [listen_date]\n  tastes: [user_id]"))
    mine = load_kpis(tmp_path, settings=SETTINGS)[-1]
    assert (mine.name, [relation.name for relation in mine.relations]) == ("mine", ["plays", "tastes"])


def test_an_all_time_kpi_reads_daily_ones(tmp_path: Path) -> None:
    text = GOOD.replace("scope: day", "scope: all_time").replace("plays", "hourly")
    write(tmp_path, text)
    assert load_kpis(tmp_path, settings=SETTINGS)[-1].relations == ()


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("user_daily", "user_daily exists already, in "),
        ("plays", "plays exists already, in "),
        ("songs", "songs is the name of a relation of the lake"),
        ("My-KPI", "a file's name is the KPI's"),
    ],
)
def test_a_name_is_given_once(tmp_path: Path, name: str, problem: str) -> None:
    file = write(tmp_path, GOOD, name)
    with pytest.raises(KpiError) as raised:
        load_kpis(tmp_path, settings=SETTINGS)
    assert str(raised.value).startswith(f"{file}: {problem}")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KpiError, match="there is no such folder of KPIs"):
        load_kpis(tmp_path / "kpis", settings=SETTINGS)


def test_relations_in_a_circle_are_named(tmp_path: Path) -> None:
    write(tmp_path / "shared", RELATION.replace("plays", "second"), "first")
    file = write(tmp_path / "shared", RELATION.replace("plays", "first"), "second")
    with pytest.raises(KpiError) as raised:
        load_kpis(tmp_path, settings=SETTINGS)
    assert str(raised.value) == f"{file}:6: relations read each other in a circle: first -> second -> first"


def test_an_all_time_kpi_may_not_read_another(tmp_path: Path) -> None:
    text = (
        GOOD.replace("scope: day", "scope: all_time").replace("listen_date", "user_id").replace("plays", "user_totals")
    )
    file = write(tmp_path, text.replace("type: date", "type: long"))
    with pytest.raises(KpiError) as raised:
        load_kpis(tmp_path, settings=SETTINGS)
    assert str(raised.value) == f"{file}:13: user_totals is not stored: read a KPI of scope day"


def test_loading_imports_no_engine() -> None:
    script = (
        "import sys; from hitparade.kpis.registry import load_kpis\n"
        "load_kpis(settings={'genre_attribution': 'all'})\n"
        "print({'duckdb', 'pyarrow', 'pyspark', 'psycopg'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
