"""An answer is Arrow, and one call away from dicts, pandas and Polars."""

from __future__ import annotations

import sys

import pytest

from hitparade.charts import Answer, Charts
from hitparade.errors import MissingLibrary
from tests.charts.conftest import DAYS, SONGS, listens
from tests.shop import Shop


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """The hours of a day; its charts are closed."""
    shop = Shop(tmp_path_factory.mktemp("answer"))
    shop.deliver("songs", "songs.csv", SONGS)
    shop.deliver("streams", "streams.csv", listens(DAYS[-1]))
    shop.run()
    with Charts.open(shop.root) as charts:
        return charts.hourly()


def test_rows_are_those_of_the_table(answer: Answer) -> None:
    assert len(answer.rows()) == 6
    assert answer.rows() == answer.table.to_pylist()
    assert tuple(answer.rows()[0]) == answer.kpi.column_names


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_have_the_columns_and_values_of_the_table(answer: Answer, library: str) -> None:
    pytest.importorskip(library)
    frame = answer.to_pandas() if library == "pandas" else answer.to_polars()
    assert tuple(frame.columns) == answer.kpi.column_names
    for name in ("listen_date", "listen_count", "track_diversity_index"):
        assert list(frame[name]) == answer.table[name].to_pylist()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_library_that_is_not_there_is_named(answer: Answer, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibrary, match=f"to_{library}.. needs {library}") as refusal:
        answer.to_pandas() if library == "pandas" else answer.to_polars()
    assert refusal.value.hint == f"pip install {library}"
