"""What may happen to a workspace: the events of a history, and how they are drawn.

Events say everything about themselves, so a history that fails can be read, and be made smaller by leaving events out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from hypothesis import strategies as st

from hitparade.model import Dataset

Step = Literal["load", "compute", "publish", "archive", "run"]
STEPS: tuple[Step, ...] = ("load", "compute", "publish", "archive", "run")
Terms = Literal["usual", "supersede", "strict", "short"]

HEADERS: dict[Dataset, str] = {
    "streams": "user_id,track_id,listen_time",
    "songs": "track_id,artists,album_name,track_name,popularity,duration_ms,track_genre",
    "users": "user_id,user_name,user_age,user_country,created_at",
}


@dataclass(frozen=True)
class Deliver:
    """A file comes. Under a name that is still taken it takes the place of the file there, as producers do."""

    dataset: Dataset
    name: str
    lines: tuple[str, ...]
    headed: bool = True

    @property
    def content(self) -> bytes:
        """Its bytes."""
        header = HEADERS[self.dataset] if self.headed else "no,such,columns"
        return "\n".join([header, *self.lines, ""]).encode()


@dataclass(frozen=True)
class Again:
    """The bytes of an earlier delivery come again, under its name or another."""

    which: int
    name: str | None


@dataclass(frozen=True)
class Contract:
    """Another manifest.json beside the streams."""

    terms: Terms


@dataclass(frozen=True)
class OwnKpi:
    """The workspace's own KPI is written, edited, or (version 0) removed."""

    version: int


@dataclass(frozen=True)
class SecondSink:
    """One more sink is in the settings."""


World = Deliver | Again | Contract | OwnKpi | SecondSink


@dataclass(frozen=True)
class Cut:
    """Whoever is at work stops at a point, passed for so many times already. Something may happen there.

    Stopped for good, or only until its turn comes again; then `to` goes on.
    """

    at: str
    skip: int
    happens: tuple[World, ...]
    kill: bool
    to: int


@dataclass(frozen=True)
class Together:
    """Workers with their commands, and where they are cut. Whoever is not cut goes on to its end."""

    programs: tuple[tuple[Step, ...], ...]
    cuts: tuple[Cut, ...]
    polite: bool


Event = World | Together


@dataclass(frozen=True)
class History:
    """Events over a choice of the built-in KPIs."""

    kpis: str
    events: tuple[Event, ...]


# ---- how they are drawn

TRACKS = ("a", "b", "c", "unknown")
DAYS = ("2024-06-01", "2024-06-02", "2024-06-03")
TIMES = ("00:00:00", "00:59:59", "13:30:00")
LISTENS = [f"{user},{track},{day} {time}" for user, track, day, time in product("123", TRACKS, DAYS, TIMES)]
BAD_LISTENS = ["x,a,2024-06-01 00:00:00", "1,,2024-06-01 00:00:00", "1,a,never"]
SONGS = [
    f"{track},{artists},Album,{name},{popularity},{duration},{genre}"
    for track, artists, name, popularity, duration, genre in product(
        TRACKS[:3], ("A", "B;A", "B; B ;C"), ("T1", '"T, ""2"""'), ("", "0", "50"), ("", "0", "7"), ("pop", "Rock", "folk")
    )
]
BAD_SONGS = [",A,Album,T,1,1,pop", "a,A,Album,T,101,1,pop", "b,A,Album,T,1,-1,pop"]
USERS = [f"{user},{name},{age},{country},2024-01-01" for user, name, age, country in product("123", "PQ", ("", "30"), ("Utopia", "Laputa", ""))]
BAD_USERS = ["x,P,30,Utopia,2024-01-01", "1,P,12,Utopia,2024-01-01"]
NAMES = ("one.csv", "two.csv", "three.csv")

# Where a worker may be cut: what durable state it passes, and what it has looked at since.
CUTS = (
    "run.begun run.ended ledger.written ledger.committed ledger.looked lake.looked lake.synced lake.metadata_written"
    " lake.committed load.staged load.table_appended load.appended load.recorded compute.staged compute.table_replaced"
    " compute.replaced compute.recorded engine.looked publish.day_written publish.recorded files.file_written"
    " storage.part_written storage.linked storage.moved archive.claimed archive.moved archive.released"
).split()


def lines(good: list[str], bad: list[str], most: int) -> st.SearchStrategy[tuple[str, ...]]:
    """Rows, few of them bad."""
    many = good * (1 + 12 * len(bad) // len(good))
    return st.lists(st.sampled_from(many + bad), min_size=1, max_size=most).map(tuple)


names = st.sampled_from(NAMES)
headed = st.sampled_from([True] * 15 + [False])
streams = st.builds(Deliver, st.just("streams"), names, lines(LISTENS, BAD_LISTENS, 6), headed)
songs = st.builds(Deliver, st.just("songs"), names, lines(SONGS, BAD_SONGS, 4), headed)
users = st.builds(Deliver, st.just("users"), names, lines(USERS, BAD_USERS, 3), headed)
again = st.builds(Again, st.integers(0, 5), st.one_of(st.none(), names))
deliveries = st.one_of(streams, streams, streams, songs, songs, users, again, again)
contracts = st.builds(Contract, st.sampled_from(["supersede", "supersede", "usual", "strict", "short"]))
own_kpis = st.builds(OwnKpi, st.integers(0, 3))
world: st.SearchStrategy[World] = st.one_of(
    *[deliveries] * 9, contracts, contracts, own_kpis, st.builds(SecondSink)
)
cuts = st.builds(
    Cut,
    at=st.sampled_from(CUTS),
    skip=st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5, 8]),
    happens=st.one_of(st.just(()), st.just(()), st.lists(deliveries, min_size=1, max_size=1).map(tuple)),
    kill=st.sampled_from([False, False, False, True]),
    to=st.integers(0, 3),
)
program = st.lists(st.sampled_from([*STEPS, "load", "compute", "publish", "run"]), min_size=1, max_size=2).map(tuple)
together = st.builds(
    Together,
    programs=st.one_of(*(st.lists(program, min_size=number, max_size=number).map(tuple) for number in (1, 2, 2, 3, 4))),
    cuts=st.lists(cuts, max_size=4).map(tuple),
    polite=st.sampled_from([False, False, False, True]),
)
KPIS: dict[str, tuple[str, ...]] = {
    "genres": ("genre_daily", "top_songs_daily"),
    "tracks": ("track_daily", "genre_totals"),
    "charts": ("top_genres_daily", "top_artist_hourly", "top_artist_hour_of_day"),
    "users": ("user_daily", "user_totals"),
    "hours": ("hourly", "hour_of_day"),
}
"""The built-in KPIs, a few at a time: each is in many histories, and none costs the time of all."""
histories: st.SearchStrategy[History] = st.builds(
    History,
    kpis=st.sampled_from(sorted(KPIS)),
    events=st.lists(st.one_of(world, world, together), min_size=2, max_size=8).map(tuple),
)
Histories = st.SearchStrategy[History]
Anything = Any
