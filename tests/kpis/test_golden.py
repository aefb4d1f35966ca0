"""Rendering is pinned: a new SQLGlot that writes other SQL shows here before it shows in a warehouse."""

from __future__ import annotations

import pytest

from hitparade.kpis.render import Dialect, render
from hitparade.model import Kpi
from tests.kpis.golden import DIALECTS, GOLDEN, rendered


@pytest.mark.parametrize("dialect", DIALECTS)
def test_rendered_sql_is_the_golden_one(kpis: tuple[Kpi, ...], dialect: Dialect) -> None:
    golden = {path.name: path.read_text(encoding="utf-8") for path in (GOLDEN / dialect).glob("*.sql")}
    assert rendered(kpis, dialect) == golden, "if this is wanted: python -m tests.kpis.update_golden"


def test_rendering_for_duckdb_changes_nothing(kpis: tuple[Kpi, ...]) -> None:
    for kpi in kpis:
        assert render(kpi.sql, "duckdb") == kpi.sql


def test_values_are_quoted_for_each_dialect() -> None:
    sql = r"SELECT t.a FROM t WHERE t.a = 'it''s \n'"
    assert render(sql, "duckdb").endswith(r"t.a = 'it''s \n'")
    assert render(sql, "postgres").endswith(r"t.a = 'it''s \n'")
    assert render(sql, "spark").endswith(r"t.a = 'it\'s \\n'")
