SELECT
  song_genres.track_id,
  song_genres.genre
FROM song_genres
WHERE
  song_genres.position = 1 OR 'all' = 'all'
