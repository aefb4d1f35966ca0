"""An engine that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hitparade.engines.duckdb import DuckDBEngine
from tests.engines.staging import opened


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    with opened(tmp_path_factory.mktemp("engine")) as engine:
        yield engine
