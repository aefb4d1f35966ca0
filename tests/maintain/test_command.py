"""`hitparade maintain` as people call it."""

from __future__ import annotations

import json

import pytest

from hitparade.cli.app import run
from tests.maintain.past import load_once, make_past, rows
from tests.shop import Shop


def test_the_command_says_what_it_did_in_words_and_in_json(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    make_past(shop, files=2)
    for number in range(4):
        shop.deliver("streams", f"more{number}.csv", rows(number, 3))
        load_once(shop)
    config = ["--config", str(shop.root / "hitparade.toml")]

    codes = [run(["maintain", *config, "--dry-run"]), run(["maintain", *config]), run(["maintain", *config, "--json"])]

    said = capsys.readouterr().out
    assert codes == [0, 0, 0]
    assert "files       4 would be put together into 1" in said
    assert "files       4 put together into 1" in said
    answer = json.loads(said[said.index("{") :])
    assert (answer["dry"], answer["merged"], answer["busy"]) == (False, 0, [])


def test_a_time_of_grace_below_nothing_is_a_mistake(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    config = shop.root / "hitparade.toml"
    config.write_text(config.read_text() + "\n[maintain]\nkeep_hours = -1\n")

    assert run(["maintain", "--config", str(config)]) == 2
    assert "maintain.keep_hours" in capsys.readouterr().err
