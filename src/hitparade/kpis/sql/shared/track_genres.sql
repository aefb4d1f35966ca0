/*
description: >-
  The genres in which a track's listens count: all of them, or the primary one (setting `genre_attribution`). A track
  without a genre has no row here.
reads:
  song_genres: [track_id, genre, position]
*/
SELECT
  song_genres.track_id,
  song_genres.genre
FROM song_genres
WHERE song_genres.position = 1 OR $genre_attribution = 'all'
