"""A workspace, opened: its settings and the parts that the steps work with.

Opening checks that this version can work on the lake at all. Heavy parts (the engine, the lake) are opened when
they are first needed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from hitparade.config import Settings
from hitparade.errors import ConfigError, LakeError
from hitparade.landing.discover import MANIFEST
from hitparade.ledger import Ledger, open_ledger
from hitparade.model import Blob, Contract, Dataset, Delivery, InEffect, Kpi
from hitparade.progress import Progress
from hitparade.storage import S3Options, Storage, is_remote
from hitparade.storage.local import errors_explained
from hitparade.turn import Turn, this_process

if TYPE_CHECKING:
    from hitparade.engines.base import Engine
    from hitparade.engines.duckdb import DuckDBEngine
    from hitparade.lake import Lake
    from hitparade.sinks import Sink

FORMAT = 1
TABLES: dict[Dataset, tuple[str, ...]] = {
    "streams": ("listens",),
    "songs": ("songs", "song_genres", "song_artists"),
    "users": ("users",),
}


class Workspace:
    """What a step needs: settings, ledger, lake, engine, KPIs, sinks, storage, clock, progress.

    `lake_id` is the lake's own, made with it: run numbers and load_ids begin anew with each lake.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        command: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        progress: Progress | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.progress = progress or Progress()
        self.storage = Storage(S3Options(**settings.s3.model_dump()))
        self.ledger: Ledger = open_ledger(settings.ledger_url())
        self._check_facts()
        self.turn = Turn(
            self.ledger,
            command=command,
            clock=clock,
            wait_seconds=settings.runs.wait_seconds,
            polite=settings.runs.polite,
        )

    def _check_facts(self) -> None:
        wanted = {
            "format": str(FORMAT),
            "timezone": self.settings.lake.timezone,
            "namespace": self.settings.lake.namespace,
            "lake": uuid4().hex,
        }
        facts = self.ledger.prepare(wanted)
        self.lake_id = facts["lake"]
        if int(facts["format"]) > FORMAT:
            raise LakeError(
                f"{self.settings.place(self.settings.lake.location)}: the lake has format {facts['format']},"
                f" this version knows formats up to {FORMAT}",
                hint="use the newer version of hitparade that made it",
            )
        for name in ("timezone", "namespace"):
            if facts[name] != wanted[name]:
                raise ConfigError(
                    f"lake.{name} is '{wanted[name]}', but the lake was made with '{facts[name]}'",
                    hint="it is fixed when a lake is made: put it back, or load everything into a new lake",
                )

    # -- parts that are opened when first needed

    @cached_property
    def lake(self) -> Lake:
        """The Iceberg tables."""
        from hitparade.lake import open_lake

        location, namespace = self.settings.place(self.settings.lake.location), self.settings.lake.namespace
        return open_lake(location, namespace, catalog=self.settings.catalog(), storage=self.storage)

    @cached_property
    def scratch(self) -> Path:
        """A folder for what nobody needs afterwards, called by its process: maintenance removes those of dead ones."""
        with errors_explained("make a folder for temporary files"):
            return Path(tempfile.mkdtemp(prefix=f"hitparade-{this_process().replace('/', '-')}-"))

    @cached_property
    def engine(self) -> Engine:
        """What does the heavy work."""
        engine, zone = self.settings.engine, self.settings.lake.timezone
        if engine.name == "spark":
            from hitparade.engines import spark
            from hitparade.kpis.render import render

            return spark.open_engine(
                spark.Cluster(
                    master=engine.master,
                    memory=engine.memory,
                    packages=engine.packages,
                    settings=engine.spark,
                    s3=self.settings.meets_s3(),
                ),
                day_rows=engine.day_rows,
                scratch=self.scratch,
                zone=zone,
                storage=self.storage,
                translate=lambda sql: render(sql, "spark"),
            )
        from hitparade.engines.duckdb import open_engine

        return open_engine(
            memory=engine.memory, threads=engine.threads, scratch=self.scratch, zone=zone, storage=self.storage
        )

    @cached_property
    def counting(self) -> DuckDBEngine:
        """The engine of this machine, for what reads little whatever the engine of the settings is."""
        from hitparade.engines.duckdb import DuckDBEngine, open_engine

        if self.settings.engine.name == "duckdb" and isinstance(self.engine, DuckDBEngine):
            return self.engine
        memory, zone = self.settings.engine.memory, self.settings.lake.timezone
        return open_engine(memory=memory, threads=0, scratch=self.scratch, zone=zone, storage=self.storage)

    @cached_property
    def kpis(self) -> tuple[Kpi, ...]:
        """Every KPI: the built-in ones and those of the workspace's own folder."""
        from hitparade.kpis.registry import load_kpis

        own = self.settings.kpis.folder
        return load_kpis(
            *([folder] if own and (folder := self.folder_at_hand(own)).is_dir() else []),
            settings={"genre_attribution": self.settings.kpis.genre_attribution},
        )

    def folder_at_hand(self, location: str) -> Path:
        """A folder of small files on this disk: where it lies, or a copy."""
        place = self.settings.place(location)
        if not is_remote(place):
            return Path(place)
        copy = self.scratch / location.rsplit("/", 1)[-1]
        copy.mkdir(exist_ok=True)
        for blob in self.storage.list(place):
            self.storage.fetch(blob.url, copy / blob.name)
        return copy

    @property
    def daily_kpis(self) -> tuple[Kpi, ...]:
        """Those that are stored."""
        return tuple(kpi for kpi in self.kpis if kpi.scope == "day")

    @cached_property
    def sinks(self) -> tuple[Sink, ...]:
        """Where KPIs are published to."""
        from hitparade.sinks import open_sink

        return tuple(open_sink(url, place=self.settings.place, storage=self.storage) for url in self.settings.sinks)

    def contract(self, dataset: Dataset) -> Contract:
        """The contract in force: the manifest beside the files, else the built-in one."""
        from hitparade.contracts.manifest import builtin_contract, parse_manifest

        place = f"{self.settings.place(self.settings.landing.folder(dataset))}/{MANIFEST}"
        if self.storage.stat(place) is None:
            return builtin_contract(dataset)
        with self.storage.open(place) as file:
            return parse_manifest(file.read(), dataset=dataset, source=place)

    def uri(self, url: str) -> str:
        """A file's name in the ledger: its place in the workspace, so that a workspace may be moved."""
        return url.removeprefix(f"{self.settings.root}/")

    def known(self, blobs: Iterable[Blob]) -> Mapping[Blob, Delivery]:
        """Those of the files in landing that are judged, and how. One that was released from quarantine is not."""
        identities = {(self.uri(blob.url), blob.size, blob.etag): blob for blob in blobs}
        seen = self.ledger.seen(identities)
        return {identities[each]: delivery for each, delivery in seen.items() if delivery.status != "released"}

    # -- what counts

    def in_effect(self, dataset: Dataset, days: Collection[date] | None = None) -> InEffect:
        """The rows of a dataset that count: the ledger first, the lake's plan second."""
        load_ids = self.ledger.load_ids(dataset, days=days)
        files = {
            table: tuple(file.path for file in self.lake.files(table, days)) if load_ids else ()
            for table in TABLES[dataset]
        }
        return InEffect(files=files, load_ids=load_ids)

    def open_catalogue(self, kpis: Iterable[Kpi]) -> None:
        """Make the catalogue relations that KPIs read, directly or through shared ones."""
        chosen = list(kpis)
        read = {name for kpi in chosen for reads in (kpi.reads, *(r.reads for r in kpi.relations)) for name in reads}
        self.engine.open_catalogue(
            self.in_effect("songs") if read & set(TABLES["songs"]) else None,
            self.in_effect("users") if read & set(TABLES["users"]) else None,
        )
        self.engine.open_relations(chosen)

    def close(self) -> None:
        """Let go of everything that was opened."""
        opened = self.__dict__
        with ExitStack() as ends:  # each of them, whatever becomes of the others; the last first
            if "scratch" in opened:
                ends.callback(shutil.rmtree, self.scratch, ignore_errors=True)
            ends.callback(self.storage.close)
            ends.callback(self.ledger.close)
            parts = (opened[name] for name in ("lake", "engine", "counting") if name in opened)
            for part in dict.fromkeys((*opened.get("sinks", ()), *parts)):
                ends.callback(part.close)
            ends.callback(self.turn.end)


@contextmanager
def open_workspace(settings: Settings, *, command: str, progress: Progress | None = None) -> Iterator[Workspace]:
    """A workspace for one command."""
    workspace = Workspace(settings, command=command, progress=progress)
    try:
        yield workspace
    finally:
        workspace.close()
