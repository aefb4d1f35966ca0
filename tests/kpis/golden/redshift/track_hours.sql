SELECT
  plays.listen_date,
  plays.listen_hour,
  plays.track_id,
  COUNT(*) AS listen_count
FROM plays
GROUP BY
  plays.listen_date,
  plays.listen_hour,
  plays.track_id
