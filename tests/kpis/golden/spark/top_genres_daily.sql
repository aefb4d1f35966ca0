SELECT
  genre_listens.listen_date,
  ROW_NUMBER() OVER (
    PARTITION BY genre_listens.listen_date
    ORDER BY genre_listens.listen_count DESC, genre_listens.unique_listeners DESC, genre_listens.genre ASC NULLS LAST
  ) AS position,
  RANK() OVER (PARTITION BY genre_listens.listen_date ORDER BY genre_listens.listen_count DESC) AS rank,
  genre_listens.genre,
  genre_listens.listen_count,
  genre_listens.unique_listeners,
  genre_listens.listening_ms
FROM genre_listens
WHERE
  genre_listens.genre <> '(unknown)'
