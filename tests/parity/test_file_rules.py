"""File rules on each engine: a file that breaks one is quarantined whole, and its reason begins with the rule."""

from __future__ import annotations

import ast
import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import hitparade
from hitparade.config import EngineName
from hitparade.scaffold import manifest_text
from tests.shop import Shop

SOURCE = Path(hitparade.__file__).parent
HEADER = b"user_id,track_id,listen_time"
GOOD = b"1,t,2024-06-25 17:43:13"
MAX_BYTES = 18_000_000
LIMITS = {
    "name_pattern": "[a-z]+[.](csv|txt)",
    "min_rows": 1,
    "max_rows": 3,
    "max_bytes": MAX_BYTES,
    "extra_columns": "reject",
}


def lines(*rows: bytes) -> bytes:
    return b"\n".join([*rows, b""])


BREACHES: Mapping[str, tuple[str, bytes]] = {
    "wrong.txt": ("extension", lines(HEADER, GOOD)),
    "odd-name.csv": ("name_pattern", lines(HEADER, GOOD)),
    "large.csv": ("max_bytes", lines(HEADER, b"x" * MAX_BYTES)),
    "unpacked.csv.gz": ("max_bytes", gzip.compress(lines(HEADER, b"x" * MAX_BYTES), 1)),
    "empty.csv": ("empty_file", b""),
    "blank.csv": ("empty_file", b"\n\n"),
    "missing.csv": ("header", lines(b"user_id,track_id", b"1,t")),
    "doubled.csv": ("header", lines(HEADER + b",user_id", GOOD + b",1")),
    "unclosed.csv": ("header", b'"user_id,' + lines(HEADER, GOOD)),
    "more.csv": ("extra_columns", lines(HEADER + b",more", GOOD + b",x")),
    "packed.csv.gz": ("compression", b"not gzip"),
    "latin.csv": ("encoding", lines(HEADER + b",caf\xe9", GOOD + b",x")),
    "endless.csv": ("csv_file", lines(HEADER, b'1,"' + b"x" * (17 << 20))),
    "many.csv": ("max_rows", lines(HEADER, GOOD, GOOD, GOOD, GOOD)),
    "none.csv": ("min_rows", lines(HEADER)),
    "bad.csv": ("max_rejected_ratio", lines(HEADER, GOOD, b"x,t,never", b"y,t,never")),
}


def test_a_file_that_breaks_a_rule_is_quarantined_for_it(engine_name: EngineName, tmp_path: Path) -> None:
    shop = Shop(tmp_path, engine=engine_name)
    contract = json.loads(manifest_text("streams"))
    contract["schema"].update(LIMITS)
    shop.manifest("streams", contract)
    for name, (_, content) in BREACHES.items():
        shop.drop("streams", name, content)
    shop.deliver("streams", "good.csv", [GOOD.decode()])

    shop.run()

    found = {name: each for name, each in shop.deliveries().items() if name != "good.csv"}
    assert {name: (each.status, (each.reason or "").split(":")[0]) for name, each in found.items()} == {
        name: ("quarantined", rule) for name, (rule, _) in BREACHES.items()
    }
    assert [row["listen_count"] for row in shop.show("hourly")] == [1]


def test_every_file_rule_has_a_file_above() -> None:
    """A file rule is what the product calls a problem of a file, or a reason for which it cannot be read."""
    assert {rule for rule, _ in BREACHES.values()} == set(rules())


def rules() -> Iterator[str]:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="file_problem" | "Unreadable"), args=[ast.Constant(value=str(rule)), *_]
                ):
                    yield rule
