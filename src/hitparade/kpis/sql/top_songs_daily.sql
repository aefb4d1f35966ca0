/*
description: >-
  The most heard songs of each genre on a day, to position 100. Ties are broken by unique listeners, then by track_id,
  so that every position is held by one song; songs with equal listens share a rank.
scope: day
served: 3
reads:
  track_listens: [listen_date, track_id, listen_count, unique_listeners]
  track_genres: [track_id, genre]
  songs: [track_id, track_name, artists]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  genre: {type: string, measure: key, description: "Genre of the chart, never `(unknown)`"}
  position: {type: long, measure: key, description: "Place in the chart, from 1, without gaps or ties"}
  rank: {type: long, measure: rank, description: "Rank by listens alone: equal listens, equal rank"}
  track_id: {type: string, measure: attribute, description: The song}
  track_name: {type: string, measure: attribute, description: Its name}
  artists: {type: string, measure: attribute, description: "Its artists, as the catalogue writes them"}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens to the song}
  unique_listeners: {type: long, measure: distinct, unit: users, description: Users with at least one such listen}
*/
WITH ranked AS (
  SELECT
    track_listens.listen_date,
    track_genres.genre,
    ROW_NUMBER() OVER (
      PARTITION BY track_listens.listen_date, track_genres.genre
      ORDER BY track_listens.listen_count DESC, track_listens.unique_listeners DESC, track_listens.track_id ASC
    ) AS position,
    RANK() OVER (
      PARTITION BY track_listens.listen_date, track_genres.genre
      ORDER BY track_listens.listen_count DESC
    ) AS rank,
    track_listens.track_id,
    track_listens.listen_count,
    track_listens.unique_listeners
  FROM track_listens
  JOIN track_genres ON track_genres.track_id = track_listens.track_id
  WHERE track_genres.genre <> '(unknown)'
)
SELECT
  ranked.listen_date,
  ranked.genre,
  ranked.position,
  ranked.rank,
  ranked.track_id,
  songs.track_name,
  songs.artists,
  ranked.listen_count,
  ranked.unique_listeners
FROM ranked
LEFT JOIN songs ON songs.track_id = ranked.track_id
WHERE ranked.position <= 100
