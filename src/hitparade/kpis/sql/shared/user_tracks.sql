/*
description: How often a user heard a track on a day. Everything that counts distinct users of a day reads this.
reads:
  plays: [listen_date, user_id, track_id]
*/
SELECT
  plays.listen_date,
  plays.user_id,
  plays.track_id,
  COUNT(*) AS listen_count
FROM plays
GROUP BY plays.listen_date, plays.user_id, plays.track_id
