-- The rows of a stream file, in the order of their numbers: listens come in no order of time, as from many devices.
SELECT
    drawn.user_id,
    tracks.track_id,
    CAST($day AS TIMESTAMP) + to_seconds(drawn.second) AS listen_time
FROM drawn(
    $first, $stop, $hours,
    $user_key, $users, $user_bend, $user_factor, $user_shift,
    $track_key, $tracks, $track_bend, $track_factor, $track_shift,
    $time_key
) AS drawn
JOIN tracks ON tracks.track_number = drawn.track_number
ORDER BY drawn.i
