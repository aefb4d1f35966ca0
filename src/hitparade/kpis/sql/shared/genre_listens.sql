/*
description: >-
  A day's listens by genre, with `(unknown)` for the tracks that have none. Aggregated by user first, because a user
  who heard several tracks of a genre is one listener.
reads:
  user_tracks: [listen_date, user_id, track_id, listen_count]
  track_genres: [track_id, genre]
  songs: [track_id, duration_ms]
*/
WITH user_genres AS (
  SELECT
    user_tracks.listen_date,
    COALESCE(track_genres.genre, '(unknown)') AS genre,
    user_tracks.user_id,
    CAST(SUM(user_tracks.listen_count) AS BIGINT) AS listen_count,
    CAST(SUM(user_tracks.listen_count * songs.duration_ms) AS BIGINT) AS listening_ms,
    CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN user_tracks.listen_count ELSE 0 END) AS BIGINT)
      AS listens_without_duration
  FROM user_tracks
  LEFT JOIN songs ON songs.track_id = user_tracks.track_id
  LEFT JOIN track_genres ON track_genres.track_id = user_tracks.track_id
  GROUP BY user_tracks.listen_date, COALESCE(track_genres.genre, '(unknown)'), user_tracks.user_id
)
SELECT
  user_genres.listen_date,
  user_genres.genre,
  CAST(SUM(user_genres.listen_count) AS BIGINT) AS listen_count,
  COUNT(*) AS unique_listeners,
  COALESCE(CAST(SUM(user_genres.listening_ms) AS BIGINT), 0) AS listening_ms,
  COUNT(user_genres.listening_ms) AS timed_listeners,
  CAST(SUM(user_genres.listens_without_duration) AS BIGINT) AS listens_without_duration
FROM user_genres
GROUP BY user_genres.listen_date, user_genres.genre
