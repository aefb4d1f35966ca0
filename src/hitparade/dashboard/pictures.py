"""Pictures: lines, heat maps and bars, the same in the dashboard and in a report.

Colours are those of Okabe and Ito, which people who are colour-blind tell apart, and lines differ in their dashes too.
Every axis says its unit, and numbers have their thousands apart. Names are cut at the axis and whole in the tooltip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from hitparade.dashboard import words
from hitparade.dashboard.questions import Bin, Group, Hour

if TYPE_CHECKING:
    import altair as alt
    import pyarrow as pa

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A6A00", "#000000")
BLUE, INK = COLOURS[0], "#333"
DASHES: tuple[list[int], ...] = ([1, 0], [6, 2], [2, 2], [8, 2, 2, 2], [1, 0], [6, 2], [2, 2], [8, 2, 2, 2])
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
POINTS_TO = 45
"""Days to which each is a point as well: one day alone has no line."""
LABEL_PIXELS = 130
HEIGHT = 280
MAP_PIXELS, CELL_LEAST, CELL_MOST = 460, 3, 24
HOURS = list(range(24))
EVERY_THIRD = "datum.value % 3 == 0 ? (datum.value < 10 ? '0' : '') + datum.value : ''"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as Vega-Lite says it, as wide as where it is put, and the rows that it is of, apart from it."""

    spec: dict[str, Any]
    rows: pa.Table

    def whole(self, width: int) -> dict[str, Any]:
        """Both together, of a width in pixels."""
        return {**self.spec, "width": width, "data": {"values": self.rows.to_pylist()}}


def trend(table: pa.Table, genres: Sequence[str], column: str, title: str, *, days: tuple[date, date]) -> Picture:
    """A column of a table of trends by day, a line for each of some genres."""
    import altair as alt
    import pyarrow.compute as pc

    rows = table.filter(pc.field("genre").isin(list(genres))).select(["listen_date", "genre", column])
    few = (days[1] - days[0]).days < POINTS_TO
    order = list(genres)
    base = alt.Chart().encode(
        x=alt.X(
            "listen_date:T",
            title=None,
            axis=alt.Axis(format="%-d %b %Y" if few else "%b %Y", labelOverlap=True, tickCount=6, grid=False),
        ),
        y=alt.Y(f"{column}:Q", title=title, axis=alt.Axis(format=",.0f", tickCount=5), scale=alt.Scale(zero=True)),
        color=alt.Color(
            "genre:N",
            sort=order,
            scale=alt.Scale(domain=order, range=list(COLOURS[: len(order)])),
            legend=alt.Legend(
                orient="bottom",
                title=None,
                columns=4,
                labelLimit=LABEL_PIXELS,
                symbolType="stroke",
                symbolSize=400,
                symbolStrokeWidth=3,
            ),
        ),
        strokeDash=alt.StrokeDash(
            "genre:N", sort=order, scale=alt.Scale(domain=order, range=list(DASHES[: len(order)])), legend=None
        ),
        tooltip=[
            alt.Tooltip("listen_date:T", title="day", format="%-d %B %Y"),
            alt.Tooltip("genre:N"),
            alt.Tooltip(f"{column}:Q", title=title, format=","),
        ],
    )
    lines = base.mark_line(strokeWidth=2.2, point=alt.OverlayMarkDef(size=36, filled=True) if few else False)
    return dressed(lines, HEIGHT, with_days_as_text(rows))


def heat_map(table: pa.Table) -> Picture:
    """Listens by day and hour, the newest day below."""
    import altair as alt

    days = sorted(set(table["listen_date"].to_pylist()))
    span = (days[-1] - days[0]).days + 1 if days else 1
    cell = min(max(MAP_PIXELS / span, CELL_LEAST), CELL_MOST)
    named = span <= MAP_PIXELS / 12
    chart = (
        alt.Chart()
        .mark_rect(aria=named)  # nobody has thousands of cells read out
        .encode(
            x=alt.X(
                "listen_hour:O",
                title="hour of the day",
                scale=alt.Scale(domain=HOURS),
                axis=alt.Axis(labelExpr=EVERY_THIRD, labelAngle=0, ticks=False, domain=False, labelOverlap=False),
            ),
            y=alt.Y(
                "yearmonthdate(listen_date):O",
                title=None,
                axis=alt.Axis(
                    format="%a %-d %b" if named else "%-d %b %Y", labelOverlap=True, ticks=False, domain=False
                ),
            ),
            color=alt.Color(
                "listen_count:Q",
                title="listens",
                scale=alt.Scale(scheme="viridis", reverse=True, zero=True),
                legend=alt.Legend(orient="top", format=",.0f", gradientLength=200, titleOrient="left", tickCount=3),
            ),
            tooltip=[
                alt.Tooltip("listen_date:T", title="day", format="%-d %B %Y"),
                alt.Tooltip("listen_hour:O", title="hour"),
                alt.Tooltip("listen_count:Q", title="listens", format=","),
            ],
        )
    )
    rows = table.select(["listen_date", "listen_hour", "listen_count"])
    return dressed(chart, round(cell * len(days)) or HEIGHT, with_days_as_text(rows))


def diversity(hours: Sequence[Hour]) -> Picture:
    """How many different tracks there are for each listen, by hour: 1 when nothing was heard twice."""
    import altair as alt

    rows = [{"hour": each.hour, "diversity": each.diversity, "listens": each.listens} for each in hours]
    chart = (
        alt.Chart()
        .mark_line(color=BLUE, strokeWidth=2.2, point=alt.OverlayMarkDef(size=36, filled=True, color=BLUE))
        .encode(
            x=hour_axis(),
            y=alt.Y("diversity:Q", title="tracks per listen", scale=alt.Scale(domain=[0, 1])),
            tooltip=[
                alt.Tooltip("hour:Q"),
                alt.Tooltip("diversity:Q", title="different tracks per listen", format=".3f"),
                alt.Tooltip("listens:Q", format=","),
            ],
        )
    )
    return dressed(chart, 200, as_table(rows))


def hours_of_day(hours: Sequence[Hour]) -> Picture:
    """Listens by hour of one day."""
    import altair as alt

    rows = [{"hour": each.hour, "end": each.hour + 1, "listens": each.listens} for each in hours]
    chart = (
        alt.Chart()
        .mark_bar(color=BLUE, binSpacing=2)
        .encode(
            x=hour_axis(bin=alt.BinParams(binned=True)),
            x2="end:Q",
            y=alt.Y("listens:Q", title="listens", axis=alt.Axis(format=",.0f", tickCount=4)),
            tooltip=[alt.Tooltip("hour:Q"), alt.Tooltip("listens:Q", format=",")],
        )
    )
    return dressed(chart, 200, as_table(rows))


def hour_axis(**named: Any) -> alt.X:
    """The hours of a day from left to right."""
    import altair as alt

    axis = alt.Axis(
        values=list(range(0, 25, 3)), labelExpr="(datum.value < 10 ? '0' : '') + datum.value + ':00'", grid=False
    )
    return alt.X("hour:Q", title="hour of the day", scale=alt.Scale(domain=[0, 24], nice=False), axis=axis, **named)


def histogram(bins: Sequence[Bin]) -> Picture:
    """How many listeners listened for how long."""
    import altair as alt

    rows = [{"start": each.start, "end": each.end, "listeners": each.listeners} for each in bins]
    chart = (
        alt.Chart()
        .mark_bar(color=BLUE, binSpacing=1)
        .encode(
            x=alt.X(
                "start:Q",
                bin=alt.BinParams(binned=True),
                title="listening time of the day, minutes",
                axis=alt.Axis(format=",.0f", tickCount=8, grid=False),
            ),
            x2="end:Q",
            y=alt.Y("listeners:Q", title="listeners", axis=alt.Axis(format=",.0f", tickCount=4)),
            tooltip=[
                alt.Tooltip("start:Q", title="from, minutes", format=",.2~f"),
                alt.Tooltip("end:Q", title="to, minutes", format=",.2~f"),
                alt.Tooltip("listeners:Q", format=","),
            ],
        )
    )
    return dressed(chart, 240, as_table(rows))


def group_bars(groups: Sequence[Group]) -> Picture:
    """Listens of groups of listeners as bars, each with its number."""
    import altair as alt

    rows = [
        {
            "group": each.name,
            "listens": each.listens,
            "listeners": each.listeners,
            "time": words.time(each.milliseconds),
            "label": words.count(each.listens),
        }
        for each in groups
    ]
    most = max((each.listens for each in groups), default=1)
    base = alt.Chart().encode(
        y=alt.Y(
            "group:N",
            scale=alt.Scale(domain=[each.name for each in groups]),
            title=None,
            axis=alt.Axis(labelLimit=LABEL_PIXELS, ticks=False, domain=False),
        ),
        x=alt.X(
            "listens:Q",
            title="listens",
            # The number stands right of its bar.
            scale=alt.Scale(domain=[0, most * 1.18], nice=False),
            axis=alt.Axis(format=",.0f", tickCount=4),
        ),
        tooltip=[
            alt.Tooltip("group:N", title="listeners of"),
            alt.Tooltip("listens:Q", format=","),
            alt.Tooltip("listeners:Q", format=","),
            alt.Tooltip("time:N", title="listening time"),
        ],
    )
    bars = base.mark_bar(color=BLUE, height={"band": 0.72})
    labels = base.mark_text(align="left", dx=4, fontSize=12, color=INK).encode(text="label:N")
    return dressed(bars + labels, max(26 * len(groups), 60), as_table(rows))


def dressed(chart: alt.Chart | alt.LayerChart, height: int, rows: pa.Table) -> Picture:
    """A chart as all of them look, of its rows."""
    import altair as alt

    plain: dict[str, Any] = {
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelColor": INK,
        "titleColor": INK,
    }
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")  # the height is that of what is drawn, without its axes
    whole = chart.properties(height=height, width="container", autosize=fit).configure(
        font=FONT,
        background="white",
        axis=alt.AxisConfig(gridColor="#e8e8e8", **plain),
        legend=alt.LegendConfig(**plain),
        view=alt.ViewConfig(strokeWidth=0),
    )
    return Picture(whole.to_dict(), rows)


def with_days_as_text(table: pa.Table) -> pa.Table:
    """Days as midnight where the picture is looked at: an instant would be the day before in half of the world."""
    import pyarrow as pa
    import pyarrow.compute as pc

    midnights = pc.binary_join_element_wise(table["listen_date"].cast(pa.string()), "00:00:00", "T")
    return table.set_column(table.schema.get_field_index("listen_date"), "listen_date", midnights)


def as_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows as a picture has them."""
    import pyarrow as pa

    return pa.Table.from_pylist(list(rows))
