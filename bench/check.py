"""Whether the hand-written script computes the same nine KPIs, value for value."""

from __future__ import annotations

from pathlib import Path

from bench.progress import say
from bench.workspaces import Sample, deliver_all, files, generated, hitparade, workspace

SMALL = Sample(listens=120_000, days=5, users=3_000, tracks=6_000, files=8, seed=7)
REPEATED = 2_000
EVERY_POSITION = 1_000_000
UNKNOWN = (
    "3,no-such-track,2025-01-02 10:00:00",
    "4,no-such-track,2025-01-02 10:00:00",
    "4,no-such-track,2025-01-02 11:00:00",
)


def check(data: Path, work: Path) -> tuple[str, ...]:
    """Run both on a small sample with repeats and an unknown track; the KPIs that differ."""
    landing = generated(data, SMALL)
    folder = work / "check"
    config = workspace(folder)
    deliver_all(landing, folder)
    write_repeats(files(landing, "streams")[0], folder / "data" / "streams" / "repeats.csv")
    by_hand = computed_by_hand(folder / "data")
    hitparade("run", "--config", str(config))
    wrong = []
    for name, expected in by_hand.items():
        found = stored(config, name)
        same = found == expected and bool(found)
        say(
            f"  {name}: {len(expected):,} rows by hand, {len(found):,} of hitparade, {'equal' if same else 'NOT EQUAL'}"
        )
        if not same:
            wrong.append(name)
            differing = [pair for pair in zip(expected, found, strict=False) if pair[0] != pair[1]]
            say(f"    by hand and of hitparade: {differing[:1]}")
    return tuple(wrong)


def write_repeats(source: Path, target: Path) -> None:
    """A file that repeats the beginning of another, twice, and hears a track that the catalogue lacks."""
    with source.open(encoding="utf-8") as file:
        header, *lines = [next(file).rstrip("\n") for _ in range(REPEATED)]
    target.write_text("\n".join([header, *lines, *lines, *UNKNOWN, ""]), encoding="utf-8")


def computed_by_hand(landing: Path) -> dict[str, list[tuple[object, ...]]]:
    """The rows of the hand-written tables, in the order of all columns."""
    from bench.handwritten import KPIS, compute

    names = [kpi.split(maxsplit=3)[2] for kpi in KPIS]
    database = compute(landing)
    return {name: database.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall() for name in names}


def stored(config: Path, name: str) -> list[tuple[object, ...]]:
    """The rows of a KPI as its readers get them, in the order of all columns."""
    import duckdb

    from hitparade.charts import Charts

    with Charts.open(config) as charts:
        rows = charts.read(name, positions=EVERY_POSITION)
    with duckdb.connect() as database:
        return database.register("found", rows).execute("SELECT * FROM found ORDER BY ALL").fetchall()
