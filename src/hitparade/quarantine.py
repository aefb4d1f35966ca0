"""quarantine: what lies there and why, and what becomes of it: judged anew, or put away for good.

The ledger is told first and the file moves second. So whatever was cut off can be told from the two: a file that the
ledger calls released or discarded and that still lies in quarantine is on its way, and the next call takes it there.
A released file is a new delivery when it is judged; the old one keeps its number, and says who let it go and why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from hitparade import log
from hitparade.errors import ConfigError
from hitparade.faults import point
from hitparade.landing.claim import contents, folder_of
from hitparade.landing.discover import waiting
from hitparade.model import DATASETS, Blob, Dataset, Delivery, Problem, Settled
from hitparade.steps.archive import Archived, archive, place_of, row_problems
from hitparade.steps.load import Loaded, load
from hitparade.workspace import Workspace

REPORT = ".report.json"
Fate = Literal["released", "discarded", "gone", "taken"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that the ledger has put in quarantine: what it says of it, where it belongs, and where its bytes lie.

    `blob` is None where they are not found; it is in the landing zone while archive has not moved it. With another
    status than `quarantined` the file is on its way out.
    """

    delivery: Delivery
    place: str
    blob: Blob | None

    @property
    def on_its_way(self) -> bool:
        """Whether the ledger has let it go, and the file has not moved."""
        return self.delivery.status != "quarantined"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one file: `fate`, and where it is now or what is in its way."""

    seq: int
    name: str
    fate: Fate
    place: str


@dataclass(frozen=True, slots=True)
class Released:
    """What a release did: the files, what became of each by its seq, and what judging and putting them away gave."""

    files: tuple[Settlement, ...]
    outcomes: Mapping[int, str]
    loaded: Loaded
    archived: Archived


# ---- what lies there


def entries(ws: Workspace, *, dataset: Dataset | None = None) -> tuple[Entry, ...]:
    """Files in quarantine, and those on their way out of it, the newest first."""
    found = [
        each
        for status in ("quarantined", "released", "discarded")
        for each in ws.ledger.deliveries(dataset=dataset, status=status)
    ]
    places = {each.seq: place_in_quarantine(ws, each) for each in found}
    folders = {folder_of(place) for place in places.values()}
    lying = {blob.url: blob for folder in folders for blob in ws.storage.list(folder)}
    landed = in_landing(ws) if any(places[each.seq] not in lying for each in found) else {}
    listed = [
        Entry(each, places[each.seq], lying.get(places[each.seq]) or landed.get((each.uri, each.size, each.etag)))
        for each in found
        if each.status == "quarantined" or places[each.seq] in lying
    ]
    return tuple(sorted(listed, key=lambda entry: -entry.delivery.seq))


def in_landing(ws: Workspace) -> Mapping[tuple[str, int, str], Blob]:
    """The files that wait in the landing zone, by what the ledger knows them by."""
    folders = [ws.settings.place(ws.settings.landing.folder(dataset)) for dataset in DATASETS]
    return {
        (ws.uri(blob.url), blob.size, blob.etag): blob for folder in folders for blob in waiting(ws.storage, folder)
    }


def place_in_quarantine(ws: Workspace, delivery: Delivery) -> str:
    """Where a quarantined file lies."""
    return place_of(ws, delivery.dataset, replace(delivery, status="quarantined"))


def find(ws: Workspace, seq: int) -> Entry:
    """One file of quarantine; ConfigError for any other delivery."""
    for entry in entries(ws):
        if entry.delivery.seq == seq:
            return entry
    raise not_there(seq)


def not_there(seq: int) -> ConfigError:
    """What is said of a delivery that is not in quarantine."""
    return ConfigError(f"delivery {seq} is not in quarantine", hint="hitparade quarantine list says what is")


def problems(ws: Workspace, entry: Entry) -> tuple[Problem, ...]:
    """What was wrong with the rows of a file; what was wrong with the file as a whole is its delivery's `reason`."""
    return row_problems(ws, entry.delivery)


# ---- what becomes of it


@dataclass(frozen=True, slots=True)
class Wish:
    """Which files, by seq, of a dataset or all; and by whom and why."""

    seqs: tuple[int, ...] = ()
    dataset: Dataset | None = None
    by: str = "somebody"
    why: str | None = None

    def reason(self, ws: Workspace, status: Settled, delivery: Delivery) -> str:
        """What the ledger keeps."""
        said = f": {self.why}" if self.why else ""
        was = f"; it was in quarantine for {delivery.reason}" if delivery.reason else ""
        return f"{status} by {self.by} at {ws.clock():%Y-%m-%d %H:%M:%S} UTC{said}{was}"


def release(ws: Workspace, wish: Wish) -> Released:
    """Put files back into the landing zone under their names, and judge what waits there by the contracts in force.

    Of one name the oldest goes first, and is judged before the next takes its place.
    """
    files: list[Settlement] = []
    outcomes: dict[int, str] = {}
    loaded, archived = Loaded(), Archived()
    for seqs in one_of_each_name(choose(ws, wish, "released")) or [()]:
        settled = settle(ws, wish, "released", put_back, ready=is_free, among=seqs)
        judged = load(ws)
        files.extend(settled)
        outcomes.update({each.seq: outcome(ws, each, judged) for each in settled})
        loaded.deliveries.extend(judged.deliveries)
        loaded.failures = judged.failures
        archived.add(archive(ws))
    return Released(tuple(sorted(files, key=lambda each: each.seq)), outcomes, loaded, archived)


def one_of_each_name(listed: Iterable[Entry]) -> list[tuple[int, ...]]:
    """The seqs of files, some at a time: no two of them have one name, and the oldest of a name are first."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for entry in sorted(listed, key=lambda entry: entry.delivery.seq):
        by_name[entry.delivery.uri].append(entry.delivery.seq)
    return [tuple(seq for seq in some if seq is not None) for some in zip_longest(*by_name.values())]


def outcome(ws: Workspace, file: Settlement, judged: Loaded) -> str:
    """What became of a file that was to go back into the landing zone."""
    if file.fate != "released":
        return file.fate
    found = [each.status for each in judged.deliveries if each.uri == ws.uri(file.place)]
    return found[-1] if found else "waits"


def discard(ws: Workspace, wish: Wish) -> tuple[Settlement, ...]:
    """Put files into the archive, where nobody looks at them again."""
    files = settle(ws, wish, "discarded", put_away, ready=lambda _, __: True)
    archive(ws)  # one that still lay in the landing zone, where only archive may take it
    return files


def settle(
    ws: Workspace,
    wish: Wish,
    status: Settled,
    move: Callable[[Workspace, Entry], Settlement],
    *,
    ready: Callable[[Workspace, Entry], bool],
    among: Collection[int] | None = None,
) -> tuple[Settlement, ...]:
    """Tell the ledger of those files that can go, then move them, and those that were told of before.

    With `among`, only those of the files that are wished for.
    """

    def chosen_now() -> list[Entry]:
        return [each for each in choose(ws, wish, status) if among is None or each.delivery.seq in among]

    if not chosen_now():
        return ()
    ws.turn.begin()  # what is chosen now stays as it is until it is written, or the ledger refuses
    chosen = chosen_now()
    new = [entry for entry in chosen if not entry.on_its_way]
    obstructed = [entry for entry in new if entry.blob is not None and not ready(ws, entry)]
    lost = [entry for entry in new if entry.blob is None and status == "released"]
    going = [entry for entry in chosen if entry not in obstructed and entry not in lost]
    reasons = {each.delivery.seq: wish.reason(ws, status, each.delivery) for each in going if not each.on_its_way}
    if reasons:
        ws.ledger.settle(ws.turn.number, status, reasons)
        point("quarantine.settled")
    settled = [
        *(Settlement(each.delivery.seq, each.delivery.name, "gone", each.place) for each in lost),
        *(taken(ws, each) for each in obstructed),
        *(move(ws, each) for each in going),
    ]
    for each in settled:
        log.get_logger().info(f"quarantine.{each.fate}", seq=each.seq, file=each.name, place=each.place)
    return tuple(sorted(settled, key=lambda each: each.seq))


def choose(ws: Workspace, wish: Wish, status: Settled) -> list[Entry]:
    """The files that are wished for and not yet where they are to go; ConfigError for one that cannot go there."""
    listed = {entry.delivery.seq: entry for entry in entries(ws, dataset=wish.dataset)}
    allowed = {seq: entry for seq, entry in listed.items() if entry.delivery.status in ("quarantined", status)}
    if not wish.seqs:
        return list(allowed.values())
    missing = [seq for seq in wish.seqs if seq not in allowed]
    done = {each.seq for each in ws.ledger.deliveries(status=status)} if missing else set()
    for seq in missing:
        if seq in listed:
            other = listed[seq].delivery.status
            raise ConfigError(
                f"delivery {seq} is {other}, and its file is on its way",
                hint=f"hitparade quarantine {'release' if other == 'released' else 'discard'} {seq} goes on with it",
            )
        if seq not in done:
            raise not_there(seq)
    return [allowed[seq] for seq in dict.fromkeys(wish.seqs) if seq in allowed]


def landing_of(ws: Workspace, delivery: Delivery) -> str:
    """Where a file of this name is delivered."""
    return f"{ws.settings.place(ws.settings.landing.folder(delivery.dataset))}/{delivery.name}"


def is_free(ws: Workspace, entry: Entry) -> bool:
    """Whether the name that a file had is free, or the file's own still."""
    found, blob = ws.storage.stat(landing_of(ws, entry.delivery)), entry.blob
    return found is None or (blob is not None and (found.size, found.etag) == (blob.size, blob.etag))


def taken(ws: Workspace, entry: Entry) -> Settlement:
    """A file whose name another has."""
    return Settlement(entry.delivery.seq, entry.delivery.name, "taken", landing_of(ws, entry.delivery))


def put_back(ws: Workspace, entry: Entry) -> Settlement:
    """Move a released file into the landing zone. Its report goes, before it does: another judgement is to come."""
    target, blob = landing_of(ws, entry.delivery), entry.blob
    done = Settlement(entry.delivery.seq, entry.delivery.name, "released", target)
    if blob is None or blob.url == target:
        return done
    ws.storage.remove([f"{entry.place}{REPORT}"])
    if entry.on_its_way and was_judged(ws, entry.delivery, blob):
        ws.storage.medium(blob.url).forget(blob)  # a move was cut off when the copy was there, and went its way since
    elif not ws.storage.move(blob, target) and ws.storage.stat(blob.url) is not None:
        return taken(ws, entry)
    point("quarantine.moved")
    return done


def was_judged(ws: Workspace, delivery: Delivery, blob: Blob) -> bool:
    """Whether the very bytes were delivered under this name and judged since."""
    same = ws.ledger.with_contents(delivery.dataset, [contents(ws.storage, blob)])
    return any(each.name == delivery.name and each.seq > delivery.seq for each in same)


def put_away(ws: Workspace, entry: Entry) -> Settlement:
    """Move a discarded file into the archive, after its report."""
    target = place_of(ws, entry.delivery.dataset, replace(entry.delivery, status="discarded"))
    done = Settlement(entry.delivery.seq, entry.delivery.name, "discarded", target)
    if (report := ws.storage.stat(f"{entry.place}{REPORT}")) is not None:
        ws.storage.move(report, f"{target}{REPORT}")
    blob = entry.blob
    if blob is None or blob.url == landing_of(ws, entry.delivery):
        return done
    if not ws.storage.move(blob, target, cold=True) and ws.storage.stat(blob.url) is not None:
        return Settlement(done.seq, done.name, "taken", target)
    point("quarantine.moved")
    return done
