/*
description: How much is heard in each hour of the day, over all days, and how varied it is.
scope: all_time
reads:
  plays: [listen_hour, user_id, track_id]
columns:
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
SELECT
  plays.listen_hour,
  COUNT(*) AS listen_count,
  COUNT(DISTINCT plays.user_id) AS unique_listeners,
  COUNT(DISTINCT plays.track_id) AS unique_tracks,
  CAST(COUNT(DISTINCT plays.track_id) AS DOUBLE) / NULLIF(COUNT(*), 0) AS track_diversity_index
FROM plays
GROUP BY plays.listen_hour
