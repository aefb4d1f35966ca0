"""The simulation can fail: a product that is broken in one of the usual ways is caught within few histories."""

from __future__ import annotations

import pytest

from tests.simulation.broken import BROKEN, Broken
from tests.simulation.checked import assert_caught
from tests.simulation.checked import simulation as simulation
from tests.simulation.simulation import Simulation


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_product_is_caught(simulation: Simulation, broken: Broken) -> None:
    assert_caught(simulation, broken)
