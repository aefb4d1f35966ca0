"""Files that are released are judged anew, once, whatever happens on the way."""

from __future__ import annotations

import pytest

from hitparade import faults, pipeline, quarantine
from hitparade.errors import ConfigError
from hitparade.standing import standing
from hitparade.storage import Storage
from tests.quarantine.yard import (
    BAD,
    GOOD,
    NAME,
    csv_of,
    discard,
    killed_at,
    lenient,
    listed,
    listens,
    names,
    release,
    statuses,
    strict,
    with_one,
)
from tests.shop import Shop

OTHER = "3,b,2024-06-25 12:00:00"


def mend(shop: Shop, content: bytes) -> None:
    """Put other bytes in the place of the quarantined ones."""
    (entry,) = listed(shop)
    storage = Storage()
    storage.write(entry.place, content)
    storage.close()


def test_a_file_is_loaded_once_its_contract_is_mended(shop: Shop) -> None:
    seq = with_one(shop)
    assert listens(shop) == 0
    lenient(shop)

    done = release(shop, seq)

    assert [(each.seq, each.fate) for each in done.files] == [(1, "released")]
    assert [(each.status, each.rows_loaded, each.rows_rejected) for each in done.loaded.deliveries] == [
        ("loaded", 1, 1)
    ]
    assert statuses(shop) == ["released", "loaded"]
    assert names(shop) == {"landing": [], "held": [], "archive": [f"00000002-{NAME}"]}
    assert listens(shop) == 1
    with shop.open() as ws:
        (old,) = ws.ledger.deliveries(status="released")
        assert old.reason is not None
        assert "released by ada@lovelace at 20" in old.reason
        assert ": it was mended; it was in quarantine for " in old.reason


def test_a_file_is_loaded_once_it_is_mended_itself(disk: Shop) -> None:
    seq = with_one(disk)
    mend(disk, csv_of(GOOD, OTHER))

    release(disk, seq)

    assert statuses(disk) == ["released", "loaded"]
    assert listens(disk) == 2


def test_a_file_that_is_still_wrong_comes_back_under_a_new_number(disk: Shop) -> None:
    release(disk, with_one(disk))

    assert statuses(disk) == ["released", "quarantined"]
    assert names(disk)["held"] == [f"00000002-{NAME}", f"00000002-{NAME}.report.json"]
    assert [entry.delivery.seq for entry in listed(disk)] == [2]


def test_a_file_that_is_quarantined_and_not_moved_yet_is_judged_where_it_lies(shop: Shop) -> None:
    strict(shop)
    shop.drop("streams", NAME, csv_of(GOOD, BAD))
    with shop.open() as ws:
        pipeline.load(ws)
    (entry,) = listed(shop)
    assert entry.blob is not None
    assert entry.blob.url != entry.place
    lenient(shop)

    release(shop, 1)

    assert statuses(shop) == ["released", "loaded"]
    assert listens(shop) == 1


def test_a_released_file_waits_until_it_is_judged(disk: Shop) -> None:
    killed_at(disk, "quarantine.moved", release, with_one(disk))

    with disk.open() as ws:
        (streams,) = (each for each in standing(ws).datasets if each.dataset == "streams")
        assert (streams.waiting, streams.quarantined, streams.released) == (1, 0, 1)
        assert [each.seq for each in standing(ws).settled] == [1]


@pytest.mark.parametrize(
    ("point", "between"),
    [
        ("quarantine.settled", "nothing"),
        ("storage.linked", "nothing"),
        ("storage.linked", "a run"),
        ("storage.moved", "a run"),
        ("quarantine.moved", "nothing"),
        ("quarantine.moved", "a run"),
        ("load.recorded", "nothing"),
        ("archive.claimed", "nothing"),
    ],
)
def test_a_release_that_is_cut_off_is_gone_on_with(disk: Shop, point: str, between: str) -> None:
    cut_off_and_again(disk, point, between)


def test_a_release_that_is_cut_off_is_gone_on_with_in_a_bucket(cloud: Shop) -> None:
    cut_off_and_again(cloud, "quarantine.settled", "a run")


def cut_off_and_again(shop: Shop, point: str, between: str) -> None:
    """Die at a point of a release, have a run perhaps, and release again; as if nothing had been."""
    seq = with_one(shop)
    lenient(shop)
    killed_at(shop, point, release, seq)
    if between == "a run":
        shop.run()

    release(shop, seq)
    release(shop, seq)

    assert statuses(shop) == ["released", "loaded"]
    assert names(shop) == {"landing": [], "held": [], "archive": [f"00000002-{NAME}"]}
    assert listens(shop) == 1


def test_what_a_cut_off_move_left_behind_is_not_delivered_again(shop: Shop) -> None:
    """A catalogue's file that went its way must not come back as the newest."""
    seq = with_one(shop)
    (entry,) = listed(shop)
    storage = Storage()
    with storage.open(entry.place) as file:
        content = file.read()
    lenient(shop)
    release(shop, seq)
    storage.write(entry.place, content)  # as a copy whose original was not removed
    storage.close()
    assert [each.on_its_way for each in listed(shop)] == [True]

    release(shop, seq)

    assert statuses(shop) == ["released", "loaded"]
    assert names(shop)["held"] == []


def test_a_name_that_is_taken_is_left_to_whoever_has_it(disk: Shop) -> None:
    seq = with_one(disk)
    lenient(disk)
    disk.drop("streams", NAME, csv_of(OTHER))

    done = release(disk, seq)

    assert [each.fate for each in done.files] == ["taken"]
    assert statuses(disk) == ["quarantined", "loaded"]
    assert listens(disk) == 1
    assert [each.fate for each in release(disk, seq).files] == ["released"]
    assert statuses(disk) == ["released", "loaded", "loaded"]
    assert listens(disk) == 2


def test_a_name_that_is_taken_while_a_file_is_on_its_way_is_waited_for(disk: Shop) -> None:
    seq = with_one(disk)
    lenient(disk)
    killed_at(disk, "quarantine.settled", release, seq)
    disk.drop("streams", NAME, csv_of(OTHER))

    assert [each.fate for each in release(disk, seq).files] == ["taken"]
    assert [each.fate for each in release(disk, seq).files] == ["released"]

    assert statuses(disk) == ["released", "loaded", "loaded"]
    assert listens(disk) == 2


def test_a_file_that_is_gone_is_said_to_be(disk: Shop) -> None:
    seq = with_one(disk)
    storage = Storage()
    storage.remove([listed(disk)[0].place])
    storage.close()

    assert [each.fate for each in release(disk, seq).files] == ["gone"]
    assert statuses(disk) == ["quarantined"]
    assert [each.fate for each in discard(disk, seq)] == ["discarded"]
    assert statuses(disk) == ["discarded"]
    assert listed(disk) == ()


def test_all_of_a_dataset_are_released(disk: Shop) -> None:
    strict(disk)
    for number, row in enumerate((GOOD, OTHER), start=1):
        disk.drop("streams", f"streams{number}.csv", csv_of(row, BAD))
    disk.run()
    lenient(disk)

    with disk.open() as ws:
        assert quarantine.release(ws, quarantine.Wish(dataset="songs")).files == ()
        found = quarantine.release(ws, quarantine.Wish(dataset="streams")).files
        assert [(each.seq, each.fate) for each in found] == [(1, "released"), (2, "released")]

    assert statuses(disk) == ["released", "released", "loaded", "loaded"]


def test_files_of_one_name_are_judged_one_after_the_other(disk: Shop) -> None:
    """Each counts, the oldest first, and what is said of each is what became of it."""
    strict(disk)
    for content in (csv_of(GOOD, BAD), csv_of(OTHER, BAD), b"no,such,columns\n"):
        disk.drop("streams", NAME, content)
        disk.run()
    lenient(disk)

    done = release(disk)

    assert [(each.seq, each.fate, done.outcomes[each.seq]) for each in done.files] == [
        (1, "released", "loaded"),
        (2, "released", "loaded"),
        (3, "released", "quarantined"),
    ]
    assert statuses(disk) == ["released", "released", "released", "loaded", "loaded", "quarantined"]
    assert names(disk)["held"] == [f"00000006-{NAME}", f"00000006-{NAME}.report.json"]
    assert listens(disk) == 2


@pytest.mark.parametrize("work", [release, discard])
def test_what_is_not_in_quarantine_is_refused(disk: Shop, work: object) -> None:
    with_one(disk)
    disk.drop("streams", "streams2.csv", csv_of(OTHER))
    disk.run()

    for seq in (2, 99):
        with pytest.raises(ConfigError, match=f"delivery {seq} is not in quarantine"):
            work(disk, 1, seq)  # type: ignore[operator]
    assert statuses(disk) == ["quarantined", "loaded"]


def test_two_at_once_release_a_file_once(disk: Shop) -> None:
    """The second begins when the first has told the ledger, and moves the file before it."""
    seq = with_one(disk)
    lenient(disk)
    others: list[object] = []

    def second(name: str) -> None:
        if name == "quarantine.settled" and not others:
            others.append(name)
            with disk.open() as ws:
                ws.turn.polite = False
                quarantine.release(ws, quarantine.Wish((seq,)))

    with faults.watched(second):
        release(disk, seq)

    assert others
    assert statuses(disk) == ["released", "loaded"]
    assert listens(disk) == 1


def test_what_is_discarded_is_put_away_and_says_why(shop: Shop) -> None:
    seq = with_one(shop)

    discard(shop, seq)
    discard(shop, seq)

    assert statuses(shop) == ["discarded"]
    assert names(shop) == {
        "landing": [],
        "held": [],
        "archive": [f"00000001-{NAME}", f"00000001-{NAME}.report.json"],
    }
    with shop.open() as ws:
        reason = ws.ledger.deliveries()[0].reason
    assert reason is not None
    assert "discarded by ada@lovelace at 20" in reason
    assert ": none of ours; it was" in reason
    with pytest.raises(ConfigError, match="not in quarantine"):
        release(shop, seq)


@pytest.mark.parametrize("point", ["quarantine.settled", "storage.linked", "storage.moved", "quarantine.moved"])
def test_a_discard_that_is_cut_off_is_gone_on_with(disk: Shop, point: str) -> None:
    seq = with_one(disk)
    killed_at(disk, point, discard, seq)
    if point == "quarantine.settled":
        with pytest.raises(ConfigError, match="on its way"):
            release(disk, seq)

    discard(disk, seq)

    assert statuses(disk) == ["discarded"]
    assert names(disk)["held"] == []
    assert names(disk)["archive"] == [f"00000001-{NAME}", f"00000001-{NAME}.report.json"]


def test_a_file_is_discarded_where_archive_has_not_moved_it(disk: Shop) -> None:
    strict(disk)
    disk.drop("streams", NAME, csv_of(GOOD, BAD))
    with disk.open() as ws:
        pipeline.load(ws)

    discard(disk, 1)

    assert names(disk) == {"landing": [], "held": [], "archive": [f"00000001-{NAME}"]}
