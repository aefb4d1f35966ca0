"""The engines by which contracts are put to work."""

from tests.engines.conftest import duckdb_engine, engine, engine_name

__all__ = ["duckdb_engine", "engine", "engine_name"]
