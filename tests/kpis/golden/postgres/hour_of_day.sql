SELECT
  plays.listen_hour,
  COUNT(*) AS listen_count,
  COUNT(DISTINCT plays.user_id) AS unique_listeners,
  COUNT(DISTINCT plays.track_id) AS unique_tracks,
  CAST(COUNT(DISTINCT plays.track_id) AS DOUBLE PRECISION) / NULLIF(COUNT(*), 0) AS track_diversity_index
FROM plays
GROUP BY
  plays.listen_hour
