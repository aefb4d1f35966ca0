"""An emulator whose jobs' minutes are seconds, for tests of timeouts."""

from __future__ import annotations

import os
import signal
import threading

from hitparade.emulator.server import running

if __name__ == "__main__":
    del os.environ["AWS_PROFILE"]  # as the command does
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    with running(port=0, region="eu-west-1", minute=1.0) as emulator:
        for name, value in emulator.environment.items():
            print(f"export {name}={value}", flush=True)  # noqa: T201 - what the command prints
        end.wait()
