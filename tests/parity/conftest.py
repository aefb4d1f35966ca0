"""Each engine in turn."""

from tests.engines.conftest import engine_name

__all__ = ["engine_name"]
