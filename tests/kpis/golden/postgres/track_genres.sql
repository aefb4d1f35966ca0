WITH counted AS (
  SELECT
    song_genres.track_id,
    song_genres.genre
  FROM song_genres
  WHERE
    song_genres.position = 1 OR 'all' = 'all'
)
SELECT
  songs.track_id,
  COALESCE(counted.genre, '(unknown)') AS genre,
  songs.duration_ms
FROM songs
LEFT JOIN counted
  ON counted.track_id = songs.track_id
