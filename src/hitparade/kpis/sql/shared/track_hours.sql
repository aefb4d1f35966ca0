/*
description: How often a track was heard in an hour of a day. What counts tracks or artists by hour reads this.
reads:
  plays: [listen_date, listen_hour, track_id]
*/
SELECT
  plays.listen_date,
  plays.listen_hour,
  plays.track_id,
  COUNT(*) AS listen_count
FROM plays
GROUP BY plays.listen_date, plays.listen_hour, plays.track_id
