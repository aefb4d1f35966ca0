"""The views that the documented queries are, over the tables that hold each listen once.

Averages are quotients of decimals, of few enough digits for Redshift to leave a dozen behind the point: AVG of integers
is an integer there. Ties of artists are broken by listeners, then by name, since DISTINCT ON, which the document uses,
takes any of them, and Redshift lacks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class View:
    """A view: its columns, the order in which the document shows it, and its query."""

    columns: tuple[str, ...]
    order: str
    query: str


VIEWS: Final[Mapping[str, View]] = {
    "genre_kpis": View(
        ("track_genre", "total_plays", "avg_popularity", "avg_duration_sec"),
        "total_plays DESC, track_genre",
        """
SELECT
  s.track_genre,
  COUNT(*) AS total_plays,
  ROUND(CAST(SUM(s.popularity) AS DECIMAL(30, 4)) / NULLIF(COUNT(s.popularity), 0), 1) AS avg_popularity,
  ROUND(CAST(SUM(s.duration_ms) AS DECIMAL(30, 4)) / NULLIF(1000 * COUNT(s.duration_ms), 0), 2) AS avg_duration_sec
FROM transformed_songs AS s
JOIN transformed_streams AS t ON s.track_id = t.track_id
GROUP BY s.track_genre""",
    ),
    "hourly_kpis": View(
        ("hour", "unique_listeners", "total_plays", "unique_tracks", "track_diversity_index"),
        "hour",
        """
SELECT
  t.hour,
  COUNT(DISTINCT t.user_id) AS unique_listeners,
  COUNT(*) AS total_plays,
  COUNT(DISTINCT t.track_id) AS unique_tracks,
  ROUND(CAST(COUNT(DISTINCT t.track_id) AS DECIMAL(30, 4)) / COUNT(*), 3) AS track_diversity_index
FROM transformed_streams AS t
GROUP BY t.hour""",
    ),
    "top_artist_per_hour": View(
        ("hour", "artists", "play_count"),
        "hour",
        """
WITH played AS (
  SELECT t.hour, s.artists, COUNT(*) AS play_count, COUNT(DISTINCT t.user_id) AS unique_listeners
  FROM transformed_streams AS t
  JOIN transformed_songs AS s ON t.track_id = s.track_id
  GROUP BY t.hour, s.artists
),
ranked AS (
  SELECT
    p.hour,
    p.artists,
    p.play_count,
    ROW_NUMBER() OVER (
      PARTITION BY p.hour
      ORDER BY p.play_count DESC, p.unique_listeners DESC, p.artists ASC
    ) AS place
  FROM played AS p
)
SELECT r.hour, r.artists, r.play_count FROM ranked AS r WHERE r.place = 1""",
    ),
}
"""The views of the fifth documented system, by name."""
