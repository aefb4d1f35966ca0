WITH track_totals AS (
  SELECT
    track_daily.track_id,
    CAST(SUM(track_daily.listen_count) AS BIGINT) AS listen_count
  FROM track_daily
  GROUP BY
    track_daily.track_id
)
SELECT
  COALESCE(track_genres.genre, '(unknown)') AS genre,
  CAST(SUM(track_totals.listen_count) AS BIGINT) AS listen_count,
  CAST(SUM(track_totals.listen_count * songs.popularity) AS DOUBLE PRECISION) / NULLIF(
    CAST(SUM(CASE WHEN songs.popularity IS NULL THEN 0 ELSE track_totals.listen_count END) AS BIGINT),
    0
  ) AS avg_popularity,
  CAST(SUM(track_totals.listen_count * songs.duration_ms) AS DOUBLE PRECISION) / NULLIF(
    CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE track_totals.listen_count END) AS BIGINT),
    0
  ) AS avg_duration_ms
FROM track_totals
LEFT JOIN songs
  ON songs.track_id = track_totals.track_id
LEFT JOIN track_genres
  ON track_genres.track_id = track_totals.track_id
GROUP BY
  COALESCE(track_genres.genre, '(unknown)')
