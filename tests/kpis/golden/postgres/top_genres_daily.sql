SELECT
  genre_listens.listen_date,
  ROW_NUMBER() OVER (
    PARTITION BY genre_listens.listen_date
    ORDER BY genre_listens.listen_count DESC NULLS LAST, genre_listens.unique_listeners DESC NULLS LAST, genre_listens.genre ASC
  ) AS position,
  RANK() OVER (
    PARTITION BY genre_listens.listen_date
    ORDER BY genre_listens.listen_count DESC NULLS LAST
  ) AS rank,
  genre_listens.genre,
  genre_listens.listen_count,
  genre_listens.unique_listeners,
  genre_listens.listening_ms
FROM genre_listens
WHERE
  genre_listens.genre <> '(unknown)'
