WITH user_days AS (
  SELECT
    user_tracks.user_id,
    user_tracks.listen_date,
    CAST(SUM(user_tracks.listen_count) AS BIGINT) AS listen_count,
    CAST(SUM(user_tracks.listen_count * songs.duration_ms) AS BIGINT) AS listening_ms,
    CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE user_tracks.listen_count END) AS BIGINT) AS timed_listens
  FROM user_tracks
  LEFT JOIN songs
    ON songs.track_id = user_tracks.track_id
  GROUP BY
    user_tracks.user_id,
    user_tracks.listen_date
)
SELECT
  user_days.user_id,
  CAST(SUM(user_days.listen_count) AS BIGINT) AS listen_count,
  COALESCE(CAST(SUM(user_days.listening_ms) AS BIGINT), 0) AS listening_ms,
  COUNT(*) AS active_days,
  CAST(SUM(user_days.listening_ms) AS DOUBLE PRECISION) / NULLIF(CAST(SUM(user_days.timed_listens) AS BIGINT), 0) AS avg_listening_ms_per_listen,
  CAST(SUM(user_days.listening_ms) AS DOUBLE PRECISION) / NULLIF(COUNT(user_days.listening_ms), 0) AS avg_listening_ms_per_active_day
FROM user_days
GROUP BY
  user_days.user_id
