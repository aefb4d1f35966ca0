"""The values that pass between steps, and between the folders below them: frozen, named, free of behaviour.

Nothing here imports anything of the project, so every folder may import this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Dataset = Literal["streams", "songs", "users"]
DATASETS: tuple[Dataset, ...] = ("songs", "users", "streams")
"""Every dataset, catalogue first: a catalogue that comes with its listens then restates no day."""

FieldType = Literal["int", "float", "string", "timestamp", "date", "bool"]
OnError = Literal["quarantine", "reject_rows", "fail"]
OnRedelivery = Literal["append", "supersede"]
ExtraColumns = Literal["ignore", "reject"]
Severity = Literal["reject", "warn"]
Status = Literal["loaded", "duplicate", "superseded", "quarantined", "released", "discarded"]
Settled = Literal["released", "discarded"]

UNKNOWN = "(unknown)"
"""Stands for the genre or artist of a track that the catalogue does not have."""


# ---- contracts


@dataclass(frozen=True, slots=True)
class Field:
    """One column a contract speaks of. Bounds and `allowed` are texts, read by the field's type."""

    name: str
    type: FieldType
    required: bool = False
    min: str | None = None
    max: str | None = None
    pattern: str | None = None
    allowed: tuple[str, ...] | None = None
    format: str | None = None
    references: str | None = None
    severity: Severity = "reject"


@dataclass(frozen=True, slots=True)
class Contract:
    """What a dataset's files must look like, and what becomes of those that do not.

    `hash` is the sha256 of the dataset and `text`, the manifest in canonical JSON: two manifests that differ only
    in white space or the order of keys are one contract. `source` says where it was found ("built-in" or a URL).
    """

    dataset: Dataset
    hash: str
    text: str
    source: str
    fields: tuple[Field, ...]
    fields_required: bool
    extension: str
    name_pattern: str | None
    min_rows: int | None
    max_rows: int | None
    max_bytes: int | None
    delimiter: str
    encoding: str
    timezone: str
    extra_columns: ExtraColumns
    on_redelivery: OnRedelivery
    on_error: OnError
    max_rejected_ratio: float | None
    quarantine_path: str | None


# ---- KPIs

Scope = Literal["day", "all_time"]
Measure = Literal["key", "attribute", "additive", "distinct", "ratio", "rank"]
ColumnType = Literal["string", "int", "long", "double", "date"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a KPI: `key` columns are its grain, the others are what it says."""

    name: str
    type: ColumnType
    measure: Measure
    description: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A shared intermediate relation that several KPIs read, computed once per batch of days."""

    name: str
    description: str
    reads: Mapping[str, tuple[str, ...]]
    sql: str
    source: str


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI: a SELECT in DuckDB's dialect and what its header says of it.

    `reads` maps each relation the SQL reads to the columns it reads of it. `served` is how many positions of a
    chart are shown and served (None: every row); `relations` are the shared relations it needs, in the order in
    which they are built; `settings` are the names of the parameters it or they take.
    """

    name: str
    description: str
    scope: Scope
    columns: tuple[Column, ...]
    reads: Mapping[str, tuple[str, ...]]
    relations: tuple[Relation, ...]
    settings: tuple[str, ...]
    served: int | None
    sql: str
    source: str
    hash: str

    @property
    def grain(self) -> tuple[str, ...]:
        """The key columns, in order."""
        return tuple(column.name for column in self.columns if column.measure == "key")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Every column, in the order in which it is shown."""
        return tuple(column.name for column in self.columns)


# ---- landing


@dataclass(frozen=True, slots=True)
class Blob:
    """Some bytes at a place, as a listing shows them.

    `etag` changes whenever the bytes may have changed; two blobs of one url, size and etag hold the same bytes.
    `modified` is in seconds since 1970 and orders files that wait together; it never decides that a file is new.
    """

    url: str
    size: int
    etag: str
    modified: float

    @property
    def name(self) -> str:
        """The last part of the url."""
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What one pass over a file's bytes tells: who it is, and whether the fast CSV reader can be trusted with it.

    `lines` counts line feeds, and an unterminated last line. `quotes`: some field is quoted, so a row may span
    lines. `blanks`: there is white space other than spaces and line ends. `doubtful`: there is something that the
    fast reader takes for something else.
    """

    sha256: str
    size: int
    lines: int
    quotes: bool
    blanks: bool
    doubtful: bool


# ---- deliveries


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A judged file on its way into the ledger. `touched` are the days it makes stale, with its rows in each."""

    load_id: int
    dataset: Dataset
    uri: str
    size: int
    etag: str
    sha256: str
    contract: Contract | None
    status: Status
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    reason: str | None = None
    supersedes: tuple[int, ...] = ()
    touched: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the ledger: what became of one file."""

    seq: int
    load_id: int
    dataset: Dataset
    uri: str
    size: int
    etag: str
    sha256: str
    contract: str | None
    status: Status
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    reason: str | None
    loaded_at: datetime
    run: int

    @property
    def name(self) -> str:
        """The file's name in the landing zone."""
        return self.uri.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Run:
    """A process at work: the number it took from the ledger, and when it was last heard of."""

    run: int
    started_at: datetime
    heartbeat_at: datetime
    ended_at: datetime | None
    host: str
    command: str


@dataclass(frozen=True, slots=True)
class Computation:
    """A KPI's day as last computed: up to which delivery, by what SQL, with what outcome."""

    kpi: str
    listen_date: date
    seq: int
    hash: str
    rows: int
    listens: int
    repeats: int
    computed_at: datetime
    run: int


@dataclass(frozen=True, slots=True)
class Publication:
    """A KPI's day as a sink last took it."""

    sink: str
    table: str
    listen_date: date
    computed_run: int
    rows: int
    published_at: datetime
    run: int


# ---- contracts at work


@dataclass(frozen=True, slots=True)
class Check:
    """One row rule, compiled: `sql` is a DuckDB boolean over texts and values, true where a row breaks it.

    `text` names the text that is shown of such a row.
    """

    rule: str
    column: str
    severity: Severity
    sql: str
    text: str


@dataclass(frozen=True, slots=True)
class RowRules:
    """A contract compiled for one file, as DuckDB expressions that build on one another.

    `texts` are over the file's columns (c0, c1, ...), `casts` (what DuckDB makes of a text) over the texts,
    `values` over both, `checks` over texts and values, and `columns`
    gives what the lake keeps of a good row. The keys of `texts` and `values` are the names the next ones use.
    `relations` names the catalogue relations that the checks look into.
    """

    texts: Mapping[str, str]
    casts: Mapping[str, str]
    values: Mapping[str, str]
    checks: tuple[Check, ...]
    columns: Mapping[str, str]
    relations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A file ready to be validated: plain UTF-8 CSV at `path`, its header known.

    `path` is of the machine that looked at the file; on others it is made anew from `url`, where the file was
    delivered, and its `encoding`. `lines` is the number of lines, by which the fast reader is checked. `quoted`: a
    row may span lines. `exact`: `path` is Parquet that the exact reader wrote; `doubtful`: it should.
    """

    load_id: int
    path: str
    url: str
    encoding: str
    size: int
    header: tuple[str, ...]
    delimiter: str
    lines: int
    quoted: bool
    doubtful: bool
    rules: RowRules
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One rule that a file or its rows broke: how often, and the first examples (row, column, value)."""

    rule: str
    column: str | None
    count: int
    message: str
    severity: Severity = "reject"
    examples: tuple[tuple[int, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Staged:
    """What validating one file gave: rows read and rejected, and the rows loaded of each day."""

    load_id: int
    rows_read: int
    rows_rejected: int
    days: Mapping[date, int]

    @property
    def rows_loaded(self) -> int:
        """Rows that went into the staged Parquet."""
        return self.rows_read - self.rows_rejected


# ---- the lake


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A Parquet file that a table's plan names: its rows, its bytes and, where the table is partitioned, its day."""

    path: str
    rows: int
    size: int
    day: date | None


# ---- what engines are given, and give back


@dataclass(frozen=True, slots=True)
class InEffect:
    """The rows of a dataset that count: the Parquet files they lie in, by table, and load_id -> seq."""

    files: Mapping[str, tuple[str, ...]]
    load_ids: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Staging:
    """What an engine made of a batch of files: the sources as it read them, what each gave, files by table.

    `unreadable` has, by load_id, what kept a file from being cut into rows at all.
    """

    sources: tuple[Source, ...]
    staged: Mapping[int, Staged]
    files: Mapping[str, tuple[str, ...]]
    unreadable: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComputedDays:
    """What an engine made of some days: per KPI its files, and per KPI and day its rows.

    `listens` are the distinct ones of each day.
    """

    files: Mapping[str, tuple[str, ...]]
    rows: Mapping[tuple[str, date], int]
    listens: Mapping[date, int]
