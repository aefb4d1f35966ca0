/*
description: >-
  How much each country listened on a day: the country that the newest delivery of users says of the listener.
  Listeners of unknown country, or who are in no delivery, count under `(unknown)`.
scope: day
reads:
  user_listens: [listen_date, user_id, listen_count, listening_ms, timed_listens]
  users: [user_id, user_country]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  country: {type: string, measure: key, description: "Country of the listeners, or `(unknown)`"}
  listen_count: {type: long, measure: additive, unit: listens, description: Their listens}
  unique_listeners: {type: long, measure: distinct, unit: users, description: Users among them who listened}
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
WITH placed AS (
  SELECT
    user_listens.listen_date,
    COALESCE(users.user_country, '(unknown)') AS country,
    user_listens.listen_count,
    user_listens.listening_ms,
    user_listens.timed_listens
  FROM user_listens
  LEFT JOIN users ON users.user_id = user_listens.user_id
)
SELECT
  placed.listen_date,
  placed.country,
  CAST(SUM(placed.listen_count) AS BIGINT) AS listen_count,
  COUNT(*) AS unique_listeners,
  CAST(SUM(placed.listening_ms) AS BIGINT) AS listening_ms,
  CAST(SUM(placed.listening_ms) AS DOUBLE)
    / NULLIF(CAST(SUM(CASE WHEN placed.timed_listens > 0 THEN 1 ELSE 0 END) AS BIGINT), 0) AS avg_listening_ms_per_user,
  CAST(SUM(placed.listen_count - placed.timed_listens) AS BIGINT) AS listens_without_duration
FROM placed
GROUP BY placed.listen_date, placed.country
