SELECT
  track_listens.listen_date,
  track_listens.track_id,
  track_listens.listen_count,
  track_listens.unique_listeners,
  COALESCE(track_listens.listen_count * songs.duration_ms, 0) AS listening_ms,
  CAST(track_listens.listen_count * songs.duration_ms AS DOUBLE) / NULLIF(track_listens.unique_listeners, 0) AS avg_listening_ms_per_user,
  songs.track_name,
  songs.artists,
  COALESCE(song_genres.genre, '(unknown)') AS primary_genre
FROM track_listens
LEFT JOIN songs
  ON songs.track_id = track_listens.track_id
LEFT JOIN song_genres
  ON song_genres.track_id = track_listens.track_id AND song_genres.position = 1
