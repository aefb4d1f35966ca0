WITH distinct_listens AS (
  SELECT DISTINCT
    listens.listen_date,
    listens.listen_hour,
    listens.user_id,
    listens.track_id,
    listens.listened_at
  FROM listens
)
SELECT
  distinct_listens.listen_date,
  distinct_listens.listen_hour,
  distinct_listens.user_id,
  distinct_listens.track_id
FROM distinct_listens
