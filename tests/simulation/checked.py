"""How histories are drawn in tests: so many, each of a seed that is told when it fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from tests.simulation.history import Drawing
from tests.simulation.simulation import Simulation, a_simulation, smallest

SHARDS = 2
HISTORIES = int(os.environ.get("HITPARADE_SIMULATION_HISTORIES", "2000"))
SEED = int(os.environ.get("HITPARADE_SIMULATION_SEED", "0"))


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """A simulation for the tests of a file."""
    with a_simulation() as opened:
        yield opened


def shard(number: int) -> Callable[[Callable[[Simulation, int], None]], Callable[[Simulation], None]]:
    """A part of all histories: files of tests run side by side. A failing seed is tried again first, the next time.

    Hypothesis draws the seeds only: of a seed nothing is smaller, so what it does at a failure is not for us.
    """

    def decorate(test: Callable[[Simulation, int], None]) -> Callable[[Simulation], None]:
        drawn = given(drawn=st.integers(0, 2**24))(test)
        phases = (Phase.explicit, Phase.reuse, Phase.generate)
        common = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, phases=phases)
        return seed(SEED + number)(settings(common, max_examples=max(HISTORIES // SHARDS, 1))(drawn))

    return decorate


def live(simulation: Simulation, drawn: int) -> None:
    """Live through the history of a seed; of one that fails the smallest is shown."""
    history = Drawing(drawn).history()
    try:
        simulation.live(history)
    except Exception as failure:
        less, how = smallest(simulation, history, failure)
        note(f"seed {drawn} of HITPARADE_SIMULATION_SEED={SEED}; as small as it fails:\n{less}")
        raise how from None
