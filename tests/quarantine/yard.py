"""What tests of quarantine do and look at, whatever the medium."""

from __future__ import annotations

from collections.abc import Sequence

from hitparade import faults, quarantine
from hitparade.contracts.reference import EXAMPLE
from hitparade.quarantine import Entry, Released, Settlement, Wish
from tests.shop import HEADERS, Shop

GOOD, BAD = "1,a,2024-06-25 10:00:00", "2,a,no time at all"
NAME = "streams1.csv"


class Killed(BaseException):
    """The process is no more."""


def csv_of(*rows: str) -> bytes:
    """A file of streams."""
    return "\n".join([HEADERS["streams"], *rows, ""]).encode()


def strict(shop: Shop) -> None:
    """Have a contract in force that quarantines a file with a bad row."""
    shop.manifest("streams", EXAMPLE)


def lenient(shop: Shop) -> None:
    """Have one in force that loads the good rows of such a file."""
    shop.manifest("streams", EXAMPLE.replace('"quarantine"', '"reject_rows"'))


def with_one(shop: Shop, content: bytes = csv_of(GOOD, BAD)) -> int:
    """Have a file in quarantine; its seq."""
    strict(shop)
    shop.drop("streams", NAME, content)
    shop.run()
    return shop.deliveries()[NAME].seq


def release(shop: Shop, *seqs: int) -> Released:
    """Release files, in a process of its own."""
    with shop.open("quarantine release") as ws:
        return quarantine.release(ws, Wish(seqs, by="ada@lovelace", why="it was mended"))


def discard(shop: Shop, *seqs: int) -> tuple[Settlement, ...]:
    """Discard files, in a process of its own."""
    with shop.open("quarantine discard") as ws:
        return quarantine.discard(ws, Wish(seqs, by="ada@lovelace", why="none of ours"))


def killed_at(shop: Shop, point: str, work: object, *seqs: int) -> None:
    """Begin something and die at a point."""

    def kill(name: str) -> None:
        if name == point:
            raise Killed

    try:
        with faults.watched(kill):
            work(shop, *seqs)  # type: ignore[operator]
    except Killed:
        return
    raise AssertionError(f"{point} was never passed")


def listed(shop: Shop) -> Sequence[Entry]:
    """What lies in quarantine."""
    with shop.open() as ws:
        return quarantine.entries(ws)


def names(shop: Shop) -> dict[str, list[str]]:
    """The files of landing, quarantine and archive, by their last names."""
    with shop.open() as ws:
        settings = ws.settings
        places = {"landing": settings.landing.streams, "held": settings.quarantine, "archive": settings.archive}
        # The example's contract names a quarantine of its own, in the bucket or the workspace.
        found = {
            name: [url.rsplit("/", 1)[-1] for url in ws.storage.below(settings.place(place))]
            for name, place in places.items()
        }
        own = settings.place_beside(settings.landing.streams, "data/quarantine")
        found["held"] = sorted({*found["held"], *(url.rsplit("/", 1)[-1] for url in ws.storage.below(own))})
        return {name: [each for each in listed if each != "manifest.json"] for name, listed in found.items()}


def statuses(shop: Shop) -> list[str]:
    """The status of each delivery, by seq."""
    with shop.open() as ws:
        return [each.status for each in reversed(ws.ledger.deliveries())]


def listens(shop: Shop) -> int:
    """How many listens count."""
    shop.run()
    return sum(row["listen_count"] for row in shop.show("hourly"))
