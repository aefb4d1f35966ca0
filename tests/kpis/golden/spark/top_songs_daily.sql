WITH ranked AS (
  SELECT
    track_listens.listen_date,
    track_genres.genre,
    ROW_NUMBER() OVER (
      PARTITION BY track_listens.listen_date, track_genres.genre
      ORDER BY track_listens.listen_count DESC, track_listens.unique_listeners DESC, track_listens.track_id ASC NULLS LAST
    ) AS position,
    RANK() OVER (
      PARTITION BY track_listens.listen_date, track_genres.genre
      ORDER BY track_listens.listen_count DESC
    ) AS rank,
    track_listens.track_id,
    track_listens.listen_count,
    track_listens.unique_listeners
  FROM track_listens
  JOIN track_genres
    ON track_genres.track_id = track_listens.track_id
  WHERE
    track_genres.genre <> '(unknown)'
)
SELECT
  ranked.listen_date,
  ranked.genre,
  ranked.position,
  ranked.rank,
  ranked.track_id,
  songs.track_name,
  songs.artists,
  ranked.listen_count,
  ranked.unique_listeners
FROM ranked
LEFT JOIN songs
  ON songs.track_id = ranked.track_id
WHERE
  ranked.position <= 100
