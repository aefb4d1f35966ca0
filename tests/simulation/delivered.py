"""What was delivered, and what the ledger must say of it: plain Python over bytes, in the order of the ledger.

Shares no code with the product. Of the ledger it takes the order in which deliveries were committed and the contract
each was judged by; everything else it says itself: which rows are good, what becomes of each file, which rows count.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.simulation.reference import Delivered, Listen, Track, User

Record = dict[str, str]


@dataclass
class Drop:
    """A file that was put into the landing zone; `lost` when its producer put another in its place there."""

    dataset: str
    name: str
    content: bytes
    lost: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """Whose file it is, what it is called, and its bytes."""
        return self.dataset, self.name, digest(self.content)


@dataclass(frozen=True)
class Entry:
    """A row of the ledger, as far as it is believed: `terms` is the manifest it was judged by."""

    seq: int
    dataset: str
    name: str
    sha256: str
    status: str
    rows: tuple[int, int, int]
    terms: Mapping[str, Any] | None


@dataclass
class Accounts:
    """What follows from the deliveries in their order."""

    kept: dict[str, dict[int, tuple[str, str]]] = field(
        default_factory=lambda: {"streams": {}, "songs": {}, "users": {}}
    )
    rows: dict[int, list[Record]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def expect(self, holds: bool, entry: Entry, wanted: str) -> None:
        """Note what is not as it must be."""
        if not holds:
            self.problems.append(f"{wanted}: {entry}")

    def delivered(self) -> Delivered:
        """The rows that count."""
        found = Delivered()
        for seq in sorted(self.kept["streams"]):
            found.listens.update(map(listen, self.rows[seq]))
        for seq in sorted(self.kept["songs"]):
            found.tracks.update(tracks(self.rows[seq]))
        for seq in sorted(self.kept["users"]):
            found.users.update(people(self.rows[seq]))
        return found

    def listens_loaded(self) -> Counter[Any]:
        """Rows of streams in effect, by day, repeats too."""
        return Counter(listen(row).at.date() for seq in self.kept["streams"] for row in self.rows[seq])


def digest(content: bytes) -> str:
    """A content's name in the ledger."""
    return hashlib.sha256(content).hexdigest()


def account(drops: Sequence[Drop], ledger: Iterable[Entry], manifests: Sequence[Mapping[str, Any]]) -> Accounts:
    """Judge everything that the ledger says was delivered, in its order, and hold what it says against that."""
    accounts, contents = Accounts(), {drop.key: drop.content for drop in drops}
    entries = sorted(ledger, key=lambda entry: entry.seq)
    for entry in entries:
        content = contents.get((entry.dataset, entry.name, entry.sha256))
        if content is None:
            accounts.problems.append(f"nobody delivered this: {entry}")
        elif entry.status == "duplicate":
            accounts.expect(repeats(accounts, entry, same_name=False), entry, "not in effect, so no duplicate")
            accounts.expect(entry.rows == (0, 0, 0), entry, "a duplicate has no rows")
        else:
            accounts.expect(entry.terms is None or entry.terms in manifests, entry, "nobody wrote that contract")
            judge(accounts, entry, content)
    for entry in entries:
        if entry.status in ("loaded", "superseded"):
            stands = "loaded" if entry.seq in accounts.kept[entry.dataset] else "superseded"
            accounts.expect(entry.status == stands, entry, f"should be {stands}")
    accounts.problems.extend(uncounted(drops, entries))
    return accounts


def judge(accounts: Accounts, entry: Entry, content: bytes) -> None:
    """What becomes of a file that is not in effect yet."""
    schema = (entry.terms or {}).get("schema", {})
    supersedes = schema.get("on_redelivery") == "supersede"
    read, good = rows_of(content, entry.dataset)
    if is_refused(read, good, schema):
        accounts.expect(entry.status in ("quarantined", "released", "discarded"), entry, "should be in quarantine")
        accounts.expect(entry.rows == (read or 0, 0, read or 0), entry, f"has {read} rows")
        return
    accounts.expect(not repeats(accounts, entry, same_name=supersedes), entry, "was in effect already")
    accounts.expect(entry.status in ("loaded", "superseded"), entry, "should be loaded")
    accounts.expect(
        entry.rows == (read, len(good), (read or 0) - len(good)), entry, f"has {read} rows, {len(good)} good"
    )
    kept = accounts.kept[entry.dataset]
    if supersedes:
        for seq in [seq for seq, (name, _) in kept.items() if name == entry.name]:
            del kept[seq]
    kept[entry.seq] = (entry.name, entry.sha256)
    accounts.rows[entry.seq] = good


def repeats(accounts: Accounts, entry: Entry, *, same_name: bool) -> bool:
    """Whether the very bytes are in effect; of a catalogue only its newest delivery is asked."""
    kept = accounts.kept[entry.dataset]
    asked = kept if entry.dataset == "streams" else {seq: kept[seq] for seq in sorted(kept)[-1:]}
    return any(sha256 == entry.sha256 and (name == entry.name or not same_name) for name, sha256 in asked.values())


def uncounted(drops: Sequence[Drop], entries: Sequence[Entry]) -> Iterable[str]:
    """Files that the ledger never heard of, or that it has loaded more often than they came."""
    known = Counter((entry.dataset, entry.name, entry.sha256) for entry in entries)
    loaded = Counter(
        (entry.dataset, entry.name, entry.sha256) for entry in entries if entry.status in ("loaded", "superseded")
    )
    came = Counter(drop.key for drop in drops)
    for drop in drops:
        if not drop.lost and not known[drop.key]:
            yield f"the ledger does not know {drop}"
    for key, times in loaded.items():
        if times > came[key]:
            yield f"came {came[key]} times and was loaded {times} times: {key}"


# ---- reading files


def rows_of(content: bytes, dataset: str) -> tuple[int | None, list[Record]]:
    """How many rows a file has (None when its header is wrong), and the good ones."""
    reader = csv.DictReader(io.StringIO(content.decode()))
    if not set(COLUMNS[dataset]) <= set(reader.fieldnames or ()):
        return None, []
    rows = [{name: value.strip() for name, value in row.items()} for row in reader]
    return len(rows), [row for row in rows if all(re.fullmatch(COLUMNS[dataset][name], row[name]) for name in row)]


COLUMNS: Mapping[str, Mapping[str, str]] = {
    "streams": {"user_id": r"-?\d+", "track_id": ".+", "listen_time": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"},
    "songs": {
        "track_id": ".+",
        "artists": ".*",
        "album_name": ".*",
        "track_name": ".*",
        "popularity": r"|\d|\d\d|100",
        "duration_ms": r"\d*",
        "track_genre": ".*",
    },
    "users": {
        "user_id": r"-?\d+",
        "user_name": ".*",
        "user_age": r"|1[3-9]|[2-9]\d|1[01]\d|120",
        "user_country": ".*",
        "created_at": r"|\d{4}-\d\d-\d\d",
    },
}
"""What the values of each column look like."""


def is_refused(read: int | None, good: Sequence[Record], schema: Mapping[str, Any]) -> bool:
    """Whether a contract puts a file into quarantine as a whole."""
    if read is None or read > schema.get("max_rows", read):
        return True
    bad = read - len(good)
    validation = schema.get("validation", {})
    if validation.get("on_error", "quarantine") in ("quarantine", "fail"):
        return bad > 0
    return read > 0 and bad / read > validation.get("max_rejected_ratio", 1)


def number(text: str) -> int | None:
    """A number, or nothing."""
    return int(text) if text else None


def listen(row: Record) -> Listen:
    """A row of streams."""
    return Listen(int(row["user_id"]), row["track_id"], datetime.fromisoformat(row["listen_time"]))


def tracks(rows: Iterable[Record]) -> dict[str, Track]:
    """The tracks of a file: attributes from a track's first row, genres in the order of its rows."""
    found: dict[str, Track] = {}
    for row in rows:
        known = found.setdefault(
            row["track_id"],
            Track(row["track_name"], row["artists"], number(row["popularity"]), number(row["duration_ms"]), []),
        )
        genre = row["track_genre"].lower()
        if genre and genre not in known.genres:
            known.genres.append(genre)
    return found


def people(rows: Iterable[Record]) -> dict[int, User]:
    """The users of a file, each by its first row."""
    found: dict[int, User] = {}
    for row in rows:
        found.setdefault(int(row["user_id"]), User(number(row["user_age"]), row["user_country"] or None))
    return found


def manifest_of(text: str | None) -> Mapping[str, Any] | None:
    """A manifest from its text."""
    found: Mapping[str, Any] | None = None if text is None else json.loads(text)
    return found
