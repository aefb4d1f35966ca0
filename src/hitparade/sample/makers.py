"""Good rows for the small files of a hostile sample, none of which the clean files hold.

Users beyond those of the clean catalogue, tracks of ids of their own: so every count of a hostile sample is
the clean one plus what its small files add.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import count
from random import Random

from hitparade.sample import catalogue, names
from hitparade.sample.defects import Maker, Row
from hitparade.sample.listens import COLUMNS, Listen
from hitparade.sample.seeds import seeded
from hitparade.sample.spec import SampleSpec

DAY_SECONDS = 86_400


def song_maker(spec: SampleSpec) -> Maker:
    """Makes songs of one genre that the clean catalogue does not have."""
    rng = seeded(spec.seed, "hostile songs")
    artists = [names.artist(number, rng) for number in range(20)]

    def row() -> Row:
        song = catalogue.song(rng, rank=rng.randrange(1000), tracks=1000, artists=artists)
        return Row(song.rows[0])

    return Maker("songs", catalogue.SONG_COLUMNS, catalogue.SONG_COLUMNS.index("track_name"), row)


def user_maker(spec: SampleSpec) -> Maker:
    """Makes users whose ids follow those of the clean catalogue."""
    rng = seeded(spec.seed, "hostile users")
    ids = count(spec.users + 1)
    return Maker(
        "users",
        catalogue.USER_COLUMNS,
        catalogue.USER_COLUMNS.index("user_name"),
        lambda: Row(catalogue.user(rng, next(ids), spec.start)),
    )


def stream_maker(
    spec: SampleSpec,
    salt: str,
    *,
    users: Sequence[int],
    tracks: Sequence[str],
    first_day: int = 0,
    days: int = 0,
) -> Maker:
    """Makes listens of these users and tracks on `days` days (0: as many as the sample has) from `first_day`.

    No two of them are one listen, as long as makers have no user in common or no track or no day: a maker
    never gives one user and second twice.
    """
    rng = seeded(spec.seed, f"hostile streams {salt}")
    begin = datetime.combine(spec.start + timedelta(days=first_day), time(), UTC)
    seconds = DAY_SECONDS * (days or spec.days)
    taken: set[tuple[int, datetime]] = set()

    def row() -> Row:
        while True:
            user, at = rng.choice(users), begin + timedelta(seconds=rng.randrange(seconds))
            if (user, at) not in taken:
                taken.add((user, at))
                return stream_row(Listen(user, _popular(rng, tracks), at))

    return Maker("streams", COLUMNS, COLUMNS.index("track_id"), row)


def stream_row(listen: Listen) -> Row:
    """A listen as the clean files write it."""
    return Row((str(listen.user_id), listen.track_id, f"{listen.listened_at:%Y-%m-%d %H:%M:%S}"), listen=listen)


def _popular(rng: Random, tracks: Sequence[str]) -> str:
    return tracks[int(len(tracks) * rng.random() ** 3)]
