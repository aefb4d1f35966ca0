"""The bulk of a sample: clean stream files of any size, drawn by DuckDB in segments of bounded memory.

A listen is a function of seed, day and number, so files can be written one by one, in any number, and hold
the same listens. A few natural repeats (the same user, track and second) happen; they are counted, not
removed, so that a sample has exactly as many rows as asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hitparade.sample import shape
from hitparade.sample.places import appearing
from hitparade.sample.seeds import key, shuffle
from hitparade.sample.spec import SampleSpec

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

COLUMNS = ("user_id", "track_id", "listen_time")
MEMORY_LIMIT = "512MB"


@dataclass(frozen=True, slots=True, order=True)
class Listen:
    """What makes a listen one listen, however its row is spelled. `listened_at` is in UTC."""

    user_id: int
    track_id: str
    listened_at: datetime


class Drawer:
    """Draws listens on a DuckDB connection whose `tracks` table turns a track's number into its id."""

    def __init__(self, connection: DuckDBPyConnection, spec: SampleSpec, track_ids: Sequence[str]) -> None:
        import pyarrow as pa

        self._connection = connection
        self._spec = spec
        users, tracks = shuffle(spec.seed, "users", spec.users), shuffle(spec.seed, "tracks", spec.tracks)
        self._settings: dict[str, Any] = {
            "users": spec.users,
            "user_bend": shape.user_bend(spec.users),
            "user_factor": users.factor,
            "user_shift": users.shift,
            "tracks": spec.tracks,
            "track_bend": shape.track_bend(spec.tracks),
            "track_factor": tracks.factor,
            "track_shift": tracks.shift,
        }
        known = pa.table({"track_number": pa.array(range(spec.tracks), pa.int64()), "track_id": list(track_ids)})
        connection.register("known", known)
        connection.execute("CREATE TEMP TABLE tracks AS SELECT track_number, track_id FROM known")
        connection.unregister("known")
        connection.execute(_sql("drawn"))

    def write(self, path: Path, segments: Sequence[shape.Segment], *, scratch: Path) -> int:
        """Writes one stream file and returns its rows; `scratch` is a folder to work in."""
        piece = scratch / "segment.csv"
        with appearing(path) as part, part.open("wb") as target:
            target.write((",".join(COLUMNS) + "\n").encode())
            for segment in segments:
                self._write_segment(piece, segment)
                with piece.open("rb") as source:
                    shutil.copyfileobj(source, target, 1 << 20)
        piece.unlink(missing_ok=True)
        return sum(segment.stop - segment.first for segment in segments)

    def _write_segment(self, path: Path, segment: shape.Segment) -> None:
        import duckdb

        rows = self._connection.sql(_sql("rows"), params=self._parameters(segment, of_rows=True))
        try:
            rows.write_csv(str(path), header=False)
        except duckdb.IOException as error:
            raise OSError(str(error)) from error

    def distinct(self, day: shape.Day) -> int:
        """How many distinct listens a day has."""
        whole = shape.Segment(day, 0, day.listens)
        ((count,),) = self._connection.execute(_sql("distinct"), self._parameters(whole)).fetchall()
        return int(count)

    def first(self, day: shape.Day, count: int) -> list[Listen]:
        """The first listens of a day, for files that repeat some of the bulk."""
        segment = shape.Segment(day, 0, min(count, day.listens))
        rows = self._connection.sql(_sql("rows"), params=self._parameters(segment, of_rows=True)).fetchall()
        return [Listen(user, track, at.replace(tzinfo=UTC)) for user, track, at in rows]

    def _parameters(self, segment: shape.Segment, *, of_rows: bool = False) -> dict[str, Any]:
        number = segment.day.number
        keys = {f"{what}_key": key(self._spec.seed, f"{what} of day {number}") for what in ("user", "track", "time")}
        span = {"first": segment.first, "stop": segment.stop, "hours": shape.hours(segment.day.date)}
        day: dict[str, date] = {"day": segment.day.date} if of_rows else {}
        return self._settings | keys | span | day


def connect(scratch: Path) -> DuckDBPyConnection:
    """A connection of bounded memory that keeps what it must spill in `scratch`."""
    import duckdb

    return duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(scratch)})


@cache
def _sql(name: str) -> str:
    return resources("hitparade.sample").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
