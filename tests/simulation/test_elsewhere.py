"""The same of sinks that are not in the workspace: workers are cut while they write to a warehouse, or to DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import with_programs
from tests.simulation.broken import BROKEN_ELSEWHERE, Broken
from tests.simulation.checked import HISTORIES, SHARDS, assert_caught, histories, live
from tests.simulation.served import ELSEWHERE
from tests.simulation.simulation import Simulation, a_simulation

EACH = HISTORIES // 100


@pytest.fixture(scope="module", params=ELSEWHERE)
def simulation(request: pytest.FixtureRequest) -> Iterator[Simulation]:
    """A simulation with a sink elsewhere."""
    if request.param != "dynamodb":
        with_programs()
    with ELSEWHERE[request.param]() as sink, a_simulation(sink) as opened:
        yield opened


@histories(SHARDS, EACH)
def test_every_history_is_served_as_if_computed_from_scratch(simulation: Simulation, drawn: int) -> None:
    live(simulation, drawn)


@pytest.mark.parametrize(("simulation", "broken"), BROKEN_ELSEWHERE, indirect=["simulation"])
def test_a_broken_sink_is_caught(simulation: Simulation, broken: Broken) -> None:
    assert_caught(simulation, broken)
