"""Sample data with every defect a contract knows: what becomes of it is what was written down when it was made."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from hitparade.sample import SampleSpec, generate
from tests.shop import Shop

SPEC = SampleSpec(
    listens=20_000, days=3, users=500, tracks=1_000, files=5, seed=7, start=date(2024, 6, 1), hostile=True
)


def assert_as_written(shop: Shop, files: list[dict[str, Any]], totals: dict[str, Any]) -> None:
    """Every file came to what was written down for it, no row is unaccounted for, and the totals are right."""
    found = shop.deliveries()
    for file in files:
        delivery = found[file["name"]]
        assert (delivery.status, delivery.rows_loaded) == (file["outcome"], file["rows_loaded"]), file["name"]
        assert delivery.rows_read == delivery.rows_loaded + delivery.rows_rejected
        for key in ("rows_read", "rows_rejected"):
            assert file[key] in (None, getattr(delivery, key)), file["name"]
        if file["reason"]:
            assert (delivery.reason or "").startswith(file["reason"]), file["name"]
    computed = [each for each in shop.computations().values() if each.listens]
    assert {str(each.listen_date): each.listens for each in computed} == totals["listens_by_date"]
    assert (sum(each.listens for each in computed), sum(each.repeats for each in computed)) == (
        totals["listens"],
        totals["repeats"],
    )


def test_hostile_files_come_to_what_was_written_down_for_them(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    made = generate(
        SPEC,
        streams=shop.landing("streams"),
        songs=shop.landing("songs"),
        users=shop.landing("users"),
        truth=tmp_path / "sample" / "truth.json",
    )
    truth = json.loads(made.truth.read_text())
    shop.run()
    assert len(truth["files"]) > 90
    assert_as_written(shop, truth["files"], truth["totals"])
    for path in made.redeliveries:
        shutil.copy(path, tmp_path / "data" / path.parent.name / path.name)
    shop.run()
    assert_as_written(shop, truth["redelivery"]["files"], truth["redelivery"]["totals"])
