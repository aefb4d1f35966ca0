SELECT
  user_tracks.listen_date,
  user_tracks.track_id,
  CAST(SUM(user_tracks.listen_count) AS BIGINT) AS listen_count,
  COUNT(*) AS unique_listeners
FROM user_tracks
GROUP BY
  user_tracks.listen_date,
  user_tracks.track_id
