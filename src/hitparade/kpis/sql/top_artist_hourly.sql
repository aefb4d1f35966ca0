/*
description: >-
  The most heard artist of each hour of a day. A track of several artists counts once for each of them. Ties are
  broken by unique listeners, then by the artist's name. Hours in which no artist is known are left out.
scope: day
reads:
  plays: [listen_date, listen_hour, user_id, track_id]
  song_artists: [track_id, artist]
  track_hours: [listen_date, listen_hour, track_id, listen_count]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  listen_hour: {type: int, measure: key, description: "Hour of the day, 0 to 23, in which a listen began"}
  artist: {type: string, measure: attribute, description: The artist}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens to the artist's tracks in the hour}
*/
WITH artist_hours AS (
  SELECT
    track_hours.listen_date,
    track_hours.listen_hour,
    song_artists.artist,
    CAST(SUM(track_hours.listen_count) AS BIGINT) AS listen_count
  FROM track_hours
  JOIN song_artists ON song_artists.track_id = track_hours.track_id
  WHERE song_artists.artist <> '(unknown)'
  GROUP BY track_hours.listen_date, track_hours.listen_hour, song_artists.artist
),
most AS (
  SELECT
    artist_hours.listen_date,
    artist_hours.listen_hour,
    MAX(artist_hours.listen_count) AS listen_count
  FROM artist_hours
  GROUP BY artist_hours.listen_date, artist_hours.listen_hour
),
candidates AS (
  -- Unique listeners decide only between the artists that share the hour's maximum, so only theirs are counted.
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
),
heard AS (
  SELECT
    candidates.listen_date,
    candidates.listen_hour,
    candidates.artist,
    candidates.listen_count,
    COUNT(DISTINCT plays.user_id) AS unique_listeners
  FROM candidates
  JOIN song_artists ON song_artists.artist = candidates.artist
  JOIN plays
    ON plays.listen_date = candidates.listen_date
    AND plays.listen_hour = candidates.listen_hour
    AND plays.track_id = song_artists.track_id
  GROUP BY candidates.listen_date, candidates.listen_hour, candidates.artist, candidates.listen_count
),
ranked AS (
  SELECT
    heard.listen_date,
    heard.listen_hour,
    heard.artist,
    heard.listen_count,
    ROW_NUMBER() OVER (
      PARTITION BY heard.listen_date, heard.listen_hour
      ORDER BY heard.listen_count DESC, heard.unique_listeners DESC, heard.artist ASC
    ) AS position
  FROM heard
)
SELECT
  ranked.listen_date,
  ranked.listen_hour,
  ranked.artist,
  ranked.listen_count
FROM ranked
WHERE ranked.position = 1
