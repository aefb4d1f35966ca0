-- How many distinct listens these rows are: a user may start a track twice in one second, as replaying does.
SELECT count(*)
FROM (
    SELECT DISTINCT drawn.user_id, drawn.track_number, drawn.second
    FROM drawn(
        $first, $stop, $hours,
        $user_key, $users, $user_bend, $user_factor, $user_shift,
        $track_key, $tracks, $track_bend, $track_factor, $track_shift,
        $time_key
    ) AS drawn
)
