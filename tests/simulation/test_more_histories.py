"""The promise, on random histories of one workspace and up to four workers at once: the other half."""

from __future__ import annotations

from tests.simulation.checked import live, shard
from tests.simulation.checked import simulation as simulation
from tests.simulation.simulation import Simulation


@shard(1)
def test_every_history_ends_as_if_computed_from_scratch(simulation: Simulation, drawn: int) -> None:
    live(simulation, drawn)
