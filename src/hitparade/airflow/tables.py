"""Tables of KPIs as Assets, which other DAGs can be scheduled on: `Asset.ref(name="music_kpis_table")`."""

from __future__ import annotations

import airflow
from airflow.sdk import Asset
from packaging.version import Version

# Before, a task with outlets fails in dag.test(), where Airflow does not make the Assets first.
FIRST = Version("3.1")
GENRE_TABLES = (
    "music_streaming_genre_listen_count",
    "music_streaming_unique_listeners",
    "music_streaming_total_listening_time",
    "music_streaming_avg_listening_time",
    "music_streaming_top_songs",
    "music_streaming_top_genres",
)


def tables(*names: str) -> list[Asset]:
    """The tables that a task fills; none for an Airflow before 3.1."""
    return [Asset(name) for name in names] if Version(airflow.__version__) >= FIRST else []


def genre_tables(prefix: str = "") -> tuple[str, ...]:
    """The names of the six tables of genres."""
    return tuple(prefix + name for name in GENRE_TABLES)
