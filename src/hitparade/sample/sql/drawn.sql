-- The listens `first` to `stop` - 1 of one day, as numbers: each is a function of the seed, the day and its own number
-- alone, so it is the same listen whatever the files and threads. The draws are inverse distribution functions of a
-- uniform hash: Zipf-Mandelbrot for tracks, a flattened square root for users, a list of weighted slots for hours.
-- 9007199254740992 is 2^53: the upper 53 bits of a hash make a double in [0, 1).
CREATE MACRO drawn(
    first, stop, hours,
    user_key, users, user_bend, user_factor, user_shift,
    track_key, tracks, track_bend, track_factor, track_shift,
    time_key
) AS TABLE
WITH draws AS (
    SELECT
        i,
        (hash(xor(track_key, i)) >> 11) / 9007199254740992.0 AS track_draw,
        (hash(xor(user_key, i)) >> 11) / 9007199254740992.0 AS user_draw,
        hash(xor(time_key, i)) AS time_draw
    FROM range(first, stop) AS numbers(i)
),
ranks AS (
    SELECT
        i,
        least(
            tracks - 1,
            CAST(floor(track_bend * (pow(1.0 + tracks / track_bend, track_draw) - 1.0)) AS BIGINT)
        ) AS track_rank,
        least(
            users - 1,
            greatest(0, CAST(floor(
                pow(user_draw * (sqrt(users + user_bend) - sqrt(user_bend)) + sqrt(user_bend), 2.0) - user_bend
            ) AS BIGINT))
        ) AS user_rank,
        hours[1 + CAST(time_draw % 1000 AS BIGINT)] * 3600 + CAST((time_draw >> 32) % 3600 AS BIGINT) AS second
    FROM draws
)
SELECT
    i,
    1 + (user_factor * user_rank + user_shift) % users AS user_id,
    (track_factor * track_rank + track_shift) % tracks AS track_number,
    second
FROM ranks
