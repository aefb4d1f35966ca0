"""Histories that the simulation found, told: each ended wrong once."""

from __future__ import annotations

from hitparade.errors import StorageError
from tests.simulation.checked import simulation as simulation
from tests.simulation.history import (
    BAD_LISTENS,
    LISTENS,
    SONGS,
    Again,
    Contract,
    Cut,
    Deliver,
    History,
    OwnKpi,
    Step,
    Together,
)
from tests.simulation.simulation import Simulation


def test_a_file_that_another_archives_while_it_is_judged_is_left_to_it(simulation: Simulation) -> None:
    cut = Cut("ledger.newest", skip=0, happens=(), kill=False, to=0)
    scene = Together((("archive",), ("run",), ("run",)), (cut,), polite=False)
    simulation.live(History("tracks", 0, "usual", False, (Deliver("songs", "one.csv", (SONGS[0],)), scene)))
    assert [type(error) for error in simulation.workers[1].trouble] == [StorageError]


def test_a_file_that_another_archives_before_it_is_read_exactly_is_left_to_it(simulation: Simulation) -> None:
    songs = ("c,B; B ;C,Album,T1,,7,folk", 'c,B;A,Album,"T, ""2""",,,Rock', "b,A,Album,T1,50,,pop")
    cut = Cut("ledger.load_ids", skip=0, happens=(), kill=False, to=0)
    scene = Together((("publish",), ("run",), ("run",)), (cut,), polite=False)
    simulation.live(History("hours", 0, "usual", False, (Deliver("songs", "one.csv", songs), scene)))
    assert {type(error) for error in simulation.workers[1].trouble} == {StorageError}


def test_a_file_whose_move_was_cut_short_lies_once_when_it_comes_again(simulation: Simulation) -> None:
    killed = Together((("run",),), (Cut("storage.linked", 0, (), kill=True, to=0),), polite=False)
    events = (Deliver("streams", "one.csv", (LISTENS[0],)), killed, Again(0, None))
    simulation.live(History("tracks", 0, "usual", False, events))


def test_files_of_one_name_that_are_released_at_once_leave_quarantine(simulation: Simulation) -> None:
    run = Together((("run",),), (), polite=False)
    bad = [Deliver("streams", "one.csv", (LISTENS[0], line)) for line in BAD_LISTENS[:2]]
    release = Together((("release",),), (), polite=False)
    simulation.live(History("genres", 0, "strict", False, (bad[0], run, bad[1], run, Contract("usual"), release)))


def test_a_kpi_that_is_changed_back_after_a_crash_is_its_old_self(simulation: Simulation) -> None:
    run = Together((("run",),), (), polite=False)
    killed = Together((("run",),), (Cut("compute.table_replaced", 0, (), kill=True, to=0),), polite=False)
    events = (Deliver("streams", "one.csv", (LISTENS[0],)), run, OwnKpi(3), killed, OwnKpi(1))
    simulation.live(History("hours", 1, "usual", False, events))


def test_a_kpi_that_is_put_back_after_a_catalogue_came_without_it_is_computed_anew(simulation: Simulation) -> None:
    run = Together((("run",),), (), polite=False)
    users = Deliver("users", "one.csv", ("1,P,30,Utopia,2024-01-01",))
    events = (Deliver("streams", "one.csv", (LISTENS[0],)), run, OwnKpi(0), users, run, OwnKpi(1))
    simulation.live(History("hours", 1, "usual", False, events))


def test_a_column_that_another_took_out_of_a_kpi_is_unknown_to_whoever_still_asks_for_it(
    simulation: Simulation,
) -> None:
    cut = Cut("publish.decided", skip=0, happens=(OwnKpi(3),), kill=False, to=1)
    scene = Together((("run",), ("run",)), (cut,), polite=False)
    simulation.live(History("tracks", 2, "usual", False, (Deliver("streams", "one.csv", (LISTENS[0],)), scene)))


def test_what_another_version_of_a_kpi_computed_is_not_served_with_the_columns_of_this_one(
    simulation: Simulation,
) -> None:
    def work(step: Step, *cuts: Cut) -> Together:
        return Together(((step,),), cuts, polite=False)

    meanwhile = Cut("run.begun", skip=0, happens=(OwnKpi(2),), kill=False, to=0)
    computed = (work("run"), OwnKpi(3), work("compute", meanwhile))
    events = (Deliver("streams", "one.csv", (LISTENS[0],)), *computed, work("publish"), OwnKpi(3))
    simulation.live(History("genres", 2, "usual", False, events))
