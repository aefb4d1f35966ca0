"""The emulators of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("moto.server", reason="moto[server] is not installed")

from tests.emulator.emulated import Emulated, emulator


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulated]:
    """One emulator for a module's tests."""
    with emulator() as emulated:
        yield emulated
