/*
description: How much was heard in each hour of a day, and how varied it was.
scope: day
reads:
  plays: [listen_date, listen_hour, user_id]
  track_hours: [listen_date, listen_hour, listen_count]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  listen_hour: {type: int, measure: key, description: "Hour of the day, 0 to 23, in which a listen began"}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens in the hour}
  unique_listeners: {type: long, measure: distinct, unit: users, description: Users with at least one of them}
  unique_tracks: {type: long, measure: distinct, unit: tracks, description: Different tracks among them}
  track_diversity_index:
    type: double
    measure: ratio
    unit: tracks per listen
    description: "Unique tracks by listens: 1 if no track was heard twice"
*/
WITH heard AS (
  SELECT
    track_hours.listen_date,
    track_hours.listen_hour,
    CAST(SUM(track_hours.listen_count) AS BIGINT) AS listen_count,
    COUNT(*) AS unique_tracks
  FROM track_hours
  GROUP BY track_hours.listen_date, track_hours.listen_hour
),
listeners AS (
  SELECT
    plays.listen_date,
    plays.listen_hour,
    COUNT(DISTINCT plays.user_id) AS unique_listeners
  FROM plays
  GROUP BY plays.listen_date, plays.listen_hour
)
SELECT
  heard.listen_date,
  heard.listen_hour,
  heard.listen_count,
  listeners.unique_listeners,
  heard.unique_tracks,
  CAST(heard.unique_tracks AS DOUBLE) / NULLIF(heard.listen_count, 0) AS track_diversity_index
FROM heard
JOIN listeners ON listeners.listen_date = heard.listen_date AND listeners.listen_hour = heard.listen_hour
