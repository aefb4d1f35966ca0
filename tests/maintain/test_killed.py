"""Maintenance that is killed at any of its steps, or interrupted, leaves a lake that means the same."""

from __future__ import annotations

import pytest

from hitparade import faults
from tests.maintain.past import (
    GRACE,
    in_effect,
    killed,
    load_once,
    loads,
    maintain_later,
    maintained,
    make_past,
    meaning,
    rows,
)
from tests.shop import Shop

OWN = [name for name in faults.POINTS if name.startswith("maintain.")]
# Of others those that maintenance passes.
COMMON = ["lake.committed", "ledger.written"]


def test_killed_anywhere_it_leaves_all_right_and_the_next_goes_on(shop: Shop) -> None:
    make_past(shop, files=4)
    assert len(OWN) == 5
    for number, point in enumerate([*OWN, *COMMON], start=10):
        maintained(shop)  # now there is something to remove, and soon something to put together and to let go of
        shop.deliver("streams", "1.csv", rows(number, 2))
        load_once(shop)
        before = meaning(shop)

        assert killed(shop, maintain_later, point), f"it never came to {point}"

        assert meaning(shop) == before, f"killed at {point}"
    maintained(shop, after=3 * GRACE)
    assert meaning(shop) == before
    assert set(loads(shop, "listens")) == in_effect(shop)


def test_interrupted_it_takes_back_what_no_table_names(shop: Shop) -> None:
    make_past(shop, files=8)
    before = meaning(shop)

    def interrupt(point: str) -> None:
        if point == "maintain.rewritten":
            raise KeyboardInterrupt

    with faults.watched(interrupt), pytest.raises(KeyboardInterrupt):
        maintained(shop)

    assert not list((shop.root / "lake").rglob("maintain-*"))
    assert meaning(shop) == before
