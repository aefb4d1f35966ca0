"""The simulation can fail: a product that is broken in one of the usual ways is caught within few histories."""

from __future__ import annotations

import pytest

from tests.simulation.broken import BROKEN, Broken
from tests.simulation.checked import simulation as simulation
from tests.simulation.history import Drawing
from tests.simulation.simulation import Simulation

WITHIN = 200


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_a_broken_product_is_caught(simulation: Simulation, broken: Broken) -> None:
    with broken():
        caught = next((number for number in range(WITHIN) if fails(simulation, number)), None)
    assert caught is not None, f"not caught within {WITHIN} histories"
    assert not fails(simulation, caught), "it is not what was broken that this history tells"
    print(f"{broken.__name__}: caught at history {caught + 1}")  # noqa: T201 - shown by pytest -rP


def fails(simulation: Simulation, number: int) -> bool:
    """Whether the history of a seed ends otherwise than it must."""
    try:
        simulation.live(Drawing(number).history())
    except Exception:
        return True
    return False
