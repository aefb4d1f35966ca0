"""What every page has: a day to look at, in the URL too, and at its end how fresh it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from hitparade.charts import Charts
from hitparade.dashboard import words
from hitparade.dashboard.fragments import fragment
from hitparade.dashboard.pictures import Picture
from hitparade.dashboard.place import Place

KEPT = "day last looked at"
NOTHING = """
**Nothing to show yet.** Put CSV files into the landing folders, then run `hitparade run`: this page shows them as soon
as they are there. To see it with sample data: `hitparade demo`.
"""


def day_of(place: Place, title: str) -> date | None:
    """The day that is chosen; None, with a word about it, where there is nothing to see."""
    days = place.ask(days_of)
    if not days:
        st.title(title, anchor=False)
        st.info(NOTHING)
        return None
    kept = st.session_state.get(KEPT, days[-1])
    heading, picker = st.columns([3, 1], vertical_alignment="bottom")
    chosen = picker.date_input(
        "Day",
        value=min(max(kept, days[0]), days[-1]),
        min_value=days[0],
        max_value=days[-1],
        key="date",
        bind="query-params",
        format="YYYY-MM-DD",
    )
    if not isinstance(chosen, date):
        return None
    st.session_state[KEPT] = chosen
    heading.title(title, anchor=False)
    heading.markdown(f"**{words.day(chosen)}**")
    if chosen not in days:
        near = min(days, key=lambda day: abs(day - chosen))
        st.info(f"There are no listens on that day. The nearest day with listens is {words.day(near)}.")
        return None
    return chosen


def start(last: date, days: int | None, earliest: date) -> date:
    """The first of so many days, and none before there were any."""
    return earliest if days is None else max(last - timedelta(days=days - 1), earliest)


def days_of(charts: Charts) -> Sequence[date]:
    """The days that there are."""
    return charts.days()


def show_fragment(name: str, **values: Any) -> None:
    """A piece of HTML."""
    st.html(fragment(name, **values))


def show_picture(picture: Picture, alt: str) -> None:
    """A picture, and what it is of in words."""
    st.vega_lite_chart(picture.rows, picture.spec, theme=None, width="stretch", alt=alt)


def show_freshness(place: Place, kpi: str, first: date, last: date) -> None:
    """How fresh what was shown is."""
    show_fragment("line", text=words.freshness(place.ask(freshness_of, kpi, first, last)))


def freshness_of(charts: Charts, kpi: str, first: date, last: date) -> Any:
    """How fresh some days of a KPI are."""
    return charts.freshness(kpi, first=first, last=last)
