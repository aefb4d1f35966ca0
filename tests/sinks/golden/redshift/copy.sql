SELECT nspname FROM pg_namespace WHERE nspname = $1;
CREATE SCHEMA IF NOT EXISTS "music";
SET search_path TO "music";
BEGIN;
CREATE TABLE IF NOT EXISTS "hitparade_schema" ("version" INTEGER, "applied_at" TIMESTAMP) DISTSTYLE ALL;
COMMIT;
BEGIN;
LOCK TABLE hitparade_schema;
SELECT COALESCE(MAX(version), 0) FROM hitparade_schema;
SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ORDER BY table_name;
CREATE TABLE IF NOT EXISTS "hitparade_control" ("part" VARCHAR(65535), "run" BIGINT, "definition" VARCHAR(65535)) DISTSTYLE ALL;
CREATE TABLE IF NOT EXISTS "hitparade_deliveries" ("dataset" VARCHAR(65535), "load_id" BIGINT, "listen_date" DATE, "uri" VARCHAR(65535), "rows" BIGINT, "run" BIGINT, "loaded_at" TIMESTAMP) DISTSTYLE ALL SORTKEY ("listen_date");
CREATE TABLE IF NOT EXISTS "hitparade_publications" ("part" VARCHAR(65535), "listen_date" DATE, "run" BIGINT, "rows" BIGINT, "published_at" TIMESTAMP) DISTSTYLE ALL SORTKEY ("listen_date");
CREATE TABLE IF NOT EXISTS "raw_users" ("user_id" BIGINT, "user_name" VARCHAR(65535), "user_age" INTEGER, "user_country" VARCHAR(65535), "created_at" TIMESTAMP) DISTSTYLE KEY DISTKEY ("user_id") SORTKEY ("user_id");
CREATE TABLE IF NOT EXISTS "raw_songs" ("track_id" VARCHAR(65535), "artists" VARCHAR(65535), "album_name" VARCHAR(65535), "track_name" VARCHAR(65535), "popularity" INTEGER, "duration_ms" BIGINT, "track_genre" VARCHAR(65535)) DISTSTYLE ALL SORTKEY ("track_id");
CREATE TABLE IF NOT EXISTS "transformed_users" ("user_id" BIGINT, "user_name" VARCHAR(65535), "user_age" INTEGER, "user_country" VARCHAR(65535), "created_at" TIMESTAMP) DISTSTYLE KEY DISTKEY ("user_id") SORTKEY ("user_id");
CREATE TABLE IF NOT EXISTS "transformed_songs" ("track_id" VARCHAR(65535), "artists" VARCHAR(65535), "album_name" VARCHAR(65535), "track_name" VARCHAR(65535), "popularity" INTEGER, "duration_ms" BIGINT, "duration_sec" DOUBLE PRECISION, "track_genre" VARCHAR(65535)) DISTSTYLE ALL SORTKEY ("track_id");
CREATE TABLE IF NOT EXISTS "song_genres" ("track_id" VARCHAR(65535), "genre" VARCHAR(65535), "position" INTEGER) DISTSTYLE ALL SORTKEY ("track_id");
CREATE TABLE IF NOT EXISTS "song_artists" ("track_id" VARCHAR(65535), "artist" VARCHAR(65535), "position" INTEGER) DISTSTYLE ALL SORTKEY ("track_id");
CREATE TABLE IF NOT EXISTS "transformed_streams" ("user_id" BIGINT, "track_id" VARCHAR(65535), "listen_time" TIMESTAMP, "listen_date" DATE, "hour" INTEGER) DISTSTYLE KEY DISTKEY ("user_id") SORTKEY ("listen_date");
INSERT INTO hitparade_schema (version, applied_at) VALUES ($1, $2);
COMMIT;
SELECT part FROM hitparade_control WHERE part = $1;
SELECT load_id FROM hitparade_deliveries WHERE dataset = $1;
BEGIN;
LOCK TABLE hitparade_control;
SELECT part, definition FROM hitparade_control;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ORDER BY table_name;
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
CREATE TABLE IF NOT EXISTS "kpi_genre_daily" ("listen_date" DATE, "genre" VARCHAR(65535), "listen_count" BIGINT, "unique_listeners" BIGINT, "listening_ms" BIGINT, "avg_listening_ms_per_user" DOUBLE PRECISION, "listens_without_duration" BIGINT) DISTSTYLE AUTO SORTKEY ("listen_date");
SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema();
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
CREATE TABLE IF NOT EXISTS "kpi_hourly" ("listen_date" DATE, "listen_hour" INTEGER, "listen_count" BIGINT, "unique_listeners" BIGINT, "unique_tracks" BIGINT, "track_diversity_index" DOUBLE PRECISION) DISTSTYLE AUTO SORTKEY ("listen_date");
SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema();
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
CREATE TABLE IF NOT EXISTS "kpi_top_artist_hourly" ("listen_date" DATE, "listen_hour" INTEGER, "artist" VARCHAR(65535), "listen_count" BIGINT) DISTSTYLE AUTO SORTKEY ("listen_date");
SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema();
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
CREATE TABLE IF NOT EXISTS "kpi_top_genres_daily" ("listen_date" DATE, "position" BIGINT, "rank" BIGINT, "genre" VARCHAR(65535), "listen_count" BIGINT, "unique_listeners" BIGINT, "listening_ms" BIGINT) DISTSTYLE AUTO SORTKEY ("listen_date");
SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema();
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
CREATE TABLE IF NOT EXISTS "kpi_top_songs_daily" ("listen_date" DATE, "genre" VARCHAR(65535), "position" BIGINT, "rank" BIGINT, "track_id" VARCHAR(65535), "track_name" VARCHAR(65535), "artists" VARCHAR(65535), "listen_count" BIGINT, "unique_listeners" BIGINT) DISTSTYLE AUTO SORTKEY ("listen_date");
SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema();
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
CREATE TABLE IF NOT EXISTS "kpi_track_daily" ("listen_date" DATE, "track_id" VARCHAR(65535), "listen_count" BIGINT, "unique_listeners" BIGINT, "listening_ms" BIGINT, "avg_listening_ms_per_user" DOUBLE PRECISION, "track_name" VARCHAR(65535), "artists" VARCHAR(65535), "primary_genre" VARCHAR(65535)) DISTSTYLE AUTO SORTKEY ("listen_date");
SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema();
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
CREATE TABLE IF NOT EXISTS "kpi_user_daily" ("listen_date" DATE, "user_id" BIGINT, "listen_count" BIGINT, "unique_tracks" BIGINT, "listening_ms" BIGINT, "avg_listening_ms_per_listen" DOUBLE PRECISION) DISTSTYLE AUTO SORTKEY ("listen_date");
SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema();
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
DROP VIEW IF EXISTS "genre_kpis";
CREATE VIEW "genre_kpis" AS SELECT
  s.track_genre,
  COUNT(*) AS total_plays,
  ROUND(CAST(SUM(s.popularity) AS DECIMAL(30, 4)) / NULLIF(COUNT(s.popularity), 0), 1) AS avg_popularity,
  ROUND(CAST(SUM(s.duration_ms) AS DECIMAL(30, 4)) / NULLIF(1000 * COUNT(s.duration_ms), 0), 2) AS avg_duration_sec
FROM transformed_songs AS s
JOIN transformed_streams AS t ON s.track_id = t.track_id
GROUP BY s.track_genre;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
DROP VIEW IF EXISTS "hourly_kpis";
CREATE VIEW "hourly_kpis" AS SELECT
  t.hour,
  COUNT(DISTINCT t.user_id) AS unique_listeners,
  COUNT(*) AS total_plays,
  COUNT(DISTINCT t.track_id) AS unique_tracks,
  ROUND(CAST(COUNT(DISTINCT t.track_id) AS DECIMAL(30, 4)) / COUNT(*), 3) AS track_diversity_index
FROM transformed_streams AS t
GROUP BY t.hour;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
DROP VIEW IF EXISTS "top_artist_per_hour";
CREATE VIEW "top_artist_per_hour" AS WITH played AS (
  SELECT t.hour, s.artists, COUNT(*) AS play_count, COUNT(DISTINCT t.user_id) AS unique_listeners
  FROM transformed_streams AS t
  JOIN transformed_songs AS s ON t.track_id = s.track_id
  GROUP BY t.hour, s.artists
),
ranked AS (
  SELECT
    p.hour,
    p.artists,
    p.play_count,
    ROW_NUMBER() OVER (
      PARTITION BY p.hour
      ORDER BY p.play_count DESC, p.unique_listeners DESC, p.artists ASC
    ) AS place
  FROM played AS p
)
SELECT r.hour, r.artists, r.play_count FROM ranked AS r WHERE r.place = 1;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
DROP VIEW IF EXISTS "kpi_genre_totals";
CREATE VIEW "kpi_genre_totals" AS WITH track_genres__counted AS (SELECT song_genres.track_id, song_genres.genre FROM song_genres WHERE song_genres.position = 1 OR 'all' = 'all'), track_genres AS (SELECT songs.track_id, COALESCE(counted.genre, '(unknown)') AS genre, songs.duration_ms FROM transformed_songs AS songs LEFT JOIN track_genres__counted AS counted ON counted.track_id = songs.track_id), genre_totals__track_totals AS (SELECT track_daily.track_id, CAST(SUM(track_daily.listen_count) AS BIGINT) AS listen_count FROM kpi_track_daily AS track_daily GROUP BY track_daily.track_id), genre_totals AS (SELECT COALESCE(track_genres.genre, '(unknown)') AS genre, CAST(SUM(track_totals.listen_count) AS BIGINT) AS listen_count, CAST(SUM(track_totals.listen_count * songs.popularity) AS DOUBLE PRECISION) / NULLIF(CAST(SUM(CASE WHEN songs.popularity IS NULL THEN 0 ELSE track_totals.listen_count END) AS BIGINT), 0) AS avg_popularity, CAST(SUM(track_totals.listen_count * songs.duration_ms) AS DOUBLE PRECISION) / NULLIF(CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE track_totals.listen_count END) AS BIGINT), 0) AS avg_duration_ms FROM genre_totals__track_totals AS track_totals LEFT JOIN transformed_songs AS songs ON songs.track_id = track_totals.track_id LEFT JOIN track_genres ON track_genres.track_id = track_totals.track_id GROUP BY COALESCE(track_genres.genre, '(unknown)')) SELECT CAST("genre" AS VARCHAR(65535)) AS "genre", CAST("listen_count" AS BIGINT) AS "listen_count", CAST("avg_popularity" AS DOUBLE PRECISION) AS "avg_popularity", CAST("avg_duration_ms" AS DOUBLE PRECISION) AS "avg_duration_ms" FROM genre_totals;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
DROP VIEW IF EXISTS "kpi_hour_of_day";
CREATE VIEW "kpi_hour_of_day" AS WITH listens AS (SELECT listen_date, hour AS listen_hour, user_id, track_id, listen_time AS listened_at FROM transformed_streams), plays__distinct_listens AS (SELECT DISTINCT listens.listen_date, listens.listen_hour, listens.user_id, listens.track_id, listens.listened_at FROM listens), plays AS (SELECT distinct_listens.listen_date, distinct_listens.listen_hour, distinct_listens.user_id, distinct_listens.track_id FROM plays__distinct_listens AS distinct_listens), hour_of_day AS (SELECT plays.listen_hour, COUNT(*) AS listen_count, COUNT(DISTINCT plays.user_id) AS unique_listeners, COUNT(DISTINCT plays.track_id) AS unique_tracks, CAST(COUNT(DISTINCT plays.track_id) AS DOUBLE PRECISION) / NULLIF(COUNT(*), 0) AS track_diversity_index FROM plays GROUP BY plays.listen_hour) SELECT CAST("listen_hour" AS INTEGER) AS "listen_hour", CAST("listen_count" AS BIGINT) AS "listen_count", CAST("unique_listeners" AS BIGINT) AS "unique_listeners", CAST("unique_tracks" AS BIGINT) AS "unique_tracks", CAST("track_diversity_index" AS DOUBLE PRECISION) AS "track_diversity_index" FROM hour_of_day;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
DROP VIEW IF EXISTS "kpi_top_artist_hour_of_day";
CREATE VIEW "kpi_top_artist_hour_of_day" AS WITH listens AS (SELECT listen_date, hour AS listen_hour, user_id, track_id, listen_time AS listened_at FROM transformed_streams), plays__distinct_listens AS (SELECT DISTINCT listens.listen_date, listens.listen_hour, listens.user_id, listens.track_id, listens.listened_at FROM listens), plays AS (SELECT distinct_listens.listen_date, distinct_listens.listen_hour, distinct_listens.user_id, distinct_listens.track_id FROM plays__distinct_listens AS distinct_listens), top_artist_hour_of_day__artist_hours AS (SELECT plays.listen_hour, song_artists.artist, COUNT(*) AS listen_count FROM plays JOIN song_artists ON song_artists.track_id = plays.track_id WHERE song_artists.artist <> '(unknown)' GROUP BY plays.listen_hour, song_artists.artist), top_artist_hour_of_day__most AS (SELECT artist_hours.listen_hour, MAX(artist_hours.listen_count) AS listen_count FROM top_artist_hour_of_day__artist_hours AS artist_hours GROUP BY artist_hours.listen_hour), top_artist_hour_of_day__candidates AS (SELECT artist_hours.listen_hour, artist_hours.artist, artist_hours.listen_count FROM top_artist_hour_of_day__artist_hours AS artist_hours JOIN top_artist_hour_of_day__most AS most ON most.listen_hour = artist_hours.listen_hour AND most.listen_count = artist_hours.listen_count), top_artist_hour_of_day__heard AS (SELECT candidates.listen_hour, candidates.artist, candidates.listen_count, COUNT(DISTINCT plays.user_id) AS unique_listeners FROM top_artist_hour_of_day__candidates AS candidates JOIN song_artists ON song_artists.artist = candidates.artist JOIN plays ON plays.listen_hour = candidates.listen_hour AND plays.track_id = song_artists.track_id GROUP BY candidates.listen_hour, candidates.artist, candidates.listen_count), top_artist_hour_of_day__ranked AS (SELECT heard.listen_hour, heard.artist, heard.listen_count, ROW_NUMBER() OVER (PARTITION BY heard.listen_hour ORDER BY heard.listen_count DESC NULLS LAST, heard.unique_listeners DESC NULLS LAST, heard.artist ASC) AS position FROM top_artist_hour_of_day__heard AS heard), top_artist_hour_of_day AS (SELECT ranked.listen_hour, ranked.artist, ranked.listen_count FROM top_artist_hour_of_day__ranked AS ranked WHERE ranked.position = 1) SELECT CAST("listen_hour" AS INTEGER) AS "listen_hour", CAST("artist" AS VARCHAR(65535)) AS "artist", CAST("listen_count" AS BIGINT) AS "listen_count" FROM top_artist_hour_of_day;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT table_type FROM information_schema.tables WHERE table_name = $1 AND table_schema = current_schema();
DROP VIEW IF EXISTS "kpi_user_totals";
CREATE VIEW "kpi_user_totals" AS WITH listens AS (SELECT listen_date, hour AS listen_hour, user_id, track_id, listen_time AS listened_at FROM transformed_streams), plays__distinct_listens AS (SELECT DISTINCT listens.listen_date, listens.listen_hour, listens.user_id, listens.track_id, listens.listened_at FROM listens), plays AS (SELECT distinct_listens.listen_date, distinct_listens.listen_hour, distinct_listens.user_id, distinct_listens.track_id FROM plays__distinct_listens AS distinct_listens), user_tracks AS (SELECT plays.listen_date, plays.user_id, plays.track_id, COUNT(*) AS listen_count FROM plays GROUP BY plays.listen_date, plays.user_id, plays.track_id), user_totals__user_days AS (SELECT user_tracks.user_id, user_tracks.listen_date, CAST(SUM(user_tracks.listen_count) AS BIGINT) AS listen_count, CAST(SUM(user_tracks.listen_count * songs.duration_ms) AS BIGINT) AS listening_ms, CAST(SUM(CASE WHEN songs.duration_ms IS NULL THEN 0 ELSE user_tracks.listen_count END) AS BIGINT) AS timed_listens FROM user_tracks LEFT JOIN transformed_songs AS songs ON songs.track_id = user_tracks.track_id GROUP BY user_tracks.user_id, user_tracks.listen_date), user_totals AS (SELECT user_days.user_id, CAST(SUM(user_days.listen_count) AS BIGINT) AS listen_count, COALESCE(CAST(SUM(user_days.listening_ms) AS BIGINT), 0) AS listening_ms, COUNT(*) AS active_days, CAST(SUM(user_days.listening_ms) AS DOUBLE PRECISION) / NULLIF(CAST(SUM(user_days.timed_listens) AS BIGINT), 0) AS avg_listening_ms_per_listen, CAST(SUM(user_days.listening_ms) AS DOUBLE PRECISION) / NULLIF(COUNT(user_days.listening_ms), 0) AS avg_listening_ms_per_active_day FROM user_totals__user_days AS user_days GROUP BY user_days.user_id) SELECT CAST("user_id" AS BIGINT) AS "user_id", CAST("listen_count" AS BIGINT) AS "listen_count", CAST("listening_ms" AS BIGINT) AS "listening_ms", CAST("active_days" AS BIGINT) AS "active_days", CAST("avg_listening_ms_per_listen" AS DOUBLE PRECISION) AS "avg_listening_ms_per_listen", CAST("avg_listening_ms_per_active_day" AS DOUBLE PRECISION) AS "avg_listening_ms_per_active_day" FROM user_totals;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run, definition) VALUES ($1, $2, $3);
SELECT load_id FROM hitparade_deliveries WHERE dataset = $1;
SELECT run FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run) VALUES ($1, $2);
CREATE TEMP TABLE staged_songs ("track_id" VARCHAR(65535), "track_name" VARCHAR(65535), "artists" VARCHAR(65535), "album_name" VARCHAR(65535), "popularity" INTEGER, "duration_ms" BIGINT);
COPY "staged_songs" FROM 's3://warehouse-staging/staging/staged_songs-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
CREATE TEMP TABLE staged_song_genres ("track_id" VARCHAR(65535), "genre" VARCHAR(65535), "position" INTEGER);
COPY "staged_song_genres" FROM 's3://warehouse-staging/staging/staged_song_genres-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
CREATE TEMP TABLE staged_song_artists ("track_id" VARCHAR(65535), "artist" VARCHAR(65535), "position" INTEGER);
COPY "staged_song_artists" FROM 's3://warehouse-staging/staging/staged_song_artists-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
DELETE FROM song_genres USING staged_songs WHERE song_genres.track_id = staged_songs.track_id;
INSERT INTO song_genres (track_id, genre, position) SELECT track_id, genre, position FROM staged_song_genres;
DELETE FROM song_artists USING staged_songs WHERE song_artists.track_id = staged_songs.track_id;
INSERT INTO song_artists (track_id, artist, position) SELECT track_id, artist, position FROM staged_song_artists;
DELETE FROM raw_songs USING staged_songs WHERE raw_songs.track_id = staged_songs.track_id;
INSERT INTO raw_songs (track_id, artists, album_name, track_name, popularity, duration_ms, track_genre) SELECT s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms, g.genre FROM staged_songs AS s LEFT JOIN staged_song_genres AS g ON g.track_id = s.track_id;
CREATE TEMP TABLE staged_tracks AS SELECT s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms, CAST(s.duration_ms AS DOUBLE PRECISION) / 1000 AS duration_sec, g.genre AS track_genre FROM staged_songs AS s LEFT JOIN staged_song_genres AS g ON g.track_id = s.track_id AND g.position = 1;
MERGE INTO transformed_songs USING staged_tracks ON transformed_songs.track_id = staged_tracks.track_id WHEN MATCHED THEN UPDATE SET artists = staged_tracks.artists, album_name = staged_tracks.album_name, track_name = staged_tracks.track_name, popularity = staged_tracks.popularity, duration_ms = staged_tracks.duration_ms, duration_sec = staged_tracks.duration_sec, track_genre = staged_tracks.track_genre WHEN NOT MATCHED THEN INSERT (track_id, artists, album_name, track_name, popularity, duration_ms, duration_sec, track_genre) VALUES (staged_tracks.track_id, staged_tracks.artists, staged_tracks.album_name, staged_tracks.track_name, staged_tracks.popularity, staged_tracks.duration_ms, staged_tracks.duration_sec, staged_tracks.track_genre);
DROP TABLE staged_tracks;
DROP TABLE staged_songs;
DROP TABLE staged_song_genres;
DROP TABLE staged_song_artists;
INSERT INTO hitparade_deliveries ("dataset", "load_id", "listen_date", "uri", "rows", "run", "loaded_at") VALUES ($1, $2, $3, $4, $5, $6, $7);
COMMIT;
BEGIN;
LOCK TABLE hitparade_control;
SELECT part, definition FROM hitparade_control;
SELECT load_id FROM hitparade_deliveries WHERE dataset = $1;
SELECT run FROM hitparade_control WHERE part = $1;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run) VALUES ($1, $2);
CREATE TEMP TABLE staged_users ("user_id" BIGINT, "user_name" VARCHAR(65535), "user_age" INTEGER, "user_country" VARCHAR(65535), "created_at" TIMESTAMP);
COPY "staged_users" FROM 's3://warehouse-staging/staging/staged_users-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
MERGE INTO raw_users USING staged_users ON raw_users.user_id = staged_users.user_id WHEN MATCHED THEN UPDATE SET user_name = staged_users.user_name, user_age = staged_users.user_age, user_country = staged_users.user_country, created_at = staged_users.created_at WHEN NOT MATCHED THEN INSERT (user_id, user_name, user_age, user_country, created_at) VALUES (staged_users.user_id, staged_users.user_name, staged_users.user_age, staged_users.user_country, staged_users.created_at);
MERGE INTO transformed_users USING staged_users ON transformed_users.user_id = staged_users.user_id WHEN MATCHED THEN UPDATE SET user_name = staged_users.user_name, user_age = staged_users.user_age, user_country = staged_users.user_country, created_at = staged_users.created_at WHEN NOT MATCHED THEN INSERT (user_id, user_name, user_age, user_country, created_at) VALUES (staged_users.user_id, staged_users.user_name, staged_users.user_age, staged_users.user_country, staged_users.created_at);
DROP TABLE staged_users;
INSERT INTO hitparade_deliveries ("dataset", "load_id", "listen_date", "uri", "rows", "run", "loaded_at") VALUES ($1, $2, $3, $4, $5, $6, $7);
COMMIT;
SELECT load_id FROM hitparade_deliveries WHERE dataset = $1;
BEGIN;
LOCK TABLE hitparade_control;
SELECT part, definition FROM hitparade_control;
SELECT listen_date, load_id FROM hitparade_deliveries WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
SELECT MAX(run) FROM hitparade_publications WHERE part = $1 AND listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "transformed_streams" FROM 's3://warehouse-staging/staging/transformed_streams-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
INSERT INTO hitparade_deliveries ("dataset", "load_id", "listen_date", "uri", "rows", "run", "loaded_at") VALUES ($1, $2, $3, $4, $5, $6, $7), ($8, $9, $10, $11, $12, $13, $14);
SELECT listen_date, COUNT(*) FROM "transformed_streams" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM hitparade_publications WHERE part = $1 AND listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
INSERT INTO hitparade_publications ("part", "listen_date", "run", "rows", "published_at") VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10);
DELETE FROM "kpi_genre_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_genre_daily" FROM 's3://warehouse-staging/staging/kpi_genre_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_genre_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_hourly" FROM 's3://warehouse-staging/staging/kpi_hourly-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_top_artist_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_top_artist_hourly" FROM 's3://warehouse-staging/staging/kpi_top_artist_hourly-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_artist_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_top_genres_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_top_genres_daily" FROM 's3://warehouse-staging/staging/kpi_top_genres_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_genres_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_top_songs_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_top_songs_daily" FROM 's3://warehouse-staging/staging/kpi_top_songs_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_songs_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_track_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_track_daily" FROM 's3://warehouse-staging/staging/kpi_track_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_track_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_user_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_user_daily" FROM 's3://warehouse-staging/staging/kpi_user_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_user_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
SELECT nspname FROM pg_namespace WHERE nspname = $1;
SET search_path TO "music";
BEGIN;
CREATE TABLE IF NOT EXISTS "hitparade_schema" ("version" INTEGER, "applied_at" TIMESTAMP) DISTSTYLE ALL;
COMMIT;
BEGIN;
LOCK TABLE hitparade_schema;
SELECT COALESCE(MAX(version), 0) FROM hitparade_schema;
SELECT part FROM hitparade_control WHERE part = $1;
SELECT load_id FROM hitparade_deliveries WHERE dataset = $1;
LOCK TABLE hitparade_control;
SELECT part, definition FROM hitparade_control;
SELECT run FROM hitparade_control WHERE part = $1;
DELETE FROM hitparade_control WHERE part = $1;
INSERT INTO hitparade_control (part, run) VALUES ($1, $2);
CREATE TEMP TABLE staged_songs ("track_id" VARCHAR(65535), "track_name" VARCHAR(65535), "artists" VARCHAR(65535), "album_name" VARCHAR(65535), "popularity" INTEGER, "duration_ms" BIGINT);
COPY "staged_songs" FROM 's3://warehouse-staging/staging/staged_songs-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
CREATE TEMP TABLE staged_song_genres ("track_id" VARCHAR(65535), "genre" VARCHAR(65535), "position" INTEGER);
COPY "staged_song_genres" FROM 's3://warehouse-staging/staging/staged_song_genres-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
CREATE TEMP TABLE staged_song_artists ("track_id" VARCHAR(65535), "artist" VARCHAR(65535), "position" INTEGER);
COPY "staged_song_artists" FROM 's3://warehouse-staging/staging/staged_song_artists-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
DELETE FROM song_genres USING staged_songs WHERE song_genres.track_id = staged_songs.track_id;
INSERT INTO song_genres (track_id, genre, position) SELECT track_id, genre, position FROM staged_song_genres;
DELETE FROM song_artists USING staged_songs WHERE song_artists.track_id = staged_songs.track_id;
INSERT INTO song_artists (track_id, artist, position) SELECT track_id, artist, position FROM staged_song_artists;
DELETE FROM raw_songs USING staged_songs WHERE raw_songs.track_id = staged_songs.track_id;
INSERT INTO raw_songs (track_id, artists, album_name, track_name, popularity, duration_ms, track_genre) SELECT s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms, g.genre FROM staged_songs AS s LEFT JOIN staged_song_genres AS g ON g.track_id = s.track_id;
CREATE TEMP TABLE staged_tracks AS SELECT s.track_id, s.artists, s.album_name, s.track_name, s.popularity, s.duration_ms, CAST(s.duration_ms AS DOUBLE PRECISION) / 1000 AS duration_sec, g.genre AS track_genre FROM staged_songs AS s LEFT JOIN staged_song_genres AS g ON g.track_id = s.track_id AND g.position = 1;
MERGE INTO transformed_songs USING staged_tracks ON transformed_songs.track_id = staged_tracks.track_id WHEN MATCHED THEN UPDATE SET artists = staged_tracks.artists, album_name = staged_tracks.album_name, track_name = staged_tracks.track_name, popularity = staged_tracks.popularity, duration_ms = staged_tracks.duration_ms, duration_sec = staged_tracks.duration_sec, track_genre = staged_tracks.track_genre WHEN NOT MATCHED THEN INSERT (track_id, artists, album_name, track_name, popularity, duration_ms, duration_sec, track_genre) VALUES (staged_tracks.track_id, staged_tracks.artists, staged_tracks.album_name, staged_tracks.track_name, staged_tracks.popularity, staged_tracks.duration_ms, staged_tracks.duration_sec, staged_tracks.track_genre);
DROP TABLE staged_tracks;
DROP TABLE staged_songs;
DROP TABLE staged_song_genres;
DROP TABLE staged_song_artists;
INSERT INTO hitparade_deliveries ("dataset", "load_id", "listen_date", "uri", "rows", "run", "loaded_at") VALUES ($1, $2, $3, $4, $5, $6, $7);
COMMIT;
SELECT load_id FROM hitparade_deliveries WHERE dataset = $1;
BEGIN;
LOCK TABLE hitparade_control;
SELECT part, definition FROM hitparade_control;
SELECT listen_date, load_id FROM hitparade_deliveries WHERE listen_date IN (DATE '2024-06-24');
SELECT MAX(run) FROM hitparade_publications WHERE part = $1 AND listen_date IN (DATE '2024-06-24');
COPY "transformed_streams" FROM 's3://warehouse-staging/staging/transformed_streams-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
INSERT INTO hitparade_deliveries ("dataset", "load_id", "listen_date", "uri", "rows", "run", "loaded_at") VALUES ($1, $2, $3, $4, $5, $6, $7);
SELECT listen_date, COUNT(*) FROM "transformed_streams" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
DELETE FROM hitparade_publications WHERE part = $1 AND listen_date IN (DATE '2024-06-24');
INSERT INTO hitparade_publications ("part", "listen_date", "run", "rows", "published_at") VALUES ($1, $2, $3, $4, $5);
DELETE FROM "kpi_genre_daily" WHERE listen_date IN (DATE '2024-06-24');
COPY "kpi_genre_daily" FROM 's3://warehouse-staging/staging/kpi_genre_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_genre_daily" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
DELETE FROM "kpi_hourly" WHERE listen_date IN (DATE '2024-06-24');
COPY "kpi_hourly" FROM 's3://warehouse-staging/staging/kpi_hourly-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_hourly" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
DELETE FROM "kpi_top_artist_hourly" WHERE listen_date IN (DATE '2024-06-24');
COPY "kpi_top_artist_hourly" FROM 's3://warehouse-staging/staging/kpi_top_artist_hourly-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_artist_hourly" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
DELETE FROM "kpi_top_genres_daily" WHERE listen_date IN (DATE '2024-06-24');
COPY "kpi_top_genres_daily" FROM 's3://warehouse-staging/staging/kpi_top_genres_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_genres_daily" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
DELETE FROM "kpi_top_songs_daily" WHERE listen_date IN (DATE '2024-06-24');
COPY "kpi_top_songs_daily" FROM 's3://warehouse-staging/staging/kpi_top_songs_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_songs_daily" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
DELETE FROM "kpi_track_daily" WHERE listen_date IN (DATE '2024-06-24');
COPY "kpi_track_daily" FROM 's3://warehouse-staging/staging/kpi_track_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_track_daily" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
DELETE FROM "kpi_user_daily" WHERE listen_date IN (DATE '2024-06-24');
COPY "kpi_user_daily" FROM 's3://warehouse-staging/staging/kpi_user_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_user_daily" WHERE listen_date IN (DATE '2024-06-24') GROUP BY listen_date;
SELECT nspname FROM pg_namespace WHERE nspname = $1;
SET search_path TO "music";
BEGIN;
CREATE TABLE IF NOT EXISTS "hitparade_schema" ("version" INTEGER, "applied_at" TIMESTAMP) DISTSTYLE ALL;
COMMIT;
BEGIN;
LOCK TABLE hitparade_schema;
SELECT COALESCE(MAX(version), 0) FROM hitparade_schema;
SELECT part FROM hitparade_control WHERE part = $1;
SELECT load_id FROM hitparade_deliveries WHERE dataset = $1;
LOCK TABLE hitparade_control;
SELECT part, definition FROM hitparade_control;
SELECT listen_date, load_id FROM hitparade_deliveries WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
SELECT MAX(run) FROM hitparade_publications WHERE part = $1 AND listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
DELETE FROM transformed_streams WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
DELETE FROM hitparade_deliveries WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
SELECT listen_date, COUNT(*) FROM "transformed_streams" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM hitparade_publications WHERE part = $1 AND listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
INSERT INTO hitparade_publications ("part", "listen_date", "run", "rows", "published_at") VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10);
COPY "transformed_streams" FROM 's3://warehouse-staging/staging/transformed_streams-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
INSERT INTO hitparade_deliveries ("dataset", "load_id", "listen_date", "uri", "rows", "run", "loaded_at") VALUES ($1, $2, $3, $4, $5, $6, $7), ($8, $9, $10, $11, $12, $13, $14);
DELETE FROM "kpi_genre_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_genre_daily" FROM 's3://warehouse-staging/staging/kpi_genre_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_genre_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_hourly" FROM 's3://warehouse-staging/staging/kpi_hourly-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_top_artist_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_top_artist_hourly" FROM 's3://warehouse-staging/staging/kpi_top_artist_hourly-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_artist_hourly" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_top_genres_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_top_genres_daily" FROM 's3://warehouse-staging/staging/kpi_top_genres_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_genres_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_top_songs_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_top_songs_daily" FROM 's3://warehouse-staging/staging/kpi_top_songs_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_top_songs_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_track_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_track_daily" FROM 's3://warehouse-staging/staging/kpi_track_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_track_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
DELETE FROM "kpi_user_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25');
COPY "kpi_user_daily" FROM 's3://warehouse-staging/staging/kpi_user_daily-0/manifest' IAM_ROLE 'arn:aws:iam::123456789012:role/RedshiftS3AccessRole' FORMAT AS PARQUET MANIFEST;
SELECT listen_date, COUNT(*) FROM "kpi_user_daily" WHERE listen_date IN (DATE '2024-06-24', DATE '2024-06-25') GROUP BY listen_date;
SET search_path TO music;
SELECT user_id, track_id, listen_time, listen_date, hour FROM transformed_streams ORDER BY 1, 2, 3;
