"""The dashboard, run by `streamlit run`: opens the place, and shows the page that is asked for.

Everything that a page shows is asked in `questions.py` and drawn in `pictures.py` and `fragments.py`.
"""

from __future__ import annotations

import argparse
import sys

import streamlit as st

from hitparade.dashboard.fragments import style
from hitparade.dashboard.place import Place, opened
from hitparade.dashboard.screens import charts, hours, listeners, pipeline, trends
from hitparade.errors import HitParadeError

LOOK_SECONDS = 5
# Drawn here: Streamlit has its own icons fetched from elsewhere.
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="#0072B2">
<path d="M2 11h6v10H2zM9 3h6v18H9zM16 14h6v7h-6z"/></svg>"""


def main() -> None:
    """The whole page."""
    st.set_page_config(page_title="Hit Parade", page_icon=ICON, layout="wide")
    st.html(f"<style>{style()}</style>")
    asked = arguments(sys.argv[1:])
    try:
        place = opened(asked.config, asked.source)
        pages = [
            st.Page(lambda: charts.show(place), title="Charts", default=True),
            st.Page(lambda: trends.show(place), title="Trends", url_path="trends"),
            st.Page(lambda: hours.show(place), title="Hours", url_path="hours"),
            st.Page(lambda: listeners.show(place), title="Listeners", url_path="listeners"),
            st.Page(lambda: pipeline.show(place), title="Pipeline", url_path="pipeline"),
        ]
        page, mark = st.navigation(pages, position="top"), place.mark()
        page.run()
        watch(place, mark)  # of before the page asked anything: what ends while it does is seen by the next look
    except HitParadeError as error:
        st.error(f"{error.message}\n\n{error.hint or ''}".strip())


@st.fragment(run_every=LOOK_SECONDS)
def watch(place: Place, shown: object) -> None:
    """Show the page anew when a run has begun or ended since."""
    if place.mark() != shown:
        st.rerun()


def arguments(given: list[str]) -> argparse.Namespace:
    """What `hitparade dashboard` hands on."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="hitparade.toml")
    parser.add_argument("--from", dest="source")
    return parser.parse_args(given)


if __name__ == "__main__":
    main()
