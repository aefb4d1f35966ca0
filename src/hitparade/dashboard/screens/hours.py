"""Hours: when people listen, whom they hear most then, and how different what they hear is."""

from __future__ import annotations

import streamlit as st

from hitparade.dashboard import pictures, questions
from hitparade.dashboard.place import Place
from hitparade.dashboard.screens.frame import day_of, days_of, show_fragment, show_freshness, show_picture, start

SPANS = {"2 weeks": 14, "8 weeks": 56, "1 year": 365}


def show(place: Place) -> None:
    """The page."""
    day = day_of(place, "Hours")
    if day is None:
        return
    hours = place.ask(questions.hours_of, day)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Listens by hour", anchor=False)
        show_picture(pictures.hours_of_day(hours), "listens by hour of the day")
    with right:
        st.subheader("Diversity", anchor=False)
        show_picture(pictures.diversity(hours), "different tracks per listen by hour of the day")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Day by day", anchor=False)
        span = st.segmented_control("Until that day", list(SPANS), default="2 weeks", key="weeks", bind="query-params")
        first = start(day, SPANS[span or "2 weeks"], place.ask(days_of)[0])
        table = place.ask(questions.hours_of_days, first, day)
        show_picture(pictures.heat_map(table), "listens by day and hour")
    with right:
        st.subheader("Artist of the hour", anchor=False)
        show_fragment("artists", hours=hours)
    show_freshness(place, "hourly", first, day)
