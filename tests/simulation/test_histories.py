"""The promise, on random histories of one workspace and up to four workers at once: one half of them."""

from __future__ import annotations

from tests.simulation.checked import live, shard
from tests.simulation.checked import simulation as simulation
from tests.simulation.simulation import Simulation


@shard(0)
def test_every_history_ends_as_if_computed_from_scratch(simulation: Simulation, drawn: int) -> None:
    live(simulation, drawn)
