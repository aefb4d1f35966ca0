SELECT
  user_listens.listen_date,
  user_listens.user_id,
  user_listens.listen_count,
  user_listens.unique_tracks,
  user_listens.listening_ms,
  CAST(user_listens.listening_ms AS DOUBLE PRECISION) / NULLIF(user_listens.timed_listens, 0) AS avg_listening_ms_per_listen
FROM user_listens
