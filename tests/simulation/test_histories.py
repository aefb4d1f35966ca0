"""The promise, on random histories of one workspace and up to four workers at once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from tests.simulation.history import Drawing
from tests.simulation.simulation import Simulation, a_simulation, smallest

HISTORIES = int(os.environ.get("HITPARADE_HISTORIES", "60"))
SEED = int(os.environ.get("HITPARADE_SIMULATION_SEED", "0"))


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with a_simulation() as opened:
        yield opened


@settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    max_examples=HISTORIES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # of a seed nothing is smaller; smallest() does that
)
@seed(SEED)
@given(number=st.integers(0, 2**24))
def test_every_history_ends_as_if_computed_from_scratch(simulation: Simulation, number: int) -> None:
    history = Drawing(number).history()
    try:
        simulation.live(history)
    except Exception as failure:
        less, how = smallest(simulation, history, failure)
        note(f"the history of seed {number}, as small as it fails: {less}")
        raise how from None
