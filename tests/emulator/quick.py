"""An emulator in a hurry: its jobs' minutes are seconds, and if it is given a folder it saves all the time."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from hitparade.emulator.server import running

if __name__ == "__main__":
    del os.environ["AWS_PROFILE"]  # as the command does
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with running(port=0, region="eu-west-1", data=data, minute=1.0, save_seconds=0.1) as emulator:
        for name, value in emulator.environment.items():
            print(f"export {name}={value}", flush=True)  # noqa: T201 - what the command prints
        while not end.wait(0.5):
            pass
