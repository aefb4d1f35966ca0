/*
description: >-
  How much each genre was heard on a day. A track of several genres counts once in each of them (setting
  `genre_attribution`); tracks without a genre count under `(unknown)`.
scope: day
reads:
  genre_listens:
    - listen_date
    - genre
    - listen_count
    - unique_listeners
    - listening_ms
    - timed_listeners
    - listens_without_duration
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  genre: {type: string, measure: key, description: "Genre, or `(unknown)`"}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens to tracks of the genre}
  unique_listeners: {type: long, measure: distinct, unit: users, description: Users with at least one such listen}
  listening_ms:
    type: long
    measure: additive
    unit: ms
    description: Time listened, as the sum of the known durations
  avg_listening_ms_per_user:
    type: double
    measure: ratio
    unit: ms per user
    description: Listening time by users who have a listen of known duration; empty if there is none
  listens_without_duration:
    type: long
    measure: additive
    unit: listens
    description: Listens to tracks of unknown duration, which are in no sum of time
*/
SELECT
  genre_listens.listen_date,
  genre_listens.genre,
  genre_listens.listen_count,
  genre_listens.unique_listeners,
  genre_listens.listening_ms,
  CAST(genre_listens.listening_ms AS DOUBLE) / NULLIF(genre_listens.timed_listeners, 0) AS avg_listening_ms_per_user,
  genre_listens.listens_without_duration
FROM genre_listens
