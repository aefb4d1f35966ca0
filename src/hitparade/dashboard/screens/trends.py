"""Trends: genres over time, by listens and by unique listeners."""

from __future__ import annotations

import streamlit as st

from hitparade.dashboard import pictures, questions
from hitparade.dashboard.place import Place
from hitparade.dashboard.screens.frame import day_of, days_of, show_freshness, show_picture, start

SPANS = {"4 weeks": 28, "13 weeks": 91, "1 year": 365, "everything": None}
LINES = len(pictures.COLOURS)


def show(place: Place) -> None:
    """The page."""
    last = day_of(place, "Trends")
    if last is None:
        return
    span = st.segmented_control("Until that day", list(SPANS), default="4 weeks", key="span", bind="query-params")
    first = start(last, SPANS[span or "4 weeks"], place.ask(days_of)[0])
    table = place.ask(questions.trends, first, last)
    every = questions.most_heard(table, table.num_rows)
    if not every:
        st.info("No track that was heard on these days has a genre in the catalogue.")
        return
    chosen = st.multiselect(
        "Genres",
        every,
        default=every[: questions.LINES_AT_FIRST],
        max_selections=LINES,
        key=f"genres of {first} {last}",
    )
    for column, title in (("listen_count", "listens per day"), ("unique_listeners", "unique listeners per day")):
        st.subheader(title.capitalize(), anchor=False)
        if chosen:
            show_picture(pictures.trend(table, chosen, column, title, days=(first, last)), title)
        else:
            st.info("Choose a genre.")
    show_freshness(place, "genre_daily", first, last)
