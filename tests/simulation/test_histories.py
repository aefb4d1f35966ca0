"""The promise, on random histories of one workspace and up to four workers at once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings

from tests.simulation.history import History, histories
from tests.simulation.simulation import Simulation, a_simulation

HISTORIES = int(os.environ.get("HITPARADE_HISTORIES", "60"))


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with a_simulation() as opened:
        yield opened


@settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True, max_examples=HISTORIES)
@given(history=histories)
def test_every_history_ends_as_if_computed_from_scratch(simulation: Simulation, history: History) -> None:
    simulation.live(history)
