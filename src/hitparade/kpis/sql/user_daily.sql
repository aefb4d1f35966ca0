/*
description: How much each user listened on a day.
scope: day
reads:
  user_listens: [listen_date, user_id, listen_count, unique_tracks, listening_ms, timed_listens]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  user_id: {type: long, measure: key, description: The user}
  listen_count: {type: long, measure: additive, unit: listens, description: The user's listens}
  unique_tracks: {type: long, measure: distinct, unit: tracks, description: Different tracks among them}
  listening_ms:
    type: long
    measure: additive
    unit: ms
    description: Time listened, as the sum of the known durations
  avg_listening_ms_per_listen:
    type: double
    measure: ratio
    unit: ms per listen
    description: Listening time by listens of known duration; empty if there is none
*/
SELECT
  user_listens.listen_date,
  user_listens.user_id,
  user_listens.listen_count,
  user_listens.unique_tracks,
  user_listens.listening_ms,
  CAST(user_listens.listening_ms AS DOUBLE) / NULLIF(user_listens.timed_listens, 0) AS avg_listening_ms_per_listen
FROM user_listens
