"""The page about reading from Python: its examples run, and its table of questions says what they give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hitparade.charts import Charts
from tests.docs.pages import DOCS
from tests.s3 import moto_server
from tests.shop import Shop

TRACK = "5SuOikwiRyPMVoIQDJUgSV"
TEXTS = {name: (DOCS.parent / name).read_text() for name in ("README.md", "docs/reading.md")}
EXAMPLES = [
    pytest.param(code, id=f"{name} {number}")
    for name, text in TEXTS.items()
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
]
QUESTIONS = re.findall(r"^\| `(\w+)\(.*\)` \| `(\w+)` \| (.*) \|$", TEXTS["docs/reading.md"], re.MULTILINE)
GIVEN = {"user": 1, "track": TRACK}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A day, in a lake and in DynamoDB."""
    with moto_server() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        shop = Shop(tmp_path_factory.mktemp("reading"), settings='sinks = ["dynamodb:"]')
        shop.deliver("songs", "songs.csv", [f"{TRACK},Ann,Album,Song,70,200000,pop"])
        shop.deliver("users", "users.csv", ["1,One,30,Ghana,2024-01-01"])
        shop.deliver("streams", "streams.csv", [f"1,{TRACK},2024-06-25 08:00:00"])
        shop.run()
        yield shop


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_example_runs(shop: Shop, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "pandas" in code:
        pytest.importorskip("pandas")
        pytest.importorskip("polars")
    monkeypatch.chdir(shop.root)
    names: dict[str, object] = {}
    exec("from datetime import date\nfrom hitparade.charts import Charts\n" + code, names)  # noqa: S102 - ours
    assert names.keys() - {"__builtins__", "date", "Charts", "charts"}


def test_every_question_of_the_page_gives_its_columns(shop: Shop) -> None:
    assert len(QUESTIONS) == 8
    with Charts.open(Path(shop.root)) as charts:
        for name, kpi, columns in QUESTIONS:
            ask = getattr(charts, name)
            answer = ask(GIVEN[name]) if name in GIVEN else ask()
            assert answer.kpi.name == kpi
            assert re.findall(r"`(\w+)`", columns) == answer.table.column_names
            assert answer.table.num_rows == 1, name
