WITH artist_hours AS (
  SELECT
    track_hours.listen_date,
    track_hours.listen_hour,
    song_artists.artist,
    CAST(SUM(track_hours.listen_count) AS BIGINT) AS listen_count
  FROM track_hours
  JOIN song_artists
    ON song_artists.track_id = track_hours.track_id
  WHERE
    song_artists.artist <> '(unknown)'
  GROUP BY
    track_hours.listen_date,
    track_hours.listen_hour,
    song_artists.artist
), most AS (
  SELECT
    artist_hours.listen_date,
    artist_hours.listen_hour,
    MAX(artist_hours.listen_count) AS listen_count
  FROM artist_hours
  GROUP BY
    artist_hours.listen_date,
    artist_hours.listen_hour
), candidates AS (
  SELECT
    artist_hours.listen_date,
    artist_hours.listen_hour,
    artist_hours.artist,
    artist_hours.listen_count
  FROM artist_hours
  JOIN most
    ON most.listen_date = artist_hours.listen_date
    AND most.listen_hour = artist_hours.listen_hour
    AND most.listen_count = artist_hours.listen_count
), heard AS (
  SELECT
    candidates.listen_date,
    candidates.listen_hour,
    candidates.artist,
    candidates.listen_count,
    COUNT(DISTINCT plays.user_id) AS unique_listeners
  FROM candidates
  JOIN song_artists
    ON song_artists.artist = candidates.artist
  JOIN plays
    ON plays.listen_date = candidates.listen_date
    AND plays.listen_hour = candidates.listen_hour
    AND plays.track_id = song_artists.track_id
  GROUP BY
    candidates.listen_date,
    candidates.listen_hour,
    candidates.artist,
    candidates.listen_count
), ranked AS (
  SELECT
    heard.listen_date,
    heard.listen_hour,
    heard.artist,
    heard.listen_count,
    ROW_NUMBER() OVER (
      PARTITION BY heard.listen_date, heard.listen_hour
      ORDER BY heard.listen_count DESC NULLS LAST, heard.unique_listeners DESC NULLS LAST, heard.artist ASC
    ) AS position
  FROM heard
)
SELECT
  ranked.listen_date,
  ranked.listen_hour,
  ranked.artist,
  ranked.listen_count
FROM ranked
WHERE
  ranked.position = 1
