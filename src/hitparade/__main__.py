"""The way in: `hitparade` and `python -m hitparade`. Ctrl-C is answered from the first import on."""

from __future__ import annotations

import gc
import sys

INTERRUPTED = 130
# Most of what a short run makes are modules and classes that stay; looking for garbage among them is a waste.
GARBAGE_THRESHOLD = 100_000


def main() -> None:
    """Run a command and leave with its exit code."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        from hitparade.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted\n")
        code = INTERRUPTED
    sys.exit(code)


if __name__ == "__main__":
    main()
