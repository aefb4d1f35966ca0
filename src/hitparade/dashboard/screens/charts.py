"""Charts: the top genres of a day, and the top songs of a genre, each with how it has moved."""

from __future__ import annotations

from datetime import date

import streamlit as st

from hitparade.dashboard import questions
from hitparade.dashboard.place import Place
from hitparade.dashboard.screens.frame import day_of, show_fragment, show_freshness


def show(place: Place) -> None:
    """The page."""
    day = day_of(place, "Charts")
    if day is None:
        return
    show_fragment("numbers", numbers=questions.in_numbers(place.ask(questions.day_in_numbers, day)))
    left, right = st.columns(2, gap="large")
    with left:
        heading, _ = st.columns([1, 1], vertical_alignment="bottom")
        heading.subheader("Top genres", anchor=False)
        show_fragment("genres", genres=place.ask(questions.top_genres, day))
    with right:
        show_songs(place, day)
    show_freshness(place, "top_songs_daily", day, day)


def show_songs(place: Place, day: date) -> None:
    """The songs of the genre that is chosen."""
    genres = place.ask(questions.genres_of, day)
    heading, picker = st.columns([1, 1], vertical_alignment="bottom")
    heading.subheader("Top songs", anchor=False)
    if not genres:
        show_fragment("songs", songs=())
        return
    genre = picker.selectbox("Genre", genres, key="genre", bind="query-params", label_visibility="collapsed")
    show_fragment("songs", songs=place.ask(questions.top_songs, day, genre or genres[0]))
