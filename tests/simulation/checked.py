"""How histories are drawn in tests: so many, each of a seed that is told when it fails."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st

from tests.simulation.broken import Broken
from tests.simulation.simulation import Simulation, a_simulation, smallest

Test = Callable[[Simulation, int], None]
Checked = Callable[[Simulation], None]
SHARDS = 2
WITHIN = 200
HISTORIES = int(os.environ.get("HITPARADE_SIMULATION_HISTORIES", "2000"))
SEED = int(os.environ.get("HITPARADE_SIMULATION_SEED", "0"))


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """A simulation for the tests of a file."""
    with a_simulation() as opened:
        yield opened


def shard(number: int) -> Callable[[Test], Checked]:
    """A part of all histories: files of tests run side by side."""
    return histories(number, HISTORIES // SHARDS)


def histories(number: int, most: int) -> Callable[[Test], Checked]:
    """So many histories, others for each number. A failing seed is tried again first, the next time.

    Hypothesis draws the seeds only: of a seed nothing is smaller, so what it does at a failure is not for us.
    """

    def decorate(test: Test) -> Checked:
        drawn = given(drawn=st.integers(0, 2**24))(test)
        phases = (Phase.explicit, Phase.reuse, Phase.generate)
        common = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, phases=phases)
        return seed(SEED + number)(settings(common, max_examples=max(most, 1))(drawn))

    return decorate


def live(simulation: Simulation, drawn: int) -> None:
    """Live through the history of a seed; of one that fails the smallest is shown."""
    history = simulation.drawn(drawn)
    try:
        simulation.live(history)
    except Exception as failure:
        less, how = smallest(simulation, history, failure)
        note(f"seed {drawn} of HITPARADE_SIMULATION_SEED={SEED}; as small as it fails:\n{less}")
        raise how from None


def assert_caught(simulation: Simulation, broken: Broken) -> None:
    """See that a history ends otherwise than it must where the product is broken, and only there."""
    with broken():
        caught = next((number for number in range(WITHIN) if fails(simulation, number)), None)
    assert caught is not None, f"not caught within {WITHIN} histories"
    assert not fails(simulation, caught), "it is not what was broken that this history tells"
    print(f"{broken.__name__}: caught at history {caught + 1}")  # noqa: T201 - shown by pytest -rP


def fails(simulation: Simulation, number: int) -> bool:
    """Whether the history of a seed ends otherwise than it must."""
    try:
        simulation.live(simulation.drawn(number))
    except Exception:
        return True
    return False
