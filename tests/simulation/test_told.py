"""Histories that the simulation found, told: each ended wrong once."""

from __future__ import annotations

from hitparade.errors import StorageError
from tests.simulation.checked import simulation as simulation
from tests.simulation.history import SONGS, Cut, Deliver, History, Together
from tests.simulation.simulation import Simulation


def test_a_file_that_another_archives_while_it_is_judged_is_left_to_it(simulation: Simulation) -> None:
    cut = Cut("ledger.newest", skip=0, happens=(), kill=False, to=0)
    scene = Together((("archive",), ("run",), ("run",)), (cut,), polite=False)
    simulation.live(History("tracks", 0, "usual", False, (Deliver("songs", "one.csv", (SONGS[0],)), scene)))
    assert [type(error) for error in simulation.workers[1].trouble] == [StorageError]
