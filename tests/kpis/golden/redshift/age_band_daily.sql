WITH placed AS (
  SELECT
    user_listens.listen_date,
    CASE
      WHEN users.user_age IS NULL
      THEN '(unknown)'
      WHEN users.user_age < 18
      THEN '0-17'
      WHEN users.user_age < 25
      THEN '18-24'
      WHEN users.user_age < 35
      THEN '25-34'
      WHEN users.user_age < 45
      THEN '35-44'
      WHEN users.user_age < 55
      THEN '45-54'
      WHEN users.user_age < 65
      THEN '55-64'
      ELSE '65+'
    END AS age_band,
    user_listens.listen_count,
    user_listens.listening_ms,
    user_listens.timed_listens
  FROM user_listens
  LEFT JOIN users
    ON users.user_id = user_listens.user_id
)
SELECT
  placed.listen_date,
  placed.age_band,
  CAST(SUM(placed.listen_count) AS BIGINT) AS listen_count,
  COUNT(*) AS unique_listeners,
  CAST(SUM(placed.listening_ms) AS BIGINT) AS listening_ms,
  CAST(SUM(placed.listening_ms) AS DOUBLE PRECISION) / NULLIF(CAST(SUM(CASE WHEN placed.timed_listens > 0 THEN 1 ELSE 0 END) AS BIGINT), 0) AS avg_listening_ms_per_user,
  CAST(SUM(placed.listen_count - placed.timed_listens) AS BIGINT) AS listens_without_duration
FROM placed
GROUP BY
  placed.listen_date,
  placed.age_band
