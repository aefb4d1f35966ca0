WITH heard AS (
  SELECT
    track_hours.listen_date,
    track_hours.listen_hour,
    CAST(SUM(track_hours.listen_count) AS BIGINT) AS listen_count,
    COUNT(*) AS unique_tracks
  FROM track_hours
  GROUP BY
    track_hours.listen_date,
    track_hours.listen_hour
), listeners AS (
  SELECT
    plays.listen_date,
    plays.listen_hour,
    COUNT(DISTINCT plays.user_id) AS unique_listeners
  FROM plays
  GROUP BY
    plays.listen_date,
    plays.listen_hour
)
SELECT
  heard.listen_date,
  heard.listen_hour,
  heard.listen_count,
  listeners.unique_listeners,
  heard.unique_tracks,
  CAST(heard.unique_tracks AS DOUBLE) / NULLIF(heard.listen_count, 0) AS track_diversity_index
FROM heard
JOIN listeners
  ON listeners.listen_date = heard.listen_date
  AND listeners.listen_hour = heard.listen_hour
