"""The gate: nothing changes during a save, and what only reads does not wait for one."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting

import pytest

from hitparade.emulator.gate import Environ, Gate

SOON = 0.2
LATER = 10.0


class Service:
    """An application whose answers take as long as they are told."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.may_answer = threading.Event()

    def __call__(self, *_: object) -> Iterable[bytes]:
        self.entered.set()
        assert self.may_answer.wait(LATER)
        return [b"answer"]


def request(method: str, action: str = "") -> Environ:
    return {"REQUEST_METHOD": method, "HTTP_HOST": "127.0.0.1:5000", "HTTP_X_AMZ_TARGET": f"DynamoDB_20120810.{action}"}


def asked(gate: Gate, environ: Environ) -> list[bytes]:
    return list(gate(environ, lambda *_: None))


CHANGING = [request("PUT"), request("DELETE"), request("POST", "PutItem"), request("POST", "UpdateTable")]
READING = [request("GET"), request("HEAD"), request("POST", "GetItem"), request("POST", "ReceiveMessage")]


@pytest.mark.parametrize("environ", CHANGING, ids=["PUT", "DELETE", "PutItem", "UpdateTable"])
def test_a_save_waits_for_what_changes_and_keeps_the_next_waiting(environ: Environ) -> None:
    service, saving, saved = Service(), threading.Event(), threading.Event()
    gate = Gate(service)

    def save() -> None:
        with gate.closed():
            saving.set()
            assert saved.wait(LATER)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(asked, gate, environ)
        assert service.entered.wait(LATER)
        save_done = pool.submit(save)
        assert not saving.wait(SOON)
        service.may_answer.set()
        assert first.result(LATER) == [b"answer"]
        assert saving.wait(LATER)
        second = pool.submit(asked, gate, environ)
        with pytest.raises(StillWaiting):
            second.result(SOON)
        saved.set()
        assert second.result(LATER) == [b"answer"]
        save_done.result(LATER)
    assert gate.changes == 2


@pytest.mark.parametrize("environ", READING, ids=["GET", "HEAD", "GetItem", "ReceiveMessage"])
def test_what_only_reads_goes_through_a_closed_gate(environ: Environ) -> None:
    service = Service()
    service.may_answer.set()
    gate = Gate(service)

    with gate.closed():
        assert asked(gate, environ) == [b"answer"]
    assert gate.changes == 0


def test_a_request_that_fails_leaves_the_gate() -> None:
    def failing(*_: object) -> Iterable[bytes]:
        raise ValueError

    gate = Gate(failing)
    with pytest.raises(ValueError):  # noqa: PT011 - it has no words
        asked(gate, request("PUT"))

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: gate.closed().__enter__()).result(LATER)


def test_of_two_that_change_something_one_waits_for_the_other() -> None:
    service = Service()
    gate = Gate(service)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(asked, gate, request("POST", "PutItem"))
        assert service.entered.wait(LATER)
        service.entered.clear()
        second = pool.submit(asked, gate, request("PUT"))
        assert not service.entered.wait(SOON)
        service.may_answer.set()
        assert [first.result(LATER), second.result(LATER)] == [[b"answer"], [b"answer"]]
