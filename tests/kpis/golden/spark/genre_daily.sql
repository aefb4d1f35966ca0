SELECT
  genre_listens.listen_date,
  genre_listens.genre,
  genre_listens.listen_count,
  genre_listens.unique_listeners,
  genre_listens.listening_ms,
  CAST(genre_listens.listening_ms AS DOUBLE) / NULLIF(genre_listens.timed_listeners, 0) AS avg_listening_ms_per_user,
  genre_listens.listens_without_duration
FROM genre_listens
