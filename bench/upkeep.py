"""Part i: a thousand runs of one small file each on one lake, left alone, and with `hitparade maintain` now and then.

A small file a run is what an hourly or event-driven delivery comes to, and what lakes of files do worst: each run adds
files to every table it commits to. The files are late ones for ten days, so each run reads all that came for its day.
The time of grace is 0 here, since nothing else reads: as many files go as after a day of it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from bench.progress import say
from bench.result import Measure, Part

LOOKS = (10, 100, 500, 1000)
DAYS, LISTENS, TRACKS, USERS = 10, 200, 2_000, 500
AVERAGED, EVERY = 10, 100
RATIO, FILES_A_TABLE = 1.5, 100
FIRST = date(2025, 1, 1)
SONGS = "track_id,artists,album_name,track_name,popularity,duration_ms,track_genre"
STREAMS = "user_id,track_id,listen_time"


@dataclass(frozen=True, slots=True)
class Taken:
    """How long a run took, and how long it had a core."""

    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Look:
    """A lake after some runs: how long one takes and has a core, its files of listens, and all of its files."""

    when: str
    seconds: float
    cpu: float
    listens: int
    files: int


def upkeep(work: Path) -> Part:
    """Both lakes, one after the other."""
    from hitparade import log

    log.set_up(level="error")
    say(f"i: {LOOKS[-1]:,} runs of one small file, left alone")
    alone, neglected = run_all(work / "alone", every=None)
    say(f"  the same with maintain every {EVERY} runs")
    kept, tended = run_all(work / "kept", every=EVERY)
    return Part(
        key="i",
        title=f"{LOOKS[-1]:,} runs of one file of {LISTENS} listens each, late ones of {DAYS} days",
        measures=(
            *measures("left alone", alone),
            Measure("hitparade maintain after all of them", neglected[-1], "s"),
            *measures(f"maintain every {EVERY} runs", kept),
            Measure(f"hitparade maintain after {EVERY} runs", statistics.median(tended), "s"),
            Measure("CPU time of run 1,000 to that of run 10, maintained", kept[-1].cpu / kept[0].cpu, "x", RATIO),
            Measure("files after maintain", alone[-1].files, "files", FILES_A_TABLE * 13),
        ),
    )


def measures(name: str, looks: Sequence[Look]) -> list[Measure]:
    """Each look as four numbers."""
    return [
        measure
        for look in looks
        for measure in (
            Measure(f"{name}, {look.when}: a run", look.seconds, "s"),
            Measure(f"{name}, {look.when}: a run's CPU time", look.cpu, "s"),
            Measure(f"{name}, {look.when}: files of listens", look.listens, "files"),
            Measure(f"{name}, {look.when}: files in the lake", look.files, "files"),
        )
    ]


def run_all(folder: Path, *, every: int | None) -> tuple[list[Look], list[float]]:
    """A thousand runs, and what was seen on the way; how long each maintenance took."""
    prepare(folder)
    looks: list[Look] = []
    times: list[Taken] = []
    kept: list[float] = []
    for number in range(1, LOOKS[-1] + 1):
        times.append(run(folder, number))
        if number in LOOKS:
            looks.append(look(folder, f"run {number:,}", times))
        if every is not None and number % every == 0:
            kept.append(maintain(folder))
    if every is None:
        kept.append(maintain(folder))
        files = look(folder, "after maintain", times)
        later = [run(folder, LOOKS[-1] + number) for number in range(1, AVERAGED + 1)]
        looks.append(replace(files, seconds=median(later).seconds, cpu=median(later).cpu))
        say(f"  {looks[-1]}")
    return looks, kept


def prepare(folder: Path) -> None:
    """A workspace with a catalogue in landing."""
    from hitparade.scaffold import make_workspace

    make_workspace(folder)
    config = folder / "hitparade.toml"
    config.write_text(config.read_text() + "\n[maintain]\nkeep_hours = 0\n")
    tracks = (f"t{each},Artist {each % 300},Album,Song {each},50,200000,genre {each % 40}" for each in range(TRACKS))
    put(folder, "songs", "songs.csv", [SONGS, *tracks])


def put(folder: Path, dataset: str, name: str, lines: Sequence[str]) -> None:
    """Deliver a file."""
    (folder / "data" / dataset / name).write_text("\n".join([*lines, ""]))


def run(folder: Path, number: int) -> Taken:
    """Deliver a file and run, as a process of its own would but for its start."""
    from hitparade import pipeline
    from hitparade.config import read_settings
    from hitparade.workspace import open_workspace

    day = FIRST + timedelta(days=number % DAYS)
    rows = (
        f"{(number * 7 + row) % USERS},t{(number * 13 + row * 31) % TRACKS},{day} {row % 24:02}:{number % 60:02}:00"
        for row in range(LISTENS)
    )
    put(folder, "streams", f"{number:05}.csv", [STREAMS, *rows])
    started, cpu = time.perf_counter(), time.process_time()
    with open_workspace(read_settings(folder / "hitparade.toml"), command="run") as ws:
        pipeline.run(ws)
    return Taken(time.perf_counter() - started, time.process_time() - cpu)


def median(times: Sequence[Taken]) -> Taken:
    """Of the last runs."""
    last = times[-AVERAGED:]
    return Taken(statistics.median(each.seconds for each in last), statistics.median(each.cpu for each in last))


def maintain(folder: Path) -> float:
    """Maintain; how long that took."""
    from hitparade.config import read_settings
    from hitparade.maintain import maintain
    from hitparade.workspace import open_workspace

    started = time.perf_counter()
    with open_workspace(read_settings(folder / "hitparade.toml"), command="maintain") as ws:
        maintain(ws)
    return time.perf_counter() - started


def look(folder: Path, when: str, times: Sequence[Taken]) -> Look:
    """The lake now."""
    from hitparade.config import read_settings
    from hitparade.workspace import open_workspace

    with open_workspace(read_settings(folder / "hitparade.toml"), command="look") as ws:
        listens = len(ws.lake.files("listens"))
    files = sum(1 for path in (folder / "lake").rglob("*") if path.is_file())
    seen = Look(when, median(times).seconds, median(times).cpu, listens, files)
    say(f"  {seen}")
    return seen
