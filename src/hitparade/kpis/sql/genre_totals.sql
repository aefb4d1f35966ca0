/*
description: >-
  How much each genre has been heard over all days, and what its listens are like. A track of several genres counts once
  in each of them (setting `genre_attribution`); tracks without a genre count under `(unknown)`.
scope: all_time
reads:
  track_daily: [track_id, listen_count]
  track_genres: [track_id, genre]
  songs: [track_id, popularity, duration_ms]
columns:
  genre: {type: string, measure: key, description: "Genre, or `(unknown)`"}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens to tracks of the genre}
  avg_popularity:
    type: double
    measure: ratio
    unit: popularity
    description: Mean popularity of the tracks heard, weighted by listens, over the listens that have one
  avg_duration_ms:
    type: double
    measure: ratio
    unit: ms per listen
    description: Mean duration of the tracks heard, weighted by listens, over the listens that have one
*/
WITH track_totals AS (
  SELECT
    track_daily.track_id,
    CAST(SUM(track_daily.listen_count) AS BIGINT) AS listen_count
  FROM track_daily
  GROUP BY track_daily.track_id
)
SELECT
  COALESCE(track_genres.genre, '(unknown)') AS genre,
  CAST(SUM(track_totals.listen_count) AS BIGINT) AS listen_count,
  CAST(SUM(track_totals.listen_count * songs.popularity) AS DOUBLE)
    / NULLIF(CAST(SUM(CASE WHEN songs.popularity IS NULL THEN 0 ELSE track_totals.listen_count END) AS BIGINT), 0)
    AS avg_popularity,
  CAST(SUM(track_totals.listen_count * songs.duration_ms) AS DOUBLE)
    / NULLIF(CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE track_totals.listen_count END) AS BIGINT), 0)
    AS avg_duration_ms
FROM track_totals
LEFT JOIN songs ON songs.track_id = track_totals.track_id
LEFT JOIN track_genres ON track_genres.track_id = track_totals.track_id
GROUP BY COALESCE(track_genres.genre, '(unknown)')
