"""Many at one ledger at once: nobody's work is lost, doubled or seen half done."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from hitparade.errors import Fenced
from hitparade.ledger import Ledger, open_ledger
from tests.ledger.records import MONDAY, begun, delivery, record, touched
from tests.together import at_once

THREADS, EACH = 6, 12


def test_seqs_are_given_out_in_the_order_of_commits(ledger: Ledger, ledger_url: str) -> None:
    """So a reader who sees a seq sees every one below it, and its touched day."""
    run = begun(ledger)
    done = threading.Event()
    gaps: list[tuple[int, ...]] = []

    def writing(writer: int) -> None:
        own = open_ledger(ledger_url)
        for number in range(EACH):
            load_id = writer * 1_000 + number
            record(own, run, *(delivery(load_id=load_id * 10 + n, touched={MONDAY: 1}) for n in range(2)))
        own.close()

    def reading() -> None:
        while not done.wait(0.005):
            seqs = tuple(sorted(each.seq for each in ledger.deliveries()))
            if seqs != tuple(range(1, len(seqs) + 1)) or len(seqs) % 2:
                gaps.append(seqs)

    with ThreadPoolExecutor(THREADS + 1) as pool:
        reader = pool.submit(reading)
        try:
            for writer in [pool.submit(writing, number) for number in range(1, THREADS + 1)]:
                writer.result()
        finally:
            done.set()
        reader.result()

    assert gaps == []
    assert len(ledger.deliveries()) == THREADS * EACH * 2
    assert touched(ledger) == {MONDAY: THREADS * EACH * 2}


def test_one_ledger_serves_several_threads(ledger: Ledger) -> None:
    """As it must: the heartbeat has a thread of its own."""
    run = begun(ledger)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: record(ledger, run, delivery()), range(20)))

    assert {each.seq for each in ledger.deliveries()} == set(range(1, 21))


def contend(url: str, worker: int) -> list[tuple[int, int]]:
    """Take runs and record with each until fenced; the (run, load_id) of what was recorded."""
    ledger = open_ledger(url)
    recorded = []
    for turn in range(8):
        run = begun(ledger)
        for number in range(3):
            load_id = worker * 10_000 + turn * 100 + number
            try:
                record(ledger, run, delivery(load_id=load_id))
            except Fenced:
                break
            recorded.append((run, load_id))
    ledger.close()
    return recorded


def test_processes_that_take_runs_from_one_another_write_in_the_order_of_their_runs(
    ledger: Ledger, ledger_url: str
) -> None:
    recorded = [each for some in at_once(contend, *((ledger_url, number) for number in range(3))) for each in some]
    found = list(reversed(ledger.deliveries()))

    assert sorted((each.run, each.load_id) for each in found) == sorted(recorded)
    assert [each.run for each in found] == sorted(each.run for each in found)
    latest = ledger.latest_run()
    assert latest is not None
    assert latest.run == 3 * 8


def create(url: str, name: str) -> Mapping[str, str]:
    """Open a ledger that may not be there yet, and keep a fact."""
    ledger = open_ledger(url)
    facts = ledger.prepare({"made by": name})
    begun(ledger)
    ledger.close()
    return facts


def test_processes_that_create_a_ledger_at_once_agree_on_it(ledger_url: str) -> None:
    facts = at_once(create, *((ledger_url, f"process {number}") for number in range(4)))

    assert len({each["made by"] for each in facts}) == 1
    ledger = open_ledger(ledger_url)
    latest = ledger.latest_run()
    ledger.close()
    assert latest is not None
    assert latest.run == 4
