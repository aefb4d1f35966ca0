/*
description: >-
  The genres in which a catalogued track's listens count, with its duration beside each: all of its genres, or the
  primary one (setting `genre_attribution`); `(unknown)` for a track that has none.
reads:
  songs: [track_id, duration_ms]
  song_genres: [track_id, genre, position]
*/
WITH counted AS (
  SELECT
    song_genres.track_id,
    song_genres.genre
  FROM song_genres
  WHERE song_genres.position = 1 OR $genre_attribution = 'all'
)
SELECT
  songs.track_id,
  COALESCE(counted.genre, '(unknown)') AS genre,
  songs.duration_ms
FROM songs
LEFT JOIN counted ON counted.track_id = songs.track_id
