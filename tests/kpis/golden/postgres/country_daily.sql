WITH placed AS (
  SELECT
    user_listens.listen_date,
    COALESCE(users.user_country, '(unknown)') AS country,
    user_listens.listen_count,
    user_listens.listening_ms,
    user_listens.timed_listens
  FROM user_listens
  LEFT JOIN users
    ON users.user_id = user_listens.user_id
)
SELECT
  placed.listen_date,
  placed.country,
  CAST(SUM(placed.listen_count) AS BIGINT) AS listen_count,
  COUNT(*) AS unique_listeners,
  CAST(SUM(placed.listening_ms) AS BIGINT) AS listening_ms,
  CAST(SUM(placed.listening_ms) AS DOUBLE PRECISION) / NULLIF(CAST(SUM(CASE WHEN placed.timed_listens > 0 THEN 1 ELSE 0 END) AS BIGINT), 0) AS avg_listening_ms_per_user,
  CAST(SUM(placed.listen_count - placed.timed_listens) AS BIGINT) AS listens_without_duration
FROM placed
GROUP BY
  placed.listen_date,
  placed.country
