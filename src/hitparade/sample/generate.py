"""Writes a sample: the catalogue, the clean stream files, the hostile ones, and last the truth about all."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hitparade.errors import StorageError
from hitparade.model import Dataset
from hitparade.sample import catalogue, hostile, listens, shape, truth
from hitparade.sample.defects import Defect
from hitparade.sample.places import Places, Progress, free_places, write_bytes
from hitparade.sample.spec import SampleResult, SampleSpec

REPEATED_FROM_BULK = 20


@dataclass(frozen=True, slots=True)
class _Clean:
    """The clean part of a sample, written: its files and what they hold."""

    files: tuple[truth.FileTruth, ...]
    bulk: truth.Bulk
    track_ids: list[str]
    sample: list[listens.Listen]


def generate(
    spec: SampleSpec,
    *,
    streams: Path,
    songs: Path,
    users: Path,
    truth: Path,
    progress: Progress | None = None,
) -> SampleResult:
    """Writes the sample's files into the three landing folders and what must become of them to `truth`.

    Files that lie there already are never touched: a sample made again comes under new names (so does its
    truth, see the result). `progress` is called with the rows of listens written so far and in all.
    """
    try:
        places = free_places(streams=streams, songs=songs, users=users, truth=truth, seed=spec.seed)
        return _generate(spec, places, progress)
    except OSError as error:
        raise StorageError(
            f"the sample could not be written: {error}", hint="free some space or mend the folder"
        ) from error


def _generate(spec: SampleSpec, places: Places, progress: Progress | None) -> SampleResult:
    clean = _write_clean(spec, places, progress)
    added = (
        hostile.hostile(spec, track_ids=clean.track_ids, bulk_sample=clean.sample)
        if spec.hostile
        else hostile.Hostile((), (), ())
    )
    small = [_write_defect(places.landing(defect.dataset), places, defect) for defect in added.now]
    later = [_write_defect(places.redeliver(defect.dataset), places, defect) for defect in added.later]

    files = (*clean.files, *small)
    heard = [listen for defect in added.now for listen in defect.listens]
    heard_later = [listen for defect in added.later for listen in defect.listens]
    redelivery = truth.Redelivery(
        files=later,
        totals=truth.totals(clean.bulk, added=[*heard, *heard_later], bulk_sample=clean.sample),
        songs=added.changes,
    )
    truth.write(
        places.truth,
        spec,
        files=files,
        in_effect=truth.totals(clean.bulk, added=heard, bulk_sample=clean.sample),
        redelivery=redelivery if spec.hostile else None,
    )
    return SampleResult(
        files=tuple(places.landing(entry.dataset) / entry.name for entry in files),
        redeliveries=tuple(places.redeliver(entry.dataset) / entry.name for entry in later),
        truth=places.truth,
        rows=spec.listens,
    )


def _write_clean(spec: SampleSpec, places: Places, progress: Progress | None) -> _Clean:
    def place(dataset: Dataset, number: int) -> Path:
        return places.landing(dataset) / places.name(dataset, f"{number:04d}")

    path = place("songs", 1)
    rows, track_ids = catalogue.write_songs(path, catalogue.songs(spec))
    files = [truth.loaded("songs", path.name, rows)]
    path = place("users", 1)
    rows = catalogue.write_rows(path, catalogue.USER_COLUMNS, catalogue.users(spec))
    files.append(truth.loaded("users", path.name, rows))

    calendar, done = shape.days(spec), 0
    with tempfile.TemporaryDirectory() as folder, listens.connect(Path(folder)) as connection:
        drawer = listens.Drawer(connection, spec, track_ids)
        for number, segments in enumerate(shape.files(spec, calendar), start=1):
            path = place("streams", number)
            rows = drawer.write(path, segments, scratch=Path(folder))
            files.append(truth.loaded("streams", path.name, rows))
            done += rows
            if progress:
                progress(done, spec.listens)
        distinct = {day.date: drawer.distinct(day) for day in calendar if day.listens}
        sample = drawer.first(calendar[0], REPEATED_FROM_BULK)
    return _Clean(tuple(files), truth.Bulk(spec.listens, distinct), track_ids, sample)


def _write_defect(folder: Path, places: Places, defect: Defect) -> truth.FileTruth:
    path = write_bytes(folder / places.name(defect.dataset, defect.label, defect.ending), defect.content)
    return defect.truth(path.name)
