"""An answer is Arrow, and one call away from dicts, pandas and Polars."""

from __future__ import annotations

import sys

import pytest

from hitparade.charts import Charts
from hitparade.errors import MissingLibrary
from tests.charts.conftest import Places


def test_rows_are_those_of_the_table(places: Places) -> None:
    with Charts.open(places.shop.root) as charts:
        answer = charts.hourly()
    assert answer.rows() == answer.table.to_pylist()
    assert tuple(answer.rows()[0]) == answer.kpi.column_names


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_have_the_columns_and_values_of_the_table(places: Places, library: str) -> None:
    pytest.importorskip(library)
    with Charts.open(places.shop.root) as charts:
        answer = charts.hourly()
    frame = answer.to_pandas() if library == "pandas" else answer.to_polars()
    assert tuple(frame.columns) == answer.kpi.column_names
    for name in ("listen_date", "listen_count", "track_diversity_index"):
        assert list(frame[name]) == answer.table[name].to_pylist()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_not_there_is_named(places: Places, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Charts.open(places.shop.root) as charts:
        answer = charts.hourly()
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibrary, match=f"to_{library}.. needs {library}") as refusal:
        answer.to_pandas() if library == "pandas" else answer.to_polars()
    assert refusal.value.hint == f"pip install {library}"
