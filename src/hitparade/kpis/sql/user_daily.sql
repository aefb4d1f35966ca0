/*
description: How much each user listened on a day.
scope: day
reads:
  user_tracks: [listen_date, user_id, track_id, listen_count]
  songs: [track_id, duration_ms]
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
  user_tracks.listen_date,
  user_tracks.user_id,
  CAST(SUM(user_tracks.listen_count) AS BIGINT) AS listen_count,
  COUNT(*) AS unique_tracks,
  COALESCE(CAST(SUM(user_tracks.listen_count * songs.duration_ms) AS BIGINT), 0) AS listening_ms,
  CAST(SUM(user_tracks.listen_count * songs.duration_ms) AS DOUBLE)
    / NULLIF(CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE user_tracks.listen_count END) AS BIGINT), 0)
    AS avg_listening_ms_per_listen
FROM user_tracks
LEFT JOIN songs ON songs.track_id = user_tracks.track_id
GROUP BY user_tracks.listen_date, user_tracks.user_id
