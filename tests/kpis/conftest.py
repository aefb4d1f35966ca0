"""Fixtures of the KPI tests."""

from __future__ import annotations

import pytest

from hitparade.kpis.registry import load_kpis
from hitparade.model import Kpi
from tests.kpis.case import SETTINGS
from tests.postgres import postgres_url as postgres_url


@pytest.fixture(scope="session")
def kpis() -> tuple[Kpi, ...]:
    return load_kpis(settings=SETTINGS)
