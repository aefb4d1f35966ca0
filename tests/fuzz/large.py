"""Files that are too large in some way: bombs, endless lines, thousands of columns."""

from __future__ import annotations

import gzip
import io
import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hitparade.config import read_settings
from hitparade.steps.load import load
from hitparade.workspace import open_workspace
from tests.fuzz.loading import in_time, workspace
from tests.fuzz.manifests import BY_NAME, KEYS, Kind, rejecting

HEADER = b"user_id,track_id,listen_time\n"
ROW = b"1,t,2024-06-25 17:43:13\n"
MB = 1 << 20
LONG = "\U0001f600".encode() * 16_384
TRIMMED = Kind("trimmed", "streams", {"fields": KEYS, "validation": rejecting(), "max_bytes": 8 * MB})


@dataclass(frozen=True, slots=True)
class Large:
    """A file, made only where it is delivered, and what should become of it: its status, rows read and rows loaded."""

    make: Callable[[], bytes]
    wanted: tuple[str, int, int]
    rule: str = ""
    gz: bool = False
    kind: Kind = BY_NAME["plain"]


@dataclass(frozen=True, slots=True)
class Took:
    """What became of a large file, why, and what it took."""

    came: tuple[str, int, int]
    why: str
    seconds: float
    peak_mb: int


def bomb(*parts: tuple[bytes, int]) -> bytes:
    """Pieces, each so many times, packed as they come."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as file:
        for piece, times in parts:
            several = piece * max(1, min(times, MB // len(piece)))
            for _ in range(times * len(piece) // len(several)):
                file.write(several)
            file.write(several[: times * len(piece) % len(several)])
    return packed.getvalue()


def wide(columns: int, rows: int, *, start: bytes = b"") -> bytes:
    """A file of many columns more than it needs."""
    names = b"".join(b",c%d" % number for number in range(columns))
    return HEADER.strip() + names + b"\n" + start + rows * (ROW.strip() + b",x" * columns + b"\n")


def on_many_lines(columns: int, lines: int) -> bytes:
    """A row of many long fields, each of so many lines of a thousand characters."""
    field = [(b',"', 1), (b"x" * 999 + b"\n", lines), (b'"', 1)]
    return bomb((HEADER.strip() + b",x" * columns + b"\n" + ROW.strip(), 1), *field * columns, (b"\n" + ROW, 1))


def long_tracks(length: int, rows: int, *, start: bytes = b"") -> bytes:
    """Rows whose track_id is long."""
    return HEADER + start + b"".join(b"%d,%b,2024-06-25 17:43:13\n" % (n, b"t" * length) for n in range(rows))


LARGE: Mapping[str, Large] = {
    "a bomb of good rows": Large(
        lambda: bomb((HEADER, 1), (ROW, 1_000_000)), ("loaded", 1_000_000, 1_000_000), gz=True
    ),
    "a bomb of good rows and a NUL": Large(
        lambda: bomb((HEADER, 1), (ROW, 200_000), (b"1,\0,\n", 1)), ("loaded", 200_001, 200_000), gz=True
    ),
    "a bomb of bad rows": Large(
        lambda: bomb((HEADER, 1), (b"x,,2024-02-30\n", 200_000)), ("quarantined", 200_000, 0), "max_rej", gz=True
    ),
    "a bomb of NULs": Large(lambda: bomb((HEADER, 1), (b"\0", 200 * MB)), ("quarantined", 0, 0), "csv_file", gz=True),
    "a bomb without a header": Large(lambda: bomb((b"a", 200 * MB)), ("quarantined", 0, 0), "header", gz=True),
    "a bomb of blank lines": Large(lambda: bomb((HEADER, 1), (b"\r\n", 4_000_000)), ("loaded", 0, 0), gz=True),
    "a bomb of commas": Large(
        lambda: bomb((HEADER, 1), (b",", 15 * MB), (b"\n", 1), (ROW, 2)), ("loaded", 3, 2), gz=True
    ),
    "a bomb of quotes": Large(
        lambda: bomb((HEADER + ROW + ROW, 1), (b'"', 15 * MB), (b"\n" + ROW, 1)), ("loaded", 4, 3), gz=True
    ),
    "a bomb of an open quote": Large(
        lambda: bomb((HEADER + b'1,"', 1), (b"x\n", MB // 8), (ROW, 9)),
        ("quarantined", 122_889, 0),
        "max_rej",
        gz=True,
    ),
    "a bomb of rows on many lines": Large(
        lambda: on_many_lines(10_000, 16), ("quarantined", 0, 0), "csv_file", gz=True
    ),
    "a bomb of long fields": Large(
        lambda: bomb((HEADER + b"\0\n", 1), (b"1," + LONG + b",2024-06-25 17:43:13\n", 1200)),
        ("loaded", 1201, 1200),
        gz=True,
    ),
    "a bomb that is larger than allowed": Large(
        lambda: bomb((HEADER, 1), (ROW, 10_000_000)), ("quarantined", 0, 0), "max_bytes", gz=True, kind=TRIMMED
    ),
    "a line of 10 MB": Large(lambda: HEADER + ROW + b"2," + b"t" * 10 * MB + b",x\n" + ROW, ("loaded", 3, 2)),
    "a line of 20 MB": Large(lambda: HEADER + ROW + b"x" * 20 * MB + b"\n", ("quarantined", 0, 0), "csv_file"),
    "a field of 20 KB": Large(lambda: long_tracks(20_000, 1) + ROW, ("loaded", 2, 1)),
    "a field of 20 KB and a NUL": Large(lambda: long_tracks(20_000, 1, start=ROW * 2) + b"\0\n", ("loaded", 4, 2)),
    "10,000 columns": Large(lambda: wide(10_000, 100), ("loaded", 100, 100)),
    "10,000 columns and bad rows": Large(lambda: wide(10_000, 100, start=b"1,2\nx\0\n"), ("loaded", 102, 100)),
    "120,000 columns": Large(lambda: wide(120_000, 3), ("quarantined", 0, 0), "header"),
}


def read_large(title: str, content: bytes, folder: str) -> Took:
    """Load a large file, in this process."""
    large = LARGE[title]
    shop = workspace(Path(folder), large.kind)
    path = shop.landing("streams") / ("large.csv.gz" if large.gz else "large.csv")
    path.write_bytes(content)
    settings = read_settings(shop.root / "hitparade.toml")
    begun = time.monotonic()
    with in_time(), open_workspace(settings, command="fuzz") as ws:
        load(ws)
        (delivery,) = ws.ledger.deliveries()
    return Took(
        (delivery.status, delivery.rows_read, delivery.rows_loaded),
        delivery.reason or "",
        time.monotonic() - begun,
        peak_mb(),
    )


def peak_mb() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
