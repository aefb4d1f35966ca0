"""A process that is killed at any fault point, and the one after it: everything is as if nobody had been killed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from hitparade.faults import POINTS
from tests.crashes.histories import CHAPTERS, everything
from tests.crashes.lives import Lives, assert_same, on_a_disk

BETWEEN = int(os.environ.get("HITPARADE_DEATHS_BETWEEN", "1"))
"""How many of a point's passings are died at, besides its first and its last."""
ELSEWHERE = ("dynamodb.", "warehouse.", "publish.merged", "ledger.table_created", "ledger.accepted", "ledger.applied")
"""Points, or their beginnings, that nobody passes who works on a disk alone."""
HERE = [name for name in POINTS if not name.startswith(ELSEWHERE)]


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    with on_a_disk(Lives) as lives:
        lives.live(CHAPTERS)
        yield lives


@pytest.mark.parametrize("name", HERE)
def test_what_a_killed_process_leaves_is_finished_by_the_next(lives: Lives, name: str) -> None:
    assert any(name in passed for passed in lives.passed), "nobody passes this point"
    for number, death in lives.deaths(name, BETWEEN):
        chapter = lives.back_to(number)
        chapter.deliver(lives.shop)
        killed = lives.run(chapter, death)
        assert killed.died, f"{chapter.name}, {death}: {killed.code} {killed.said}"
        lives.catch_up(chapter)
        assert_same(everything(lives.shop), lives.after[number], f"{chapter.name}, {death}")
