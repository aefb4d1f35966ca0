/*
description: >-
  The genres of a day by listens. Ties are broken by unique listeners, then by the genre's name, so that every position
  is held by one genre; genres with equal listens share a rank.
scope: day
served: 5
reads:
  genre_listens: [listen_date, genre, listen_count, unique_listeners, listening_ms]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  position: {type: long, measure: key, description: "Place in the chart, from 1, without gaps or ties"}
  rank: {type: long, measure: rank, description: "Rank by listens alone: equal listens, equal rank"}
  genre: {type: string, measure: attribute, description: "The genre, never `(unknown)`"}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens to tracks of the genre}
  unique_listeners: {type: long, measure: distinct, unit: users, description: Users with at least one such listen}
  listening_ms:
    type: long
    measure: additive
    unit: ms
    description: Time listened, as the sum of the known durations
*/
SELECT
  genre_listens.listen_date,
  ROW_NUMBER() OVER (
    PARTITION BY genre_listens.listen_date
    ORDER BY genre_listens.listen_count DESC, genre_listens.unique_listeners DESC, genre_listens.genre ASC
  ) AS position,
  RANK() OVER (
    PARTITION BY genre_listens.listen_date
    ORDER BY genre_listens.listen_count DESC
  ) AS rank,
  genre_listens.genre,
  genre_listens.listen_count,
  genre_listens.unique_listeners,
  genre_listens.listening_ms
FROM genre_listens
WHERE genre_listens.genre <> '(unknown)'
