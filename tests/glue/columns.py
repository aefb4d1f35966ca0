"""The columns of song_kpis/ as docs/glue.md has them, from the KPIs' headers: `python -m tests.glue.columns`."""

from __future__ import annotations

from pathlib import Path

from hitparade.kpis.registry import load_kpis

PAGE = Path(__file__).parents[2] / "docs" / "glue.md"
MARK = "<!-- columns: python -m tests.glue.columns -->\n"
END = "## insert_metrics_dynamo\n"
KPIS = ("track_daily", "top_songs_daily", "top_genres_daily")


def columns() -> str:
    """A table for each KPI."""
    by_name = {kpi.name: kpi for kpi in load_kpis(settings={"genre_attribution": "all"})}
    parts = []
    for name in KPIS:
        kpi = by_name[name]
        served = f" Positions 1 to {kpi.served} are here." if kpi.served else ""
        lines = [
            f"### {name}",
            "",
            kpi.description + served,
            "",
            "| column | type | unit | meaning |",
            "| --- | --- | --- | --- |",
        ]
        lines += [f"| `{each.name}` | {each.type} | {each.unit or ''} | {each.description} |" for each in kpi.columns]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def page(text: str) -> str:
    """The page with the columns as they are now."""
    before, rest = text.split(MARK)
    return f"{before}{MARK}\n{columns()}\n{END}{rest.split(END, 1)[1]}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
