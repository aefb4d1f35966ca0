"""rebuild: the ledger's deliveries in effect, loaded once more from the archive, and compared with what there is.

Each file is read by the contract that it was judged by, in ledger order, into a scratch lake and ledger, by the same
steps as ever. Nothing of the workspace is changed, and nothing of it but the ledger, the archive and what is compared
is read. A KPI's day that the ledger calls out of date, or that moves while it is compared, is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hitparade.config import FILE, Landing, Ledger, Settings
from hitparade.errors import ConfigError
from hitparade.rebuild.compare import compare, state
from hitparade.rebuild.outcome import Difference, Rebuilt
from hitparade.rebuild.replay import replay
from hitparade.rebuild.sources import frozen
from hitparade.steps.compute import compute
from hitparade.storage.local import errors_explained
from hitparade.workspace import Workspace

__all__ = ["Difference", "Rebuilt", "rebuild"]


def rebuild(ws: Workspace, *, keep: Path | None = None) -> Rebuilt:
    """Load everything in effect anew and compare; where objects must be restored first, only say which.

    The scratch lake is in a folder for temporary files that goes away, or in `keep`, which must be new.
    """
    outcome = Rebuilt()
    before = state(ws)  # whatever is loaded from now on is seen by the day that it makes stale
    in_effect = sorted(ws.ledger.deliveries(status="loaded"), key=lambda each: each.seq)
    outcome.frozen = frozen(ws, in_effect)
    if outcome.frozen:
        return outcome
    with scratch_workspace(ws, keep) as scratch:
        replay(ws, scratch, in_effect, outcome)
        scratch.progress = ws.progress
        compute(scratch)
        compare(ws, scratch, before, outcome)
    return outcome


@contextmanager
def scratch_workspace(ws: Workspace, keep: Path | None) -> Iterator[Workspace]:
    """A workspace like this one with nothing in it."""
    root = keep or ws.scratch / "rebuild"
    with errors_explained(f"make {root}"):
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise ConfigError(f"{root} is not empty", hint="name a new folder, or an empty one")
    settings = scratch_settings(ws.settings, str(root.resolve()))
    if keep is not None:
        (root / FILE).write_text(as_toml(settings), encoding="utf-8")
    with closing(Workspace(settings, command="rebuild", clock=ws.clock)) as scratch:
        yield scratch


def scratch_settings(settings: Settings, root: str) -> Settings:
    """The same settings, with every place below another root."""
    folder = settings.kpis.folder
    places = {
        "root": root,
        "landing": Landing(settle_seconds=0),
        "quarantine": "data/quarantine",
        "archive": "archive",
        "lake": settings.lake.model_copy(update={"location": "lake", "catalog": None}),
        "ledger": Ledger(),
        "kpis": settings.kpis.model_copy(update={"folder": settings.place(folder) if folder else None}),
        "sinks": (),
    }
    return settings.model_copy(update=places)


def as_toml(settings: Settings) -> str:
    """What the settings of a kept scratch lake have that is not the default."""
    lake, kpis = settings.lake, settings.kpis
    folder = f"folder = {json.dumps(kpis.folder)}\n" if kpis.folder else ""
    return (
        "# Rebuilt from the archive, to be looked at: hitparade show --config this file\n"
        f"[lake]\ntimezone = {json.dumps(lake.timezone)}\nnamespace = {json.dumps(lake.namespace)}\n\n"
        f"[kpis]\ngenre_attribution = {json.dumps(kpis.genre_attribution)}\n{folder}"
    )
