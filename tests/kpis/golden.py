"""The SQL that each file is rendered to, kept under golden/ so that a change of it shows in a review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from hitparade.kpis.render import Dialect, render
from hitparade.model import Kpi

GOLDEN = Path(__file__).parent / "golden"
DIALECTS: tuple[Dialect, ...] = ("spark", "redshift", "postgres")


def rendered(kpis: Iterable[Kpi], dialect: Dialect) -> Mapping[str, str]:
    """File name to text, for every KPI and shared relation."""
    sql = {relation.name: relation.sql for kpi in kpis for relation in kpi.relations}
    sql |= {kpi.name: kpi.sql for kpi in kpis}
    return {f"{name}.sql": render(text, dialect) + "\n" for name, text in sql.items()}
