"""What maintenance did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Maintained:
    """`rows` not in effect left, by table. `merged` files were put together into `into`. `files` of so many `bytes`
    were removed, and `waiting` ones have not been out of use for long enough; empty `folders` went, and `leftovers` of
    processes that died. `runs` are records of the ledger. `busy` tables were left, because a pipeline was at work.
    """

    dry: bool
    rows: dict[str, int] = field(default_factory=dict)
    merged: int = 0
    into: int = 0
    snapshots: int = 0
    files: int = 0
    bytes: int = 0
    waiting: int = 0
    folders: int = 0
    leftovers: int = 0
    runs: int = 0
    busy: list[str] = field(default_factory=list)
