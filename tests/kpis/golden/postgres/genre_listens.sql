WITH heard AS (
  SELECT
    track_listens.listen_date,
    COALESCE(track_genres.genre, '(unknown)') AS genre,
    CAST(SUM(track_listens.listen_count) AS BIGINT) AS listen_count,
    CAST(SUM(track_listens.listen_count * track_genres.duration_ms) AS BIGINT) AS listening_ms,
    CAST(SUM(
      CASE
        WHEN track_genres.duration_ms IS NULL
        THEN track_listens.listen_count
        ELSE 0
      END
    ) AS BIGINT) AS listens_without_duration
  FROM track_listens
  LEFT JOIN track_genres
    ON track_genres.track_id = track_listens.track_id
  GROUP BY
    track_listens.listen_date,
    COALESCE(track_genres.genre, '(unknown)')
), user_genres AS (
  SELECT
    user_tracks.listen_date,
    COALESCE(track_genres.genre, '(unknown)') AS genre,
    user_tracks.user_id,
    MAX(CASE WHEN track_genres.duration_ms IS NULL THEN 0 ELSE 1 END) AS is_timed
  FROM user_tracks
  LEFT JOIN track_genres
    ON track_genres.track_id = user_tracks.track_id
  GROUP BY
    user_tracks.listen_date,
    COALESCE(track_genres.genre, '(unknown)'),
    user_tracks.user_id
), listeners AS (
  SELECT
    user_genres.listen_date,
    user_genres.genre,
    COUNT(*) AS unique_listeners,
    CAST(SUM(user_genres.is_timed) AS BIGINT) AS timed_listeners
  FROM user_genres
  GROUP BY
    user_genres.listen_date,
    user_genres.genre
)
SELECT
  heard.listen_date,
  heard.genre,
  heard.listen_count,
  listeners.unique_listeners,
  COALESCE(heard.listening_ms, 0) AS listening_ms,
  listeners.timed_listeners,
  heard.listens_without_duration
FROM heard
JOIN listeners
  ON listeners.listen_date = heard.listen_date AND listeners.genre = heard.genre
