"""Engines that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hitparade.config import EngineName
from hitparade.engines.base import Engine
from hitparade.engines.duckdb import DuckDBEngine
from tests.engines.staging import opened, opened_duckdb
from tests.spark import on_spark


@pytest.fixture(scope="module", params=["duckdb", pytest.param("spark", marks=on_spark)])
def engine_name(request: pytest.FixtureRequest) -> EngineName:
    """Each engine's name in turn: what is said of one is said of all."""
    if request.param == "spark":
        request.getfixturevalue("spark")
    name: EngineName = request.param
    return name


@pytest.fixture(scope="module")
def engine(engine_name: EngineName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Each engine in turn."""
    with opened(engine_name, tmp_path_factory.mktemp("engine")) as engine:
        yield engine


@pytest.fixture(scope="module")
def duckdb_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    """The embedded engine, for what only its insides tell."""
    with opened_duckdb(tmp_path_factory.mktemp("duckdb")) as engine:
        yield engine
