"""Rewrite golden/ after a wanted change: `python -m tests.kpis.update_golden`."""

from __future__ import annotations

from hitparade.kpis.registry import load_kpis
from tests.kpis.case import SETTINGS
from tests.kpis.golden import DIALECTS, GOLDEN, rendered


def update() -> None:
    kpis = load_kpis(settings=SETTINGS)
    for dialect in DIALECTS:
        folder = GOLDEN / dialect
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.sql"):
            old.unlink()
        for name, text in rendered(kpis, dialect).items():
            (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    update()
