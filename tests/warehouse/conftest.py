"""Fixtures of the warehouse's tests."""

from tests.postgres import postgres_url as postgres_url
