/*
description: How much each user has listened, over all days.
scope: all_time
reads:
  user_tracks: [listen_date, user_id, track_id, listen_count]
  songs: [track_id, duration_ms]
columns:
  user_id: {type: long, measure: key, description: The user}
  listen_count: {type: long, measure: additive, unit: listens, description: The user's listens}
  listening_ms:
    type: long
    measure: additive
    unit: ms
    description: Time listened, as the sum of the known durations
  active_days: {type: long, measure: distinct, unit: days, description: Days with at least one listen}
  avg_listening_ms_per_listen:
    type: double
    measure: ratio
    unit: ms per listen
    description: Listening time by listens of known duration; empty if there is none
  avg_listening_ms_per_active_day:
    type: double
    measure: ratio
    unit: ms per day
    description: Listening time by days with a listen of known duration; empty if there is none
*/
WITH user_days AS (
  SELECT
    user_tracks.user_id,
    user_tracks.listen_date,
    CAST(SUM(user_tracks.listen_count) AS BIGINT) AS listen_count,
    CAST(SUM(user_tracks.listen_count * songs.duration_ms) AS BIGINT) AS listening_ms,
    CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE user_tracks.listen_count END) AS BIGINT) AS timed_listens
  FROM user_tracks
  LEFT JOIN songs ON songs.track_id = user_tracks.track_id
  GROUP BY user_tracks.user_id, user_tracks.listen_date
)
SELECT
  user_days.user_id,
  CAST(SUM(user_days.listen_count) AS BIGINT) AS listen_count,
  COALESCE(CAST(SUM(user_days.listening_ms) AS BIGINT), 0) AS listening_ms,
  COUNT(*) AS active_days,
  CAST(SUM(user_days.listening_ms) AS DOUBLE) / NULLIF(CAST(SUM(user_days.timed_listens) AS BIGINT), 0)
    AS avg_listening_ms_per_listen,
  CAST(SUM(user_days.listening_ms) AS DOUBLE) / NULLIF(COUNT(user_days.listening_ms), 0)
    AS avg_listening_ms_per_active_day
FROM user_days
GROUP BY user_days.user_id
