"""Files on their way through the real engine: written, identified, compiled and staged as a load does it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from hitparade.config import EngineName
from hitparade.contracts.files import read_header
from hitparade.contracts.manifest import builtin_contract, parse_manifest
from hitparade.contracts.rules import compile_rules
from hitparade.engines.base import Engine, Flawed
from hitparade.engines.duckdb import DuckDBEngine, open_engine
from hitparade.landing.identify import fingerprint
from hitparade.model import Contract, Dataset, InEffect, Problem, Source, Staging
from hitparade.storage import Storage
from tests.spark import opened as opened_spark

TABLES: Mapping[Dataset, tuple[str, ...]] = {
    "streams": ("listens",),
    "songs": ("songs", "song_genres", "song_artists"),
    "users": ("users",),
}
Row = dict[str, Any]
NOW = datetime(2024, 7, 1, tzinfo=UTC)


def opened(name: EngineName, scratch: Path, *, zone: str = "UTC") -> AbstractContextManager[Engine]:
    """An engine by its name, closed at the end."""
    return opened_spark(scratch, zone=zone) if name == "spark" else opened_duckdb(scratch, zone=zone)


@contextmanager
def opened_duckdb(scratch: Path, *, zone: str = "UTC") -> Iterator[DuckDBEngine]:
    """The embedded engine with little memory, closed at the end."""
    scratch.mkdir(parents=True, exist_ok=True)
    engine = open_engine(memory="500MB", threads=2, scratch=scratch, zone=zone, storage=Storage())
    try:
        yield engine
    finally:
        engine.close()


def contract_with(
    dataset: Dataset = "streams", *, fields: Mapping[str, object] | None = None, **schema: Any
) -> Contract:
    """The built-in contract with other fields or keys of its schema."""
    document = json.loads(builtin_contract(dataset).text)
    document["schema"].update(schema)
    for name, keys in (fields or {}).items():
        document["schema"]["fields"][name] = keys
    return parse_manifest(json.dumps(document), dataset=dataset, source="manifest.json")


def source_of(path: Path, contract: Contract, *, load_id: int = 1) -> Source:
    """A plain file, ready to be validated."""
    with path.open("rb") as file:
        print_ = fingerprint(file, delimiter=contract.delimiter)
    header = read_header(str(path), contract.delimiter)
    return Source(
        load_id=load_id,
        path=str(path),
        url=str(path),
        encoding=contract.encoding,
        size=path.stat().st_size,
        header=header,
        delimiter=contract.delimiter,
        lines=print_.lines,
        quoted=print_.quotes,
        doubtful=print_.doubtful,
        rules=compile_rules(contract, header, thorough=print_.blanks or print_.quotes),
    )


def staged(
    engine: Engine,
    source: Source,
    dataset: Dataset,
    folder: Path,
    *,
    in_effect: Mapping[str, tuple[str, ...]] | None = None,
    watched: Mapping[str, frozenset[str]] | None = None,
) -> Staging:
    """What the engine makes of one file."""
    if dataset == "streams":
        return engine.stage_listens([source], str(folder / "listens"))
    folders = {table: str(folder / table) for table in TABLES[dataset]}
    for each in folders.values():
        Path(each).mkdir(parents=True, exist_ok=True)
    before = in_effect or dict.fromkeys(TABLES[dataset], ())
    return engine.stage_catalogue(
        source,
        dataset,
        folders,
        in_effect=InEffect(files=before, load_ids={1: 1} if in_effect else {}),
        watched=watched or {},
    )


def problems_of(engine: Engine, source: Source, folder: Path) -> tuple[Problem, ...]:
    """What is wrong with the rows of a staged file; the bad ones are written to `rejects` in a folder."""
    return engine.problems([Flawed(source, str(folder / "rejects"))], now=NOW)[source.load_id].problems


def rows_of(staging: Staging, table: str) -> list[Row]:
    """The staged rows of a table."""
    return [row for path in staging.files.get(table, ()) for row in pq.ParquetFile(path).read().to_pylist()]


def outcome(problems: tuple[Problem, ...]) -> dict[tuple[str, str | None, str], list[tuple[int, str]]]:
    """Broken rules with the rows and values that they show."""
    return {
        (each.rule, each.column, each.severity): [(row, value) for row, value, _ in each.examples] for each in problems
    }


@dataclass(frozen=True, slots=True)
class Listed:
    """What became of a file's rows: those loaded, by broken rule and severity the numbers and values that are shown of
    the others, and the rows of `rejects`.
    """

    rows: list[Row]
    broken: Mapping[tuple[str, str | None, str], list[tuple[int, str]]]
    rejects: list[Row]


def judged(engine: Engine, folder: Path, contract: Contract, data: bytes) -> Listed:
    """A stream file of these bytes, judged by a contract."""
    path = folder / "streams.csv"
    path.write_bytes(data)
    staging = staged(engine, source_of(path, contract), "streams", folder)
    bad = engine.problems([Flawed(staging.sources[0], str(folder / "rejects"))], now=NOW)[1]
    rejects = [row for file in bad.files for row in pq.ParquetFile(file).read().to_pylist()]
    return Listed(rows_of(staging, "listens"), outcome(bad.problems), rejects)
