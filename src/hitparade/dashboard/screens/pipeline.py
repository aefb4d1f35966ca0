"""Pipeline: what came, what was rejected and why, what waits, and what is behind."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from hitparade.charts import Charts, LakeReader
from hitparade.dashboard import words
from hitparade.dashboard.place import Place
from hitparade.dashboard.screens.frame import show_fragment
from hitparade.standing import BrokenRule, Standing, rejected_by_rule, standing


def show(place: Place) -> None:
    """The page."""
    st.title("Pipeline", anchor=False)
    stands = place.ask(stands_of)
    if stands is None:
        st.info("A sink has no ledger: what came and what became of it is told where the lake is.")
        return
    show_fragment("numbers", numbers=in_numbers(stands))
    st.subheader("Files", anchor=False)
    show_fragment("datasets", datasets=stands.datasets)
    st.subheader("Rejected rows, by rule", anchor=False)
    show_fragment("rules", rules=place.ask(rules_of))
    st.subheader("Files with something wrong", anchor=False)
    show_fragment("deliveries", deliveries=stands.flawed)
    if stands.duplicates:
        st.subheader("Duplicates", anchor=False)
        show_fragment("deliveries", deliveries=stands.duplicates)
    show_fragment("line", text=words.run(stands.run, stands.run_at, running=stands.running))


def stands_of(charts: Charts) -> Standing | None:
    """Where things stand, where there is a ledger."""
    return standing(charts.source.ws) if isinstance(charts.source, LakeReader) else None


def rules_of(charts: Charts) -> Sequence[BrokenRule]:
    """The rules that rows broke."""
    return rejected_by_rule(charts.source.ws) if isinstance(charts.source, LakeReader) else ()


def in_numbers(stands: Standing) -> list[tuple[str, str]]:
    """The pipeline in numbers."""
    waiting = sum(each.waiting for each in stands.datasets)
    unpublished = sum(stands.unpublished.values())
    return [
        ("listens", words.count(stands.listens)),
        ("repeats left out", words.count(stands.repeats)),
        ("days", words.count(stands.days)),
        ("files waiting", words.count(waiting)),
        ("days behind", words.count(stands.behind)),
        ("to be published", words.count(unpublished)),
    ]
