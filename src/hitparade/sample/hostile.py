"""The hostile part of a sample: every defect a contract knows, each in a small file named for it.

Repeats, late days, unknown users and tracks and reused names are no defects of a file but of a delivery; they
are here too, and what is to be delivered in a second step goes to `redeliver/` beside the truth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hitparade.sample import broken_files, broken_values, catalogue, makers
from hitparade.sample.defects import Defect, Maker, Row, mixed, of_rows
from hitparade.sample.listens import Listen
from hitparade.sample.seeds import seeded, shuffle
from hitparade.sample.spec import SampleSpec
from hitparade.sample.truth import SongChange

LATE_DAYS = 10
CHANGED_SONGS = 10
UNKNOWN_USERS_FROM = 900_000_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """The small files of a hostile sample: those to deliver now, those for later, what the latter change."""

    now: tuple[Defect, ...]
    later: tuple[Defect, ...]
    changes: tuple[SongChange, ...]


def hostile(spec: SampleSpec, *, track_ids: Sequence[str], bulk_sample: Sequence[Listen]) -> Hostile:
    """Every small file of a hostile sample, some of them repeating the `bulk_sample` of the clean files."""
    song_files = [*_common(makers.song_maker(spec), spec)]
    user_files = [*_common(makers.user_maker(spec), spec)]
    users = [_user_id(row) for defect in user_files for row in defect.loaded]
    order = shuffle(spec.seed, "tracks", spec.tracks)
    top = [order.number(rank) for rank in range(min(200, spec.tracks))]
    tracks = [track_ids[number] for number in top]
    rng = seeded(spec.seed, "unknown tracks")
    unknown = [catalogue.track_id(rng) for _ in range(12)]

    maker = makers.stream_maker(spec, "known", users=users, tracks=tracks)
    stream_files = [*_common(maker, spec), *broken_values.odd_spellings(maker)]
    stream_files += _deliveries(spec, maker, bulk_sample, users=users, tracks=tracks, unknown=unknown)
    first, second = _reused_name(maker)

    songs_again, changes = _songs_again(spec, set(top[:CHANGED_SONGS]), new_track=unknown[0])
    return Hostile((*song_files, *user_files, *stream_files, first), (songs_again, second), changes)


def _common(maker: Maker, spec: SampleSpec) -> Iterator[Defect]:
    yield from broken_values.broken_values(maker)
    yield from broken_files.broken_files(maker, spec.seed)


def _user_id(row: Row) -> int:
    return int(row.values[0])


def _deliveries(
    spec: SampleSpec,
    maker: Maker,
    bulk_sample: Sequence[Listen],
    *,
    users: Sequence[int],
    tracks: Sequence[str],
    unknown: Sequence[str],
) -> Iterator[Defect]:
    rows = maker.rows(20)
    spelled_otherwise = [_respelled(row) for row in rows[5:10]]
    yield of_rows(maker, "repeats-within", [*rows, *rows[:5], *spelled_otherwise])
    bulk = [makers.stream_row(listen) for listen in bulk_sample]
    yield of_rows(maker, "repeats-over", mixed(maker.rows(10), [*rows[10:], *bulk]))

    late = makers.stream_maker(spec, "late", users=users, tracks=tracks, first_day=-LATE_DAYS, days=LATE_DAYS)
    yield of_rows(late, "late-days", late.rows(40))
    strange = makers.stream_maker(spec, "unknown tracks", users=users, tracks=unknown)
    yield of_rows(strange, "unknown-tracks", mixed(maker.rows(10), strange.rows(30)))
    strangers = range(UNKNOWN_USERS_FROM, UNKNOWN_USERS_FROM + 10)
    strange = makers.stream_maker(spec, "unknown users", users=strangers, tracks=tracks)
    yield of_rows(strange, "unknown-users", mixed(maker.rows(10), strange.rows(30)))


def _respelled(row: Row) -> Row:
    """The same listen in another spelling: repeats are found by value, not by text."""
    user, track, at = row.values
    return replace(row, values=(f"+{user}", track, at.replace(" ", "T") + "Z"))


def _reused_name(maker: Maker) -> tuple[Defect, Defect]:
    """A name delivered now and again later with other rows, a few of them the same."""
    first, second = maker.rows(20), maker.rows(15)
    return of_rows(maker, "reused-name", first), of_rows(maker, "reused-name", [*second, *first[:5]])


def _songs_again(spec: SampleSpec, numbers: set[int], *, new_track: str) -> tuple[Defect, tuple[SongChange, ...]]:
    """Songs much heard that come again with another duration and genre, and a track that was unknown."""
    maker = makers.song_maker(spec)
    known = [song for number, song in enumerate(catalogue.songs(spec)) if number in numbers]
    changed = [
        replace(song, duration_ms=song.duration_ms + 10_000, genres=(_other_genre(song), *song.genres[1:]))
        for song in known
    ]
    rng = seeded(spec.seed, "redelivered songs")
    artists = ["The Late Arrivals"]
    new = replace(catalogue.song(rng, rank=0, tracks=spec.tracks, artists=artists), track_id=new_track)
    songs = [*changed, new]
    rows = [Row(values) for song in songs for values in song.rows]
    changes = tuple(SongChange(song.track_id, song.duration_ms, song.genres) for song in songs)
    return of_rows(maker, "0002", rows), changes


def _other_genre(song: catalogue.Song) -> str:
    return next(genre for genre in ("pop", "rock", "jazz", "folk") if genre not in song.genres)
