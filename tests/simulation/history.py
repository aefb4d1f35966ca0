"""What may happen to a workspace: the events of a history, and how they are drawn.

Events say everything about themselves, so a history that fails can be read, and be made smaller by leaving events out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import Literal

from hitparade.model import Dataset

Step = Literal["load", "compute", "publish", "archive", "run", "maintain", "release", "discard"]
Terms = Literal["usual", "supersede", "strict", "short", "fail"]
TERMS: tuple[Terms, ...] = ("supersede", "usual", "strict", "short", "fail")

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
class Replace:
    """A file of streams that waits is replaced by another of its name."""

    which: int
    lines: tuple[str, ...]


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


World = Deliver | Again | Replace | Contract | OwnKpi | SecondSink


@dataclass(frozen=True)
class Cut:
    """Whoever passes a point stops there, once it was passed so many times. Something may happen then.

    Stopped for good, or only until its turn comes again; then another goes on, told by `to`.
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
    """Events, over a choice of the built-in KPIs, a version of the workspace's own, and a contract for streams.

    In the end some are maintained: days after all is done, what nobody needs is removed.
    """

    kpis: str
    own_kpi: int
    terms: Terms
    maintained: bool
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
        TRACKS[:3],
        ("A", "B;A", "B; B ;C"),
        ("T1", '"T, ""2"""'),
        ("", "0", "50"),
        ("", "0", "7"),
        ("pop", "Rock", "folk"),
    )
]
BAD_SONGS = [",A,Album,T,1,1,pop", "a,A,Album,T,101,1,pop", "b,A,Album,T,1,-1,pop"]
USERS = [
    f"{user},{name},{age},{country},2024-01-01"
    for user, name, age, country in product("123", "PQ", ("", "17", "64"), ("Utopia", "Laputa", ""))
]
BAD_USERS = ["x,P,30,Utopia,2024-01-01", "1,P,12,Utopia,2024-01-01"]
NAMES = ("one.csv", "one.csv", "two.csv", "three.csv")

# Where a worker may be cut: where durable state has changed, and where it has looked at something that may be old soon.
SOMETIMES = (
    *("run.ended", "ledger.written", "ledger.committed", "lake.synced", "lake.metadata_written", "lake.committed"),
    *("load.table_appended", "load.recorded", "compute.recorded", "publish.recorded", "files.file_written"),
    *(
        "storage.part_written",
        "storage.linked",
        "storage.moved",
        "archive.claimed",
        "archive.moved",
        "archive.released",
    ),
    *("lake.base", "lake.files", "ledger.load_ids", "ledger.unpublished", "ledger.with_contents", "ledger.newest"),
    *("engine.heard_days", "engine.compute_days"),
)
OFTEN = (
    *("run.begun", "load.staged", "load.appended", "compute.staged", "compute.table_replaced", "compute.replaced"),
    *("publish.day_written", "engine.stored", "load.decided", "compute.decided", "publish.decided", "archive.decided"),
)


COMMANDS: tuple[tuple[Step, ...], ...] = (
    *(("run",), ("run",), ("run",), ("run",), ("run",), ("run",)),
    ("load", "compute"),
    ("compute", "publish"),
    *(("load",), ("compute",), ("publish",), ("archive",)),
    *(("maintain",), ("release",), ("discard",)),
)
NEARLY_DONE = ("publish.decided", "engine.stored", "archive.decided")
# Where whoever stands still has looked at what changes then, so that only a guard keeps what it knows from lasting.
OVERTAKEN: dict[str, tuple[tuple[Step, str], ...]] = {
    "kpi": (("compute", "run.begun"), ("run", "run.begun"), ("run", "lake.base")),
    "streams": (("run", "engine.stored"), ("run", "publish.day_written"), ("run", "load.staged")),
    "songs": (("run", "load.decided"), ("run", "engine.heard_days"), ("run", "load.staged")),
    "days": (("load", "load.decided"), ("run", "load.decided")),
    "name": (("run", "archive.decided"), ("run", "load.decided"), ("run", "load.appended")),
}
KPIS: dict[str, tuple[str, ...]] = {
    "genres": ("genre_daily", "top_songs_daily"),
    "tracks": ("track_daily", "genre_totals"),
    "charts": ("top_genres_daily", "top_artist_hourly", "top_artist_hour_of_day"),
    "users": ("user_daily", "user_totals"),
    "hours": ("hourly", "hour_of_day"),
    "listeners": ("country_daily", "age_band_daily"),
}
"""The built-in KPIs, a few at a time: each is in many histories, and none costs the time of all."""


class Drawing:
    """Draws a history: of a seed always the same. How often each thing comes is chosen so that they meet.

    Where there are sinks elsewhere, workers are mostly cut at their `points`.
    """

    def __init__(self, seed: int, points: Sequence[str] = ()) -> None:
        self.random = Random(seed)
        self.points = points

    def history(self) -> History:
        """A history of some rounds: files come, then workers are at it."""
        kpis, own_kpi = self.random.choice(sorted(KPIS)), self.random.choice([0, 1, 1, 2, 3])
        terms = self.random.choice(TERMS[:2])
        rounds = [self.round() for _ in range(self.random.choice([1, 2, 2]))]
        return History(
            kpis, own_kpi, terms, self.random.random() < 0.25, tuple(event for each in rounds for event in each)
        )

    def round(self) -> list[Event]:
        """Files that come, and workers."""
        if self.random.random() < 0.5:
            return self.overtaking()
        return [*(self.world() for _ in range(self.random.choice([1, 1, 2, 2, 3]))), self.together()]

    def overtaking(self) -> list[Event]:
        """Something changes, one sees it and stands still; it changes again, another does all there is to do, and then
        the first goes on. A catalogue may come when the other is nearly done.
        """
        what = self.random.choice(sorted(OVERTAKEN))
        step, at = self.random.choice(OVERTAKEN[what])
        if self.at_a_sink():
            step, at = "run", self.random.choice(self.points)
        cut = Cut(
            at=at,
            skip=self.random.choice([0, 0, 0, 0, 1]),
            happens=(self.change(what),),
            kill=False,
            to=self.random.choice([0, 1, 1, 1]),
        )
        late = Cut(at=self.random.choice(NEARLY_DONE), skip=0, happens=(self.change("songs"),), kill=False, to=0)
        cuts = (cut, late) if what == "days" or self.random.random() < 0.2 else (cut,)
        done = Together((("run",),), (), polite=False)
        before = [self.change("streams"), self.change("songs"), done][: self.random.choice([0, 3, 3])]
        return [*before, self.change(what), Together(((step,), ("run",)), cuts, polite=False)]

    def change(self, what: str) -> World:
        """A change of a kind."""
        if what == "kpi":
            return OwnKpi(self.random.randint(1, 3))
        if what == "name":
            return Replace(self.random.randrange(3), self.lines(LISTENS, BAD_LISTENS, 5))
        name = self.random.choice(NAMES)
        if what == "songs":
            return Deliver("songs", name, self.lines(SONGS, BAD_SONGS, 4))
        return Deliver("streams", name, self.lines(LISTENS, BAD_LISTENS, 5))

    def world(self) -> World:
        """What happens between the workers' work."""
        drawn = self.random.random()
        if drawn < 0.82:
            return self.delivery()
        if drawn < 0.90:
            return Contract(self.random.choice(TERMS))
        if drawn < 0.96:
            return OwnKpi(self.random.randrange(4))
        return SecondSink()

    def meanwhile(self) -> World:
        """What happens while workers stand still."""
        drawn = self.random.random()
        if drawn < 0.4:
            return Replace(self.random.randrange(3), self.lines(LISTENS, BAD_LISTENS, 5))
        return self.delivery() if drawn < 0.75 else OwnKpi(self.random.randrange(4))

    def delivery(self) -> World:
        """A file, or one that came before."""
        drawn, name = self.random.random(), self.random.choice(NAMES)
        if drawn < 0.15:
            return Again(self.random.randrange(6), self.random.choice([None, name]))
        headed = self.random.random() < 0.95
        if drawn < 0.6:
            return Deliver("streams", name, self.lines(LISTENS, BAD_LISTENS, 5), headed)
        if drawn < 0.88:
            return Deliver("songs", name, self.lines(SONGS, BAD_SONGS, 4), headed)
        return Deliver("users", name, self.lines(USERS, BAD_USERS, 3), headed)

    def lines(self, good: Sequence[str], bad: Sequence[str], most: int) -> tuple[str, ...]:
        """Rows, few of them bad."""
        return tuple(
            self.random.choice(bad if self.random.random() < 0.06 else good)
            for _ in range(self.random.randint(1, most))
        )

    def together(self) -> Together:
        """Workers, and where they are cut."""
        many = self.random.choice([1, 2, 2, 2, 2, 3, 4])
        return Together(
            programs=tuple(self.random.choice(COMMANDS) for _ in range(many)),
            cuts=tuple(self.cut() for _ in range(self.random.randint(2, 5))),
            polite=self.random.random() < 0.2,
        )

    def cut(self) -> Cut:
        """One place where somebody is cut."""
        often = self.random.random() < 0.75
        return Cut(
            at=self.random.choice(self.points if self.at_a_sink() else OFTEN if often else SOMETIMES),
            skip=self.random.choice([0, 0, 0, 0, 0, 1, 1, 2]),
            happens=tuple(self.meanwhile() for _ in range(self.random.choice([0, 1, 1]))),
            kill=self.random.random() < 0.2,
            to=self.random.randrange(4),
        )

    def at_a_sink(self) -> bool:
        """Whether somebody is cut at a sink elsewhere. Without one nothing is drawn, and histories are as they were."""
        return bool(self.points) and self.random.random() < 0.75


def smaller(history: History) -> Iterator[History]:
    """The same history without one of its events, one of its workers, or one of their cuts."""
    events = history.events
    for at, event in enumerate(events):
        before, after = events[:at], events[at + 1 :]
        yield replace(history, events=(*before, *after))
        if isinstance(event, Together):
            for less in smaller_scenes(event):
                yield replace(history, events=(*before, less, *after))


def smaller_scenes(scene: Together) -> Iterator[Together]:
    """The same without one of its workers or cuts, or with less happening at a cut."""
    programs, cuts = scene.programs, scene.cuts
    for at in range(len(programs)):
        yield replace(scene, programs=(*programs[:at], *programs[at + 1 :]))
    for at, cut in enumerate(cuts):
        before, after = cuts[:at], cuts[at + 1 :]
        yield replace(scene, cuts=(*before, *after))
        if cut.happens:
            yield replace(scene, cuts=(*before, replace(cut, happens=()), *after))
        if cut.kill:
            yield replace(scene, cuts=(*before, replace(cut, kill=False), *after))
