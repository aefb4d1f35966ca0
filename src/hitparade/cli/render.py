"""Showing things: JSON and CSV as they are, tables and bars for people."""

from __future__ import annotations

import json as json_
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

    from hitparade.charts import Charts
    from hitparade.health import Finding
    from hitparade.model import Delivery, Kpi
    from hitparade.pipeline import Outcome
    from hitparade.standing import Explanation, Standing
    from hitparade.steps.check import Checked

PIPE_WIDTH = 160
BAR_WIDTH = 30
SPARKS = "▁▂▃▄▅▆▇█"
GENRES_SHOWN = 5


@cache
def console() -> Console:
    """Standard output, as wide as the terminal; in a pipe wide enough for every table."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False, emoji=False, markup=False)


# ---- JSON


def as_json(value: object) -> None:
    """A value as JSON."""
    sys.stdout.write(json_.dumps(value, default=plain, ensure_ascii=False, indent=2) + "\n")


def plain(value: Any) -> object:
    """What JSON has no word for."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return str(value)


# ---- rows of a KPI


def rows(kpi: Kpi, table: pa.Table, *, form: str, limit: int | None) -> None:
    """A KPI's rows as JSON (a list of objects), CSV or a table."""
    shown = table if limit is None or kpi.served is not None else table.slice(0, limit)
    if form == "json":
        as_json(shown.to_pylist())
    elif form == "csv":
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(kpi.column_names)
        for batch in shown.to_batches():
            writer.writerows(tuple(row.values()) for row in batch.to_pylist())
    else:
        kpi_table(kpi, shown)


TABLE_ROWS = 1000


def kpi_table(kpi: Kpi, table: pa.Table) -> None:
    """A KPI's rows for people, with units in the head; of very many only the first."""
    kinds = {column.name: column for column in kpi.columns}
    heads = [f"{name} ({unit})" if (unit := kinds[name].unit) == "ms" else name for name in kpi.column_names]
    numbers = [kinds[name].type in ("int", "long", "double") for name in kpi.column_names]
    some = table.slice(0, TABLE_ROWS)
    grid(heads, ([as_text(value) for value in row.values()] for row in some.to_pylist()), numbers=numbers)
    if table.num_rows > TABLE_ROWS:
        console().print(
            f"... and {table.num_rows - TABLE_ROWS:,} rows more: narrow by --date or --genre, or use --format csv"
        )
    if table.num_rows == 0:
        console().print("no rows")


def as_text(value: object) -> str:
    """A value for people: thousands apart, four digits after the point, a dash for nothing."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value).replace("\n", " ")


def grid(
    heads: Sequence[str], lines: Iterable[Sequence[str]], *, numbers: Sequence[bool], title: str | None = None
) -> None:
    """Lines under heads, numbers to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, title=title, title_justify="left", pad_edge=False
    )
    for head, number in zip(heads, numbers, strict=True):
        table.add_column(head, justify="right" if number else "left", no_wrap=number, overflow="ellipsis")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    console().print(table)


# ---- charts people like to read


def charts(charts: Charts, *, day: date | None, genre: str | None) -> None:
    """The charts of a day: genres with bars, songs of the top genres, listening by hour."""
    chosen = day or charts.latest()
    if chosen is None:
        console().print("no charts yet: put CSV files into the landing folders, then run hitparade run")
        return
    hours = charts.read("hourly", date=chosen).to_pylist()
    total = sum(row["listen_count"] for row in hours)
    heading(f"{chosen:%A}, {chosen}: {total:,} listens")
    if not hours:
        console().print("no listens on that day; there are " + some_days(charts.days()))
        return
    genres = charts.read("top_genres_daily", date=chosen).to_pylist()
    genre_bars(genres)
    for name in [genre.strip().lower()] if genre else [row["genre"] for row in genres[:GENRES_SHOWN]]:
        songs(name, charts.read("top_songs_daily", date=chosen, genre=name).to_pylist())
    hour_bars(hours)


def some_days(days: Sequence[date]) -> str:
    """Days in a few words."""
    return f"{days[0]} to {days[-1]}" if days else "none"


def heading(text: str) -> None:
    """A line that stands out."""
    from rich.text import Text

    console().print(Text(text, style="bold"))


def genre_bars(genres: Sequence[Mapping[str, Any]]) -> None:
    """The top genres."""
    heading("\nTop genres")
    most = max((row["listen_count"] for row in genres), default=1)
    lines = [
        [
            str(row["position"]),
            row["genre"],
            bar(row["listen_count"] / most),
            f"{row['listen_count']:,}",
            f"{row['unique_listeners']:,}",
            hours_of(row["listening_ms"]),
        ]
        for row in genres
    ]
    grid(["", "genre", "", "listens", "listeners", "hours"], lines, numbers=[True, False, False, True, True, True])


def songs(genre: str, found: Sequence[Mapping[str, Any]]) -> None:
    """The top songs of a genre."""
    heading(f"\nTop songs: {genre}")
    lines = [
        [
            str(row["position"]),
            as_text(row["track_name"]),
            as_text(row["artists"]).replace(";", ", "),
            f"{row['listen_count']:,}",
            f"{row['unique_listeners']:,}",
        ]
        for row in found
    ]
    grid(["", "song", "artists", "listens", "listeners"], lines, numbers=[True, False, False, True, True])


def hour_bars(hours: Sequence[Mapping[str, Any]]) -> None:
    """Listening by hour, as one line of bars."""
    by_hour = {row["listen_hour"]: row["listen_count"] for row in hours}
    most = max(by_hour.values())
    line = "".join(f" {SPARKS[level(by_hour.get(hour, 0), most)]}" for hour in range(24))
    heading("\nListening by hour")
    console().print("  " + line)
    console().print("   " + "".join(f"{hour:<6}" for hour in range(0, 24, 3)))
    peak = max(by_hour, key=lambda hour: (by_hour[hour], -hour))
    console().print(f"   most at {peak:02d}:00 with {most:,} listens")


def level(count: int, most: int) -> int:
    """The spark of a count."""
    return round(count / most * (len(SPARKS) - 1)) if most else 0


def bar(part: float) -> str:
    """A bar of a part of the whole width, in eighths of a character."""
    eighths = round(part * BAR_WIDTH * 8)
    return "█" * (eighths // 8) + ("▏▎▍▌▋▊▉"[eighths % 8 - 1] if eighths % 8 else "")


def hours_of(milliseconds: int) -> str:
    """Milliseconds as hours."""
    return f"{milliseconds / 3_600_000:,.1f}"


def kpi_list(charts: Charts, *, form: str) -> None:
    """Which KPIs there are."""
    listed = [
        {"kpi": kpi.name, "scope": kpi.scope, "columns": list(kpi.column_names), "description": kpi.description}
        for kpi in charts.kpis
    ]
    if form == "json":
        as_json(listed)
    else:
        for each in listed:
            sys.stdout.write(f"{each['kpi']},{each['scope']}\n")


# ---- what work did


def outcome(done: Outcome, *, json: bool) -> None:
    """What a run did, step by step."""
    loaded, computed, published, archived = done.loaded, done.computed, done.published, done.archived
    if json:
        as_json(
            {
                "load": load_summary(loaded),
                "compute": {"days": len(computed.days), "kpi_days": computed.kpi_days, "rows": computed.rows},
                "publish": {"kpi_days": published.kpi_days, "rows": published.rows},
                "archive": {"archived": archived.archived, "quarantined": archived.quarantined},
            }
        )
        return
    for name in ("load", "compute", "publish", "archive"):
        step(name, {"load": loaded, "compute": computed, "publish": published, "archive": archived}[name], json=False)


def load_summary(loaded: Any) -> dict[str, object]:
    """What a load did, and each file that was not simply loaded."""
    return {
        **{status: loaded.count(status) for status in ("loaded", "duplicate", "quarantined")},
        "rows_loaded": sum(each.rows_loaded for each in loaded.deliveries),
        "rows_rejected": loaded.rejected,
        "files": [
            {
                "file": each.uri,
                "outcome": each.status,
                "rows_read": each.rows_read,
                "rows_loaded": each.rows_loaded,
                "rows_rejected": each.rows_rejected,
                "reason": each.reason,
            }
            for each in loaded.deliveries
        ],
        "stopped": [failure.message for failure in loaded.failures],
    }


def step(name: str, result: Any, *, json: bool) -> None:
    """What one step did."""
    if json:
        as_json(load_summary(result) if name == "load" else result)
        return
    console().print(f"{name:<8} {STEPS[name](result)}")
    if name == "load":
        for each in result.deliveries:
            if each.status == "quarantined" or each.rows_rejected or (each.reason or "").startswith("warning"):
                verb = "quarantined" if each.status == "quarantined" else "loaded in part"
                console().print(f"         {verb}: {each.uri}: {each.reason}", soft_wrap=True)
    for report in getattr(result, "reports", []):
        console().print(f"         report: {report}", soft_wrap=True)


STEPS = {
    "load": lambda r: (
        f"{r.count('loaded'):,} files, {sum(d.rows_loaded for d in r.deliveries):,} rows"
        f" ({r.rejected:,} rejected), {r.count('duplicate'):,} duplicates, {r.count('quarantined'):,} quarantined"
    ),
    "compute": lambda r: f"{len(r.days):,} days, {r.kpi_days:,} KPI days, {r.rows:,} rows",
    "publish": lambda r: f"{r.kpi_days:,} KPI days, {r.rows:,} rows",
    "archive": lambda r: f"{r.archived:,} files archived, {r.quarantined:,} put in quarantine",
}


# ---- where things stand


NOT_IN_TABLE = ("dataset", "released", "discarded")


def standing(found: Standing, *, json: bool) -> None:
    """status."""
    if json:
        as_json(found)
        return
    heads = ["", "waiting", "loaded", "duplicate", "superseded", "quarantined", "rows read", "rows loaded", "rejected"]
    lines = [
        [each.dataset, *(f"{value:,}" for key, value in asdict(each).items() if key not in NOT_IN_TABLE)]
        for each in found.datasets
    ]
    grid(heads, lines, numbers=[False, *[True] * 8])
    days = f"{found.days:,} days, {found.first_day} to {found.last_day}" if found.days else "no days yet"
    console().print(
        f"charts: {days}; {found.listens:,} listens, {found.repeats:,} repeats; {found.behind:,} days behind"
    )
    for sink, count in found.unpublished.items():
        console().print(f"sink {sink}: {count:,} KPI days behind")
    if found.run is not None:
        state = "at work, heard of" if found.running else "ended"
        console().print(f"last run: {found.run}, {state} {found.run_at:%Y-%m-%d %H:%M:%S} UTC")
    deliveries("\nQuarantined or with rejected rows", found.flawed)
    deliveries("\nDuplicates", found.duplicates)
    deliveries("\nReleased from quarantine, or discarded", found.settled)


def deliveries(title: str, found: Sequence[Delivery]) -> None:
    """Files and what became of them."""
    if not found:
        return
    heading(title)
    lines = [
        [f"{each.seq}", each.uri, each.status, f"{each.rows_read:,}", f"{each.rows_rejected:,}", each.reason or ""]
        for each in found
    ]
    grid(
        ["seq", "file", "status", "rows", "rejected", "reason"], lines, numbers=[True, False, False, True, True, False]
    )


def explanation(found: Explanation, *, json: bool) -> None:
    """explain."""
    if json:
        as_json({**asdict(found), "files": [{**asdict(file), "rows_of_day": rows} for file, rows in found.files]})
        return
    heading(f"{found.kpi} of {found.listen_date}")
    repeats = f"{found.loaded:,} rows were loaded, {found.repeats:,} of them repeats"
    console().print(f"{found.rows:,} rows from {found.listens:,} listens; {repeats}")
    console().print(
        f"computed by run {found.run} at {found.computed_at:%Y-%m-%d %H:%M:%S} UTC, up to delivery {found.up_to_seq}"
        + ("; a newer delivery waits for hitparade compute" if found.behind else "")
    )
    heading("\nFiles that touched the day")
    lines = [
        [
            f"{d.seq}",
            d.uri,
            d.status,
            f"{rows:,}",
            f"{d.rows_read:,}",
            f"{d.rows_rejected:,}",
            f"{d.loaded_at:%Y-%m-%d %H:%M}",
        ]
        for d, rows in found.files
    ]
    heads = ["seq", "file", "status", "rows of the day", "rows read", "rejected", "loaded at"]
    grid(heads, lines, numbers=[True, False, False, True, True, True, False])


def inspected(found: Sequence[Checked], *, json: bool) -> None:
    """check."""
    if json:
        as_json(found)
        return
    for each in found:
        verb = {"load": "would be loaded", "quarantine": "would be quarantined"}.get(
            each.outcome, "would stop the load"
        )
        heading(f"{each.name}: {verb}; {each.rows_read:,} rows, {each.rows_rejected:,} bad")
        for problem in each.problems:
            warning = "warning: " if problem.severity == "warn" else ""
            console().print(f"  {warning}{problem.rule}: {problem.message}", soft_wrap=True)
            for row, value, raw in problem.examples:
                console().print(f"    row {row:,}: {value!r} in {raw[:200]!r}", soft_wrap=True)


def findings(found: Sequence[Finding], *, json: bool) -> None:
    """doctor."""
    if json:
        as_json(found)
        return
    for each in found:
        console().print(f"{each.state:<9}{each.subject:<18}{each.detail}", soft_wrap=True)
