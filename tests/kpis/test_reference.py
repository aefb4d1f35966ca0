"""docs/kpis.md is what the headers say."""

from __future__ import annotations

from pathlib import Path

from hitparade.kpis.reference import reference
from hitparade.model import Kpi

PAGE = Path(__file__).parents[2] / "docs" / "kpis.md"


def test_the_page_is_current(kpis: tuple[Kpi, ...]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == reference(kpis), "python -m hitparade.kpis.reference > docs/kpis.md"


def test_every_column_stands_in_its_kpis_section(kpis: tuple[Kpi, ...]) -> None:
    sections = {section.partition("\n")[0]: section for section in reference(kpis).split("\n## ")}
    for kpi in kpis:
        for column in kpi.columns:
            assert f"| `{column.name}` | {column.type} |" in sections[kpi.name]
