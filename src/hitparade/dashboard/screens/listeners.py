"""Listeners: for how long people listen, and where and how old they are. Nobody is shown alone."""

from __future__ import annotations

import streamlit as st

from hitparade.dashboard import pictures, questions
from hitparade.dashboard.place import Place
from hitparade.dashboard.screens.frame import day_of, show_freshness, show_picture

NOT_HELD = "What these charts are read from does not hold this; the lake does."
TOO_FEW = f"Fewer than {questions.FEWEST} listeners: too few to be shown."


def show(place: Place) -> None:
    """The page."""
    day = day_of(place, "Listeners")
    if day is None:
        return
    st.subheader("For how long people listened", anchor=False)
    bins = questions.held(place.ask, questions.listening_times, day)
    if bins is None:
        st.info(NOT_HELD)
    elif not bins:
        st.info(TOO_FEW)
    else:
        show_picture(pictures.histogram(bins), "listeners by listening time of the day")
        st.caption("The last bar has everybody beyond it, too.")
    left, right = st.columns(2, gap="large")
    for column, title, question in (
        (left, "By country", questions.countries),
        (right, "By age", questions.age_bands),
    ):
        with column:
            st.subheader(title, anchor=False)
            groups = questions.held(place.ask, question, day)
            if groups is None:
                st.info(NOT_HELD)
            elif groups:
                show_picture(pictures.group_bars(groups), f"listens {title.lower()} of listeners")
            else:
                st.info(TOO_FEW)
    st.caption(f"Groups of fewer than {questions.FEWEST} listeners are put together with others, or left out.")
    show_freshness(place, "hourly" if bins is None else "user_daily", day, day)
