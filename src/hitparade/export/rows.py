"""The lake's rows into files: made on this disk in batches, then put to their place."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from hitparade.engines.base import Stage
from hitparade.export.place import Exported, Place, Written
from hitparade.export.wish import Wish
from hitparade.model import Delivery, LakeFile
from hitparade.workspace import Workspace

BATCH_ROWS = 5_000_000


def write_catalogue(ws: Workspace, place: Place, wish: Wish, missing: set[str], outcome: Exported) -> None:
    """Write the files of the catalogue that are missing."""
    forms = {form: name for name, form in wish.catalogue.items() if name in missing}
    if not forms:
        return
    datasets = {dataset for _, dataset in forms}
    with tempfile.TemporaryDirectory(dir=ws.scratch) as folder, ws.progress.of("export catalogue", 2) as advance:
        targets = {form: Path(folder) / Path(name).name for form, name in forms.items()}
        rows = ws.engine.export_catalogue(
            targets,
            songs=ws.in_effect("songs") if "songs" in datasets else None,
            users=ws.in_effect("users") if "users" in datasets else None,
        )
        advance(1)
        place.put({forms[form]: path for form, path in targets.items()}, wish.sources)
        outcome.written += [Written(name, rows[form]) for form, name in forms.items()]
        advance(1)


def write_listens(ws: Workspace, place: Place, wish: Wish, missing: set[str], outcome: Exported) -> None:
    """Write the files of deliveries that are missing, in batches: a day's files are read once for many of them."""
    wanted: dict[int, dict[Stage, str]] = {}
    loads: dict[int, Delivery] = {}
    for name, (stage, each) in wish.listens.items():
        if name in missing:
            wanted.setdefault(each.load_id, {})[stage] = name
            loads[each.load_id] = each
    if not loads:
        return
    files = ws.lake.files("listens", ws.ledger.days_of([each.seq for each in loads.values()]))
    with ws.progress.of("export listens", sum(each.rows_loaded for each in loads.values())) as advance:
        for batch in batches(loads.values(), ws.settings.load.batch_files):
            names = {each.load_id: wanted[each.load_id] for each in batch}
            outcome.written += write_batch(ws, place, wish, names, holding(ws, batch, files))
            advance(sum(each.rows_loaded for each in batch))


def batches(loads: Collection[Delivery], most_files: int) -> Iterator[list[Delivery]]:
    """Deliveries in turn, as many as have at most so many rows; one that has more is alone."""
    batch: list[Delivery] = []
    rows = 0
    for each in sorted(loads, key=lambda load: load.seq):
        if batch and (rows + each.rows_loaded > BATCH_ROWS or len(batch) == most_files):
            yield batch
            batch, rows = [], 0
        batch.append(each)
        rows += each.rows_loaded
    if batch:
        yield batch


def holding(ws: Workspace, batch: Collection[Delivery], files: Sequence[LakeFile]) -> list[str]:
    """Of the lake's files those in which rows of the deliveries may be."""
    days = ws.ledger.days_of([each.seq for each in batch])
    return [file.path for file in files if file.day in days]


def write_batch(
    ws: Workspace, place: Place, wish: Wish, names: Mapping[int, Mapping[Stage, str]], files: Sequence[str]
) -> list[Written]:
    """Write the files of some deliveries, named by load_id and stage."""
    with tempfile.TemporaryDirectory(dir=ws.scratch) as folder:
        targets = {
            load_id: {stage: Path(folder) / f"{load_id}-{stage}.parquet" for stage in stages}
            for load_id, stages in names.items()
        }
        rows = ws.engine.export_listens(files, targets)
        made = [(load_id, stage, name) for load_id, stages in names.items() for stage, name in stages.items()]
        place.put({name: targets[load_id][stage] for load_id, stage, name in made}, wish.sources)
        return [Written(name, rows[load_id][stage]) for load_id, stage, name in made]
