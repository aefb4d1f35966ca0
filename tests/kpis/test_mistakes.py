"""Every mistake in a file is one error that names the file, the line and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitparade.errors import KpiError
from hitparade.kpis.registry import load_kpis
from tests.kpis.case import SETTINGS

GOOD = """\
/*
description: Listens of a day.
scope: day
reads:
  plays: [listen_date]
columns:
  listen_date: {type: date, measure: key, description: Day}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens}
*/
SELECT
  plays.listen_date,
  COUNT(*) AS listen_count
FROM plays
GROUP BY plays.listen_date
"""

COLUMNS = GOOD[GOOD.index("columns:") : GOOD.index("*/")]

MISTAKES = [
    # the header by itself
    ("/*\n", "", 1, "the file does not begin with a header"),
    (GOOD[: GOOD.index("SELECT")], "/*\n*/\n", 1, "the header is empty"),
    (GOOD[: GOOD.index("SELECT")], "/*\n- a\n*/\n", 2, "the header is not a mapping"),
    ("scope: day", "scope: [day", 4, "the header is not YAML: "),
    ("description: Listens of a day.\n", "", 2, "the header has no description"),
    ("Listens of a day.", "", 2, "description is not a text"),
    ("scope: day\n", "", 2, "the header has no scope"),
    ("scope: day", "scope: daily", 3, "scope is 'daily'"),
    ("scope: day", "scope: day\nowner: me", 4, "the header has an unknown key owner"),
    ("scope: day", "scope: day\nscope: day", 4, "the header has scope twice"),
    ("scope: day", "scope: day\nserved: some", 4, "served is 'some', not a number from 1"),
    ("scope: day", "scope: day\nserved: 0", 4, "served is '0', not a number from 1"),
    (
        "scope: day",
        "scope: day\nserved: 3",
        7,
        "columns: served counts positions, and there is no key position",
    ),
    ("reads:\n  plays: [listen_date]\n", "", 2, "the header has no reads"),
    ("reads:\n  plays: [listen_date]\n", "reads: {}\n", 4, "reads is empty"),
    ("[listen_date]", "listen_date", 5, "plays is not a list of columns"),
    (COLUMNS, "", 2, "the header has no columns"),
    (COLUMNS, "columns: [a, b]\n", 6, "columns is not a mapping"),
    ("type: date, ", "", 7, "listen_date has no type"),
    ("type: long", "type: bigint", 8, "type is 'bigint'"),
    ("measure: additive", "measure: sum", 8, "measure is 'sum'"),
    ("unit: listens, ", "", 8, "listen_count has measure class additive and no unit"),
    (", description: Listens}", "}", 8, "listen_count has no description"),
    ("description: Day}", "description: Day, unti: d}", 7, "listen_date has an unknown key unti"),
    # the header against the SQL
    (
        "plays: [listen_date]",
        "plays: [listen_date, user_id]",
        5,
        "reads: plays: user_id: not read by the SQL",
    ),
    ("plays: [listen_date]", "plays: [listen_hour]", 5, "reads: plays: listen_date: left out"),
    (
        "plays: [listen_date]",
        "plays: [listen_date]\n  songs: [track_id]",
        6,
        "reads: songs: track_id: not read by the SQL",
    ),
    (
        "  COUNT(*) AS listen_count",
        "  COUNT(*) AS listens",
        6,
        "columns: the header has listen_date, listen_count; ",
    ),
    (
        "  plays.listen_date,\n  COUNT(*) AS listen_count",
        "  COUNT(*) AS listen_count,\n  plays.listen_date",
        6,
        "columns: the header has ",
    ),
    ("type: long", "type: int", 6, "columns: there is no listen_count of type long"),
    (
        "type: date, measure: key",
        "type: date, measure: attribute",
        6,
        "columns: a KPI of scope day begins with ",
    ),
    ("type: date, measure: key", "type: string, measure: key", 6, "columns: a KPI of scope day begins with "),
    (
        GOOD[GOOD.index("scope") : GOOD.index(", description: Day")],
        "scope: all_time\nreads: {plays: [listen_date]}\ncolumns:\n  listen_date: {type: date, measure: rank",
        5,
        "columns: no column has measure class key",
    ),
    # the SQL
    ("SELECT\n", "SELECTED\n", 11, "this is not SQL: "),
    ("COUNT(*)", "COUNT('*)", None, "this is not SQL: "),
    (
        "BY plays.listen_date",
        "BY plays.listen_date;\nSELECT 1 AS b",
        None,
        "a file is one SELECT, not 2 statements",
    ),
    (GOOD[GOOD.index("SELECT") :], "", None, "a file is one SELECT, not 0 statements"),
    ("COUNT(*) AS listen_count", "ROUND(1) AS listen_count", 12, "ROUND is not portable"),
    ("COUNT(*) AS listen_count", "COUNT(*)", 12, "an expression of the SELECT has no name"),
    ("COUNT(*) AS listen_count", "COUNT(*) AS listen_date", 12, "the SELECT gives listen_date twice"),
    ("  plays.listen_date", "  plays.listen_day", 11, "plays has no column listen_day"),
    ("  plays.listen_date", "  songs.listen_date", 11, "songs is not among the relations of this SELECT"),
    ("COUNT(*) AS listen_count", "MAX(plays.listen_date)", 12, "an expression of the SELECT has no name"),
    ("FROM plays", "FROM played", 13, "there is no relation played"),
    (
        "SELECT",
        "WITH plays AS (SELECT plays.user_id FROM plays)\nSELECT",
        10,
        "no CTE plays comes before this",
    ),
    ("SELECT", "WITH a AS (SELECT 1 AS b),\na AS (SELECT 1 AS b)\nSELECT", 11, "two CTEs are named a"),
    ("FROM plays", "FROM listens AS plays", 13, "listens has repeats in it"),
    ("FROM plays", "FROM plays\nJOIN plays ON 1 = 1", 14, "plays is read twice under one name"),
    (
        "FROM plays",
        "FROM plays\nJOIN songs ON\n track_id = songs.track_id",
        15,
        "track_id does not say of which relation it is",
    ),
    (
        "FROM plays",
        "FROM plays JOIN user_daily ON 1 = 1",
        13,
        "user_daily is a KPI: only one of scope all_time may",
    ),
    ("COUNT(*) AS", "COUNT($depth) AS", 12, "$depth is not a setting"),
]


def write(folder: Path, text: str, name: str = "mine") -> Path:
    file = folder / f"{name}.sql"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_the_good_file_is_good(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert "mine" in [kpi.name for kpi in load_kpis(tmp_path, settings=SETTINGS)]


@pytest.mark.parametrize(("old", "new", "line", "problem"), MISTAKES)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int | None, problem: str) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(KpiError) as raised:
        load_kpis(tmp_path, settings=SETTINGS)
    where = file if line is None else f"{file}:{line}"
    assert str(raised.value).startswith(f"{where}: {problem}")
