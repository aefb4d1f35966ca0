"""All KPIs over larger hostile data: engines agree to the last bit, and a KPI's types are its header's."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from hitparade.model import Kpi
from tests.kpis.case import Row, listen
from tests.kpis.engines import Database, DuckDB, compute, open_postgres, open_spark, result
from tests.spark import on_spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LETTERS = ("a", "A", "é", "e\u0301", "😀", "｡", "\U0010ffff", "\ue000", "_", "'", "\\", " a", "a ")
TRACKS = [f"{letter}{number}" for letter in LETTERS for number in range(4)]
LONG = "x" * 10_000
NAMES = ["Ann", "ann", "Ánn", "A\u0301nn", "A", "A ", "(unknown)", "r&b", "rock 'n' roll", "ß", "", "\\x", "😀", "｡"]
NAMES += [f"{LONG}a", f"{LONG}b"]
# As large as numbers may be in files, and two that are one in floating point.
USERS = [-(10**18) + 1, 10**18 - 1, 2**53, 2**53 + 1, -1, 0, 1, 2]
LISTENS = 600
LONGEST_MS = (2**63 - 1) // LISTENS
FIRST_DAY, LAST_DAY = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001  the lake's times have no zone
TIMES = [
    *(datetime(2024, 2, 28, 22) + timedelta(minutes=20 * number) for number in range(99)),  # noqa: DTZ001
    *(FIRST_DAY, FIRST_DAY + timedelta(hours=1), LAST_DAY, LAST_DAY - timedelta(microseconds=1)),
]


def hostile(seed: int) -> Mapping[str, list[Row]]:
    """A small world of ties, repeats, gaps, odd names and numbers at their limits; a quarter of the tracks is in no
    catalogue. Listening times add up to what 64 bits hold, which is more than floating point holds exactly.
    """
    chance = random.Random(seed)
    known = [track for track in TRACKS if chance.random() < 0.75]
    heard = [listen(chance.choice(USERS), chance.choice(TRACKS), chance.choice(TIMES)) for _ in range(LISTENS)]
    return {
        "listens": [*heard, *chance.sample(heard, 100)],
        "songs": [
            (
                track,
                chance.choice(NAMES),
                chance.choice([None, "", "A;B", "😀"]),
                "",
                chance.choice([None, 0, 7, 100]),
                chance.choice([None, 0, 3, 10**9, LONGEST_MS]),
            )
            for track in known
        ],
        "song_genres": _numbered(chance, known),
        "song_artists": _numbered(chance, known),
        "users": [],
    }


def _numbered(chance: random.Random, tracks: list[str]) -> list[Row]:
    sampled = [(track, chance.sample(NAMES, chance.randrange(4))) for track in tracks]
    return [(track, name, position) for track, names in sampled for position, name in enumerate(names, 1)]


@pytest.mark.parametrize("seed", range(5))
def test_postgres_and_duckdb_agree(kpis: tuple[Kpi, ...], postgres_url: str, seed: int) -> None:
    with open_postgres(postgres_url) as there:
        assert_agreement(there, kpis, hostile(seed))


@on_spark
@pytest.mark.parametrize("seed", range(2))
def test_spark_and_duckdb_agree(kpis: tuple[Kpi, ...], spark: SparkSession, seed: int) -> None:
    with open_spark(spark) as there:
        assert_agreement(there, kpis, hostile(seed))


def assert_agreement(there: Database, kpis: tuple[Kpi, ...], base: Mapping[str, list[Row]]) -> None:
    """Every KPI has the same rows there as on DuckDB, of the same Python types, floats to the last bit."""
    here = DuckDB()
    compute(here, kpis, kpis, base)
    compute(there, kpis, kpis, base)
    for kpi in kpis:
        theirs, ours = result(there, kpi), result(here, kpi)
        assert ours, kpi.name
        assert theirs == ours, kpi.name
        assert [list(map(type, row)) for row in theirs] == [list(map(type, row)) for row in ours], kpi.name


def test_the_data_is_as_hostile_as_it_is_said_to_be(kpis: tuple[Kpi, ...]) -> None:
    """Sums that floating point cannot hold, and charts in which places are shared."""
    database = DuckDB()
    compute(database, kpis, kpis, hostile(0))
    for kpi in kpis:
        rows: list[dict[str, Any]] = [dict(zip(kpi.column_names, row, strict=True)) for row in result(database, kpi)]
        if "listening_ms" in kpi.column_names:
            assert max(row["listening_ms"] for row in rows) > 2**53, kpi.name
        if "rank" in kpi.column_names:
            assert any(row["rank"] < row["position"] for row in rows), kpi.name
        if "listen_date" in kpi.column_names:
            assert {FIRST_DAY.date(), LAST_DAY.date()} <= {row["listen_date"] for row in rows}, kpi.name


def test_columns_have_the_types_of_the_header(kpis: tuple[Kpi, ...]) -> None:
    database = DuckDB()
    compute(database, kpis, kpis, hostile(0))
    for kpi in kpis:
        assert database.types_of(kpi.name) == [database.types[column.type] for column in kpi.columns], kpi.name


def test_a_grain_is_a_key(kpis: tuple[Kpi, ...]) -> None:
    database = DuckDB()
    compute(database, kpis, kpis, hostile(1))
    for kpi in kpis:
        places = [kpi.column_names.index(name) for name in kpi.grain]
        keys = [tuple(row[place] for place in places) for row in result(database, kpi)]
        assert len(keys) == len(set(keys)), kpi.name


def test_order_of_arrival_and_repeats_change_nothing(kpis: tuple[Kpi, ...]) -> None:
    base, one, other = hostile(2), DuckDB(), DuckDB()
    shuffled = {name: random.Random(3).sample(rows, len(rows)) for name, rows in base.items()}
    compute(one, kpis, kpis, base)
    compute(other, kpis, kpis, {**shuffled, "listens": shuffled["listens"] * 2})
    for kpi in kpis:
        assert result(one, kpi) == result(other, kpi), kpi.name
