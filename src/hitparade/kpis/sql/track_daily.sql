/*
description: How much each track was heard on a day. Tracks that the catalogue lacks are here too, without a name.
scope: day
reads:
  track_listens: [listen_date, track_id, listen_count, unique_listeners]
  songs: [track_id, track_name, artists, duration_ms]
  song_genres: [track_id, genre, position]
columns:
  listen_date: {type: date, measure: key, description: Day of the listens}
  track_id: {type: string, measure: key, description: The track}
  listen_count: {type: long, measure: additive, unit: listens, description: Listens to the track}
  unique_listeners: {type: long, measure: distinct, unit: users, description: Users with at least one such listen}
  listening_ms: {type: long, measure: additive, unit: ms, description: "Time listened, 0 if the duration is unknown"}
  avg_listening_ms_per_user:
    type: double
    measure: ratio
    unit: ms per user
    description: Listening time by unique listeners; empty if the duration is unknown
  track_name: {type: string, measure: attribute, description: Its name; empty if the catalogue does not have the track}
  artists: {type: string, measure: attribute, description: "Its artists, as the catalogue writes them"}
  primary_genre: {type: string, measure: attribute, description: "Its first genre in the catalogue, or `(unknown)`"}
*/
SELECT
  track_listens.listen_date,
  track_listens.track_id,
  track_listens.listen_count,
  track_listens.unique_listeners,
  COALESCE(track_listens.listen_count * songs.duration_ms, 0) AS listening_ms,
  CAST(track_listens.listen_count * songs.duration_ms AS DOUBLE) / NULLIF(track_listens.unique_listeners, 0)
    AS avg_listening_ms_per_user,
  songs.track_name,
  songs.artists,
  COALESCE(song_genres.genre, '(unknown)') AS primary_genre
FROM track_listens
LEFT JOIN songs ON songs.track_id = track_listens.track_id
LEFT JOIN song_genres ON song_genres.track_id = track_listens.track_id AND song_genres.position = 1
