"""check: what load would say of a file, without loading it."""

from __future__ import annotations

from dataclasses import dataclass

from hitparade.errors import ConfigError
from hitparade.landing.identify import fingerprint
from hitparade.model import Contract, Problem
from hitparade.steps.judge import Candidate, Hearing, examine, hear_all
from hitparade.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, what load would do with it, and why."""

    name: str
    outcome: str
    rows_read: int
    rows_rejected: int
    problems: tuple[Problem, ...]


def check(ws: Workspace, url: str, contract: Contract) -> Checked:
    """Judge a file by a contract. Nothing is written but temporary files."""
    blob = ws.storage.stat(url)
    if blob is None:
        raise ConfigError(f"{url}: no such file", hint="name a file that exists")
    with ws.storage.open(url) as file:
        candidate = Candidate(blob, fingerprint(file, delimiter=contract.delimiter), url, load_id=1)
    [hearing] = hear_all(ws, ws.engine, contract, [candidate])
    if hearing.source is not None:
        if contract.dataset == "streams":
            staging = ws.engine.stage_listens([hearing.source], str(ws.scratch / "listens"))
        else:
            staging = ws.engine.read_catalogue(hearing.source, contract.dataset)
        examine(ws, contract, [hearing], staging, rejects=lambda load_id: str(ws.scratch / f"{load_id}-rejects"))
    return Checked(
        name=blob.name,
        outcome=outcome_of(hearing, contract),
        rows_read=hearing.staged.rows_read if hearing.staged else 0,
        rows_rejected=hearing.rejected,
        problems=tuple(hearing.problems),
    )


def outcome_of(hearing: Hearing, contract: Contract) -> str:
    """What load would do with the file."""
    if hearing.breaks(contract):
        return "stop the load" if contract.on_error == "fail" else "quarantine"
    return "load"
