"""The engine by which contracts are put to work."""

from tests.engines.conftest import engine

__all__ = ["engine"]
