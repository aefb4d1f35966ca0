SELECT
  user_tracks.listen_date,
  user_tracks.user_id,
  CAST(SUM(user_tracks.listen_count) AS BIGINT) AS listen_count,
  COUNT(*) AS unique_tracks,
  COALESCE(CAST(SUM(user_tracks.listen_count * songs.duration_ms) AS BIGINT), 0) AS listening_ms,
  CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE user_tracks.listen_count END) AS BIGINT) AS timed_listens
FROM user_tracks
LEFT JOIN songs
  ON songs.track_id = user_tracks.track_id
GROUP BY
  user_tracks.listen_date,
  user_tracks.user_id
