"""Every KPI there is: the SQL files, checked against their headers and one another, made ready to run.

A KPI is its file. Nothing else lists the KPIs, so adding one is adding a file.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import sqlglot
from sqlglot import exp

from hitparade.errors import KpiError
from hitparade.kpis.consistency import check_header
from hitparade.kpis.header import KpiHeader, RelationHeader, read_kpi_header, read_relation_header
from hitparade.kpis.lineage import Lineage, lineage, tables_of
from hitparade.kpis.portable import check
from hitparade.kpis.relations import BASE_RELATIONS, CATALOGUE, LISTENS
from hitparade.kpis.render import render
from hitparade.kpis.syntax import line_of
from hitparade.model import Kpi, Relation

BUILT_IN: Final = Path(__file__).parent / "sql"
SHARED: Final = "shared"


def load_kpis(*folders: Path, settings: Mapping[str, str]) -> tuple[Kpi, ...]:
    """The built-in KPIs and those of `folders`, daily ones first, with the settings' values for `$name`.

    A folder may have a folder `shared` of relations of its own. KpiError for the first mistake in any file.
    """
    files = tuple(text for folder in (BUILT_IN, *folders) for text in _texts(folder))
    return _parsed(files, tuple(sorted(settings.items())))


def catalogue_columns(kpis: Iterable[Kpi]) -> Mapping[str, frozenset[str]]:
    """The columns of the catalogue on which stored KPIs rest, directly or through shared relations."""
    found: dict[str, set[str]] = {name: set() for name in CATALOGUE}
    for kpi in kpis:
        if kpi.scope == "day":
            for reads in (kpi.reads, *(relation.reads for relation in kpi.relations)):
                for name in reads.keys() & found.keys():
                    found[name].update(reads[name])
    return {name: frozenset(columns) for name, columns in found.items()}


@dataclass(frozen=True, slots=True)
class _Text:
    """A file as it stands: where, what, and whether it is a KPI or a shared relation."""

    path: Path
    text: str
    is_kpi: bool


def _texts(folder: Path) -> list[_Text]:
    """The files of a folder, the shared relations first."""
    if not folder.is_dir():
        raise KpiError(str(folder), "there is no such folder of KPIs")
    shared, own = sorted((folder / SHARED).glob("*.sql")), sorted(folder.glob("*.sql"))
    return [_Text(path, path.read_text(encoding="utf-8"), path.parent == folder) for path in [*shared, *own]]


@lru_cache(maxsize=16)
def _parsed(files: tuple[_Text, ...], settings: tuple[tuple[str, str], ...]) -> tuple[Kpi, ...]:
    """Parsing takes longer than most runs: a process does it once for the same texts."""
    return _Registry(files, dict(settings)).kpis()


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was read and not yet set beside the others."""

    name: str
    source: str
    header: KpiHeader | RelationHeader
    select: exp.Select
    settings: frozenset[str]
    sql: str


class _Registry:
    """Files by name. Each is resolved after the ones it reads, once."""

    def __init__(self, files: Sequence[_Text], settings: Mapping[str, str]) -> None:
        self._files: dict[str, _File] = {}
        self._lineages: dict[str, Lineage] = {}
        self._kpis: dict[str, Kpi] = {}
        for file in files:
            self._add(_read(file, settings))

    def kpis(self) -> tuple[Kpi, ...]:
        for name in self._files:
            self._lineage(name, ())
        headers = [(name, self._kpi_header(name)) for name in self._files]
        kpis = [self._kpi(self._files[name], header) for name, header in headers if header is not None]
        return tuple(sorted(kpis, key=lambda kpi: kpi.scope != "day"))

    def _add(self, file: _File) -> None:
        if file.name in BASE_RELATIONS:
            raise KpiError(file.source, f"{file.name} is the name of a relation of the lake")
        if file.name in self._files:
            raise KpiError(file.source, f"{file.name} exists already, in {self._files[file.name].source}")
        self._files[file.name] = file

    def _kpi_header(self, name: str) -> KpiHeader | None:
        header = self._files[name].header if name in self._files else None
        return header if isinstance(header, KpiHeader) else None

    def _lineage(self, name: str, above: tuple[str, ...]) -> Lineage:
        """Resolve a file and, before it, what it reads. `above` are the files on the way here."""
        if name not in self._lineages:
            file, way = self._files[name], (*above, name)
            relations = {table: self._columns(file, table, line, way) for table, line in tables_of(file.select).items()}
            found = lineage(file.select, relations, file.source)
            check_header(file.header, found, file.source)
            self._lineages[name] = found
        return self._lineages[name]

    def _columns(self, file: _File, table: str, line: int | None, way: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of a relation that `file` reads, if it may read it."""
        if table in way:
            circle = " -> ".join((*way, table))
            raise KpiError(file.source, f"relations read each other in a circle: {circle}", line=line)
        if table not in BASE_RELATIONS and table not in self._files:
            known = ", ".join(sorted([*BASE_RELATIONS, *self._files]))
            raise KpiError(file.source, f"there is no relation {table}", line=line, hint=f"there are: {known}")
        scope = file.header.scope if isinstance(file.header, KpiHeader) else None
        if table == LISTENS and scope is not None:
            raise KpiError(file.source, "listens has repeats in it", line=line, hint="read plays, which has none")
        read = self._kpi_header(table)
        if read is not None and scope != "all_time":
            raise KpiError(file.source, f"{table} is a KPI: only one of scope all_time may read it", line=line)
        if read is not None and read.scope != "day":
            raise KpiError(file.source, f"{table} is not stored: read a KPI of scope day", line=line)
        return BASE_RELATIONS[table] if table in BASE_RELATIONS else self._lineage(table, way).columns

    def _kpi(self, file: _File, header: KpiHeader) -> Kpi:
        if file.name not in self._kpis:
            relations = self._relations_below(file)
            read = [(name, self._kpi_header(name)) for name in header.reads]
            daily = [self._kpi(self._files[name], below) for name, below in read if below is not None]
            names = file.settings.union(*(self._files[relation.name].settings for relation in relations))
            self._kpis[file.name] = Kpi(
                name=file.name,
                description=header.description,
                scope=header.scope,
                columns=header.columns,
                reads=header.reads,
                relations=relations,
                settings=tuple(sorted(names)),
                served=header.served,
                sql=file.sql,
                source=file.source,
                hash=_hash(file.sql, relations, daily),
            )
        return self._kpis[file.name]

    def _relations_below(self, file: _File) -> tuple[Relation, ...]:
        """The shared relations a file needs, each after those it reads."""
        found: dict[str, Relation] = {}
        for name in sorted(file.header.reads):
            if name in BASE_RELATIONS or self._kpi_header(name) is not None:
                continue
            read = self._files[name]
            found.update({relation.name: relation for relation in self._relations_below(read)})
            found[name] = Relation(name, read.header.description, read.header.reads, read.sql, read.source)
        return tuple(found.values())


def _read(file: _Text, settings: Mapping[str, str]) -> _File:
    source, text, name = str(file.path), file.text, file.path.stem
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise KpiError(source, "a file's name is the KPI's: small letters, digits and _ only")
    header = read_kpi_header(text, source) if file.is_kpi else read_relation_header(text, source)
    select = _parse(text, source)
    taken = _substitute(select, settings, source)
    return _File(name, source, header, select, taken, render(select, "duckdb"))


def _parse(text: str, source: str) -> exp.Select:
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except sqlglot.errors.ParseError as error:
        first = error.errors[0]
        raise KpiError(source, f"this is not SQL: {first['description']}", line=first["line"]) from error
    except sqlglot.errors.TokenError as error:
        raise KpiError(source, f"this is not SQL: {error}") from error
    selects = [statement for statement in statements if statement is not None]
    if len(selects) != 1:
        raise KpiError(source, f"a file is one SELECT, not {len(selects)} statements")
    return check(selects[0], source)


def _substitute(select: exp.Select, settings: Mapping[str, str], source: str) -> frozenset[str]:
    """Put the settings' values in the place of `$name`; the names that were found."""
    taken = set()
    for placeholder in list(select.find_all(exp.Placeholder)):
        name = placeholder.name
        if name not in settings:
            known = ", ".join(sorted(settings))
            line = line_of(placeholder)
            raise KpiError(source, f"${name} is not a setting", line=line, hint=f"settings: {known}")
        placeholder.replace(exp.Literal.string(settings[name]))
        taken.add(name)
    return frozenset(taken)


def _hash(sql: str, relations: Sequence[Relation], daily: Sequence[Kpi]) -> str:
    """The settings' values are in it, as literals of the SQL."""
    rests_on = {
        "sql": sql,
        "relations": {relation.name: relation.sql for relation in relations},
        "kpis": {kpi.name: kpi.hash for kpi in daily},
    }
    return hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()
