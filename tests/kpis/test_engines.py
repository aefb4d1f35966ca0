"""All KPIs over larger hostile data: engines agree to the last bit, and a KPI's types are its header's."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from hitparade.model import Kpi
from tests.kpis.case import Row, listen
from tests.kpis.engines import DuckDB, compute, open_postgres, result

TRACKS = [f"{letter}{number}" for letter in ("a", "A", "é", "😀", "｡", "_", "'", "\\") for number in range(6)]
NAMES = ["Ann", "ann", "Ánn", "A", "(unknown)", "r&b", "rock 'n' roll", "ß", "", "\\x"]


def hostile(seed: int) -> Mapping[str, list[Row]]:
    """A small world of ties, repeats, gaps and odd names; a quarter of the tracks is in no catalogue."""
    chance = random.Random(seed)
    known = [track for track in TRACKS if chance.random() < 0.75]
    begin = datetime(2024, 2, 28, 22)  # noqa: DTZ001  the lake's times have no zone
    heard = [
        listen(
            chance.randrange(1, 9),
            chance.choice(TRACKS),
            begin + timedelta(minutes=20 * chance.randrange(99)),
        )
        for _ in range(600)
    ]
    return {
        "listens": [*heard, *chance.sample(heard, 100)],
        "songs": [
            (
                track,
                chance.choice(NAMES),
                None,
                "",
                chance.choice([None, 0, 7]),
                chance.choice([None, 0, 3, 10**9]),
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
    base, here = hostile(seed), DuckDB()
    compute(here, kpis, kpis, base)
    with open_postgres(postgres_url) as there:
        compute(there, kpis, kpis, base)
        for kpi in kpis:
            theirs, ours = result(there, kpi), result(here, kpi)
            assert ours, kpi.name
            assert theirs == ours, kpi.name
            assert [list(map(type, row)) for row in theirs] == [list(map(type, row)) for row in ours], kpi.name


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
