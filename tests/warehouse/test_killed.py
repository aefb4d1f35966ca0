"""A process that dies at any step of its work: whoever looks sees old or new, and the next one ends it right."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from hitparade import pipeline
from hitparade.cli.app import run
from hitparade.cli.door import LATER
from hitparade.sinks.warehouse.credentials import without_secrets
from hitparade.workspace import Workspace
from tests.shop import Shop
from tests.together import forked, until
from tests.warehouse.gate import COMMIT, LONGEST, ROWS, Gate, How, When, gate_to, step
from tests.warehouse.places import Place, assert_same, on_postgres
from tests.warehouse.test_histories import History, distinct

EVERY = int(os.environ.get("HITPARADE_DEATHS_EVERY", "23"))
"""One of so many steps is died at."""
LISTENS = 'COPY "transformed_streams"'
SONGS = [f"t{number},Ann;Bo,Album,Name {number},{number % 100},{number * 1000},pop" for number in range(60)]
SONGS_AGAIN = [f"t{number},Cy,Album,Other {number},1,1000,rock" for number in range(30, 90)]
USERS = [f"{number},User {number},30,GB,2024-01-01" for number in range(40)]
USERS_AGAIN = [f"{number},Named {number},31,SE,2024-01-01" for number in range(20, 50)]
FIRST = [f"{n % 37},t{n % 60},2024-06-0{1 + n % 2} {n % 24:02}:{n % 60:02}:00" for n in range(900)]
# Another day, more of one that is there, some of it there already, and a correction that leaves one without listens.
SECOND = [f"{n % 41},t{n % 90},2024-06-0{2 + n % 2} {n % 24:02}:{n % 60:02}:30" for n in range(2_000)] + FIRST[:100]
CORRECTED = ["1,t1,2024-06-09 10:00:00", "1,t2,2024-06-02 10:00:00"]
CORRECTION = ["1,t1,2024-06-02 10:00:00"]

PARTS: Mapping[str, Mapping[str, str]] = {
    "songs": {
        "raw_songs": "*",
        "transformed_songs": "*",
        "song_genres": "*",
        "song_artists": "*",
        "hitparade_deliveries": "load_id, uri, rows WHERE dataset = 'songs'",
    },
    "users": {
        "raw_users": "*",
        "transformed_users": "*",
        "hitparade_deliveries": "load_id, uri, rows WHERE dataset = 'users'",
    },
    "days": {
        "transformed_streams": "*",
        "hitparade_deliveries": "load_id, listen_date, uri, rows WHERE dataset = 'streams'",
        "hitparade_publications": "part, listen_date, rows",
        **{
            f"kpi_{name}": "*"
            for name in (
                *("genre_daily", "top_songs_daily", "top_genres_daily", "track_daily"),
                *("user_daily", "hourly", "top_artist_hourly"),
            )
        },
    },
}
"""What becomes true at once, and where it is to be seen."""
Seen = Mapping[str, Any]


def look(place: Place) -> Seen:
    """What anyone sees at one moment, each part of it as a whole; a table that is not there has no rows."""
    with psycopg.connect(place.direct) as db:
        db.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        db.execute(f"SET search_path TO {place.schema}")
        return {part: [rows_of(db, name, what) for name, what in tables.items()] for part, tables in PARTS.items()}


def rows_of(db: psycopg.Connection, table: str, what: str) -> list[Any]:
    if db.execute("SELECT to_regclass(%s)", [table]).fetchone() == (None,):
        return []
    columns, _, condition = what.partition(" WHERE ")
    return sorted(db.execute(f"SELECT {columns} FROM {table} WHERE {condition or 'TRUE'}").fetchall(), key=repr)


@dataclass(slots=True)
class Deaths:
    """A workspace that publishes through a gate, and what was seen of the warehouse at each death."""

    shop: Shop
    place: Place
    gate: Gate
    seen: list[tuple[str, Seen]] = field(default_factory=list)

    def work(self, *steps: Callable[[Workspace], object]) -> None:
        """Take some steps, and live."""
        self.gate.open()
        with self.shop.open() as ws:
            for each in steps:
                each(ws)

    def die_all_along(self) -> None:
        """Publish, and die at one step after the other, until nothing is left to be done."""
        self.see("nothing")
        start = 1
        while (said := self.die(from_now_and_then(start), "before")) is not None:
            number, moved = len(self.gate.told), self.moved()
            for how in HOWS.get(said, ()):
                self.die(step(number), how)
                moved = moved or self.moved()
            start = 1 if moved else number + 1

    def see(self, said: str) -> None:
        """Look, and find no third state of anything."""
        self.seen.append((said, look(self.place)))
        for part in PARTS:
            states = [seen[part] for _, seen in self.seen]
            others = [state for state in states if state != states[0]]
            third = [
                table
                for table, *found in zip(PARTS[part], *others, strict=True)
                if any(rows != found[0] for rows in found)
            ]
            assert third == [], f"{part}: {said}"

    def moved(self) -> bool:
        """Whether the warehouse is another than before the last death."""
        return self.seen[-1][1] != self.seen[-2][1]

    def die(self, when: When, how: How) -> str | None:
        """Publish and die at a step; what was said at it, None when there was no such step."""
        self.gate.stop(when, how)
        process = forked(publish, str(self.shop.root / "hitparade.toml"))
        try:
            assert until(lambda: self.gate.reached.is_set() or not process.is_alive(), seconds=LONGEST)
            if not self.gate.reached.is_set():
                process.join()
                assert process.exitcode == 0
                return None
            said = self.gate.told[-1]
            self.see(f"{how} {said}")
            return said
        finally:
            process.kill()
            process.join()
            self.gate.cut()


HOWS: Mapping[str, tuple[How, ...]] = {COMMIT: ("unanswered",), ROWS: ("within",)}
"""How else than before it a process may die at a step."""


def from_now_and_then(start: int) -> When:
    """At a step of those from `start` on that is one of so many, or ends a transaction, or has listens on their way."""

    def when(told: Sequence[str]) -> bool:
        chosen = len(told) % EVERY == 0 or told[-1] == COMMIT or (told[-1] == ROWS and LISTENS in told[-2])
        return len(told) >= start and chosen

    return when


def publish(config: str) -> None:
    sys.exit(run(["publish", "--config", config]))


def assert_old_or_new(deaths: Deaths) -> None:
    """Each part was as at the beginning until it was as in the end."""
    old, new = deaths.seen[0][1], look(deaths.place)
    for part in PARTS:
        assert old[part] != new[part], part
        changed = [said for said, seen in deaths.seen if seen[part] != old[part]]
        assert [said for said, seen in deaths.seen if seen[part] == new[part]] == changed, part
        assert changed == [said for said, _ in deaths.seen[len(deaths.seen) - len(changed) :]], part


@pytest.fixture(params=["copy", "compute"])
def deaths(request: pytest.FixtureRequest, postgres_url: str, tmp_path: Path) -> Iterator[Deaths]:
    direct = on_postgres(postgres_url)
    folder = direct.direct.partition("host=")[2]
    with gate_to(Path(folder)) as gate:
        url = direct.url.replace(folder, str(gate.folder)) + f"&kpis={request.param}"
        shop = Shop(tmp_path, settings=f'sinks = ["{url}"]')
        History(shop, direct).names_are_corrections()
        shop.deliver("songs", "songs.csv", SONGS)
        shop.deliver("users", "users.csv", USERS)
        shop.deliver("streams", "first.csv", FIRST)
        shop.deliver("streams", "corrected.csv", CORRECTED)
        yield Deaths(shop, Place(url, direct.direct, direct.schema), gate)


@pytest.mark.parametrize(("deaths", "computed"), [("copy", False), ("compute", True)], indirect=["deaths"])
def test_kpis_are_copied_or_computed_there(deaths: Deaths, computed: bool) -> None:
    deaths.work(pipeline.run)

    assert any('"batch_plays"' in said for said in deaths.gate.told) == computed
    assert any('COPY "kpi_hourly"' in said for said in deaths.gate.told) != computed


@pytest.mark.parametrize("deaths", ["copy"], indirect=True)
def test_a_first_load_that_dies_at_every_step(deaths: Deaths) -> None:
    deaths.work(pipeline.load, pipeline.compute)

    deaths.die_all_along()

    assert_old_or_new(deaths)
    deaths.work(pipeline.run)
    assert_same(deaths.shop, deaths.place)
    assert deaths.place.listens() == distinct(FIRST + CORRECTED)


def test_a_load_of_more_that_dies_at_every_step(deaths: Deaths) -> None:
    deaths.work(pipeline.run)
    deliver_more(deaths.shop)
    deaths.work(pipeline.load, pipeline.compute)

    deaths.die_all_along()

    assert_old_or_new(deaths)
    deaths.work(pipeline.run)
    assert_same(deaths.shop, deaths.place)
    assert deaths.place.listens() == distinct(FIRST + SECOND + CORRECTION)


def listens_on_their_way(told: Sequence[str]) -> bool:
    return told[-1] == ROWS and LISTENS in told[-2]


def the_days_are_committed(told: Sequence[str]) -> bool:
    return told[-1] == COMMIT and any(LISTENS in each for each in told)


@pytest.mark.parametrize("deaths", ["copy"], indirect=True)
@pytest.mark.parametrize(
    ("when", "how", "part"),
    [(listens_on_their_way, "within", "old"), (the_days_are_committed, "unanswered", "new")],
    ids=["as listens are copied", "between the commit there and the ledger's"],
)
def test_a_command_that_is_killed(deaths: Deaths, when: When, how: How, part: str) -> None:
    deaths.work(pipeline.load, pipeline.compute)
    deaths.gate.stop(when, how)
    with command(deaths.shop) as process:
        assert deaths.gate.reached.wait(LONGEST)
        process.kill()
        process.wait()
        deaths.gate.cut()

    days = look(deaths.place)["days"]
    deaths.work(pipeline.run)
    assert (days == look(deaths.place)["days"]) == (part == "new")
    assert any(rows for rows in days) == (part == "new")
    assert_same(deaths.shop, deaths.place)
    assert deaths.place.listens() == distinct(FIRST + CORRECTED)


@pytest.mark.parametrize("deaths", ["copy"], indirect=True)
@pytest.mark.parametrize("when", [listens_on_their_way, the_days_are_committed])
def test_a_server_that_ends_the_session_is_an_error_to_try_again_after(deaths: Deaths, when: When) -> None:
    deaths.work(pipeline.load, pipeline.compute)
    deaths.gate.stop(when)
    with command(deaths.shop) as process:
        assert deaths.gate.reached.wait(LONGEST)
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hitparade'"
        assert deaths.place.rows(ended) == [(True,)]
        deaths.gate.go_on()
        _, said = process.communicate(timeout=LONGEST)

    assert process.returncode == LATER
    error, hint = [line for line in said.splitlines() if not line.startswith("{")]
    assert error.startswith(f"error: {without_secrets(deaths.place.url)}: ")
    # What the server said last may be lost with the connection.
    assert "administrator command" in error or "closed the connection" in error
    assert hint == "  next: see that the server is there and has room, then run again"
    assert not any(rows for rows in look(deaths.place)["days"])
    deaths.work(pipeline.run)
    assert_same(deaths.shop, deaths.place)
    assert deaths.place.listens() == distinct(FIRST + CORRECTED)


def command(shop: Shop) -> subprocess.Popen[str]:
    """A publish as its users start it."""
    config = str(shop.root / "hitparade.toml")
    return subprocess.Popen(
        [sys.executable, "-m", "hitparade", "publish", "--config", config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def deliver_more(shop: Shop) -> None:
    """Files after which every part of the warehouse is another."""
    shop.deliver("songs", "again.csv", SONGS_AGAIN)
    shop.deliver("users", "again.csv", USERS_AGAIN)
    shop.deliver("streams", "second.csv", SECOND)
    shop.deliver("streams", "corrected.csv", CORRECTION)
