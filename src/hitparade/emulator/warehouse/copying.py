"""COPY from S3, which PostgreSQL has no statement for: Parquet files, by their places in the table's columns.

https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from hitparade.emulator.warehouse.refusals import SYNTAX, UNSUPPORTED, Refused
from hitparade.errors import StorageError

if TYPE_CHECKING:
    import pyarrow as pa
    from pgpq import ArrowToPostgresBinaryEncoder

    from hitparade.storage import Storage

INTERNAL = "XX000"
ROWS = 20_000
"""How many rows are in memory at once."""
NOTHING = b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\xff\xff"
"""No rows, in that format."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A COPY: into which table, from where, and whether a manifest lists the files."""

    table: str
    source: str
    manifest: bool

    @property
    def columns(self) -> str:
        """The query for the table's columns."""
        table = self.table.replace("'", "''")
        return (
            "SELECT a.attname, t.typname, a.atttypmod FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t"
            f" ON t.oid = a.atttypid WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped"
            " ORDER BY a.attnum"
        )


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: PostgreSQL's name of its type, and the number that its declaration adds to it."""

    name: str
    type: str
    modifier: int

    @property
    def length(self) -> int | None:
        """How many bytes a text may have, as Redshift counts."""
        return self.modifier - 4 if self.type in {"varchar", "bpchar"} and self.modifier > 0 else None

    @property
    def precision(self) -> tuple[int, int] | None:
        """Digits in all, and after the point."""
        if self.type != "numeric" or self.modifier < 0:
            return None
        return (self.modifier - 4) >> 16, (self.modifier - 4) & 0xFFFF


def columns_of(rows: Sequence[Sequence[str | None]]) -> tuple[Column, ...]:
    """A table's columns, from the rows of that query."""
    return tuple(Column(str(name), str(kind), int(modifier or -1)) for name, kind, modifier in rows)


@dataclass(frozen=True, slots=True)
class File:
    """A file to copy."""

    url: str
    size: int


def copy_of(tree: exp.Copy) -> Copy:
    """A COPY statement. Refused when Redshift would not take it, or it is of a kind that is not done here."""
    if not tree.args.get("kind") or len(tree.args["files"]) != 1:
        raise Refused(SYNTAX, "COPY loads from one place; use UNLOAD for the other way")
    source = tree.args["files"][0].name
    if not source.startswith("s3://"):
        raise Refused(UNSUPPORTED, f"COPY: {source or 'this source'} is not supported; use s3://bucket/key")
    if not isinstance(tree.this, exp.Table):
        raise Refused(UNSUPPORTED, "COPY of columnar files takes no list of columns")
    credentials = tree.args.get("credentials")
    if credentials is None or not credentials.args.get("iam_role"):
        raise Refused(SYNTAX, "COPY: must specify an IAM role: IAM_ROLE 'arn:aws:iam::...'")
    options = {param.name.upper(): param.expression for param in tree.args["params"]}
    if options.pop("PARQUET", None) is None:
        form = options.pop("FORMAT", None)
        if form is None or form.name.upper() != "PARQUET":
            raise Refused(UNSUPPORTED, "COPY: only FORMAT AS PARQUET is done here")
    manifest = "MANIFEST" in options
    options.pop("MANIFEST", None)
    if options:
        raise Refused(UNSUPPORTED, f"COPY: {', '.join(options)} is not supported for PARQUET")
    table = tree.this.copy()
    for name in table.find_all(exp.Identifier):
        name.set("this", name.name.lower())
    return Copy(table.sql("postgres", identify=True), source, manifest)


def files_of(copy: Copy, storage: Storage) -> tuple[File, ...]:
    """The files that a COPY is of. Refused when one that must be there is not, or is not what the manifest says."""
    if copy.manifest:
        return tuple(listed(copy.source, storage))
    found = storage.stat(copy.source)
    urls = [copy.source] if found is not None else storage.below(copy.source)
    if not urls:
        raise Refused(INTERNAL, f"The specified S3 prefix '{copy.source}' does not exist")
    return tuple(File(url, blob.size) for url in urls if (blob := storage.stat(url)) is not None)


def listed(manifest: str, storage: Storage) -> Iterator[File]:
    """The files that a manifest lists."""
    if storage.stat(manifest) is None:
        raise Refused(INTERNAL, f"The specified S3 prefix '{manifest}' does not exist")
    with storage.open(manifest) as file:
        content = file.read()
    try:
        entries = json.loads(content)["entries"]
        wanted = [(entry["url"], entry.get("mandatory", False), entry.get("meta", {})) for entry in entries]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(INTERNAL, f"Manifest file {manifest} is not in correct json format: {error!r}") from error
    for url, mandatory, meta in wanted:
        length = meta.get("content_length")
        if not isinstance(length, int):
            raise Refused(INTERNAL, f"Manifest {manifest}: {url}: columnar files need meta.content_length")
        found = storage.stat(url)
        if found is None and mandatory:
            raise Refused(INTERNAL, f"Problem reading manifest file {manifest}: mandatory {url} does not exist")
        if found is None:
            continue
        if found.size != length:
            raise Refused(INTERNAL, f"Manifest {manifest}: {url}: content_length is {length}, the file's {found.size}")
        yield File(url, length)


def batches(file: File, columns: Sequence[Column], storage: Storage) -> Iterator[pa.RecordBatch]:
    """A file's rows as the columns take them, some at a time. Refused when they do not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with storage.open(file.url) as opened, pq.ParquetFile(opened) as parquet:
            check(file, parquet.schema_arrow, columns)
            for batch in parquet.iter_batches(batch_size=ROWS):
                arrays = [fitted(array, column, file) for array, column in zip(batch.columns, columns, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])
    except pa.ArrowException as error:
        raise Refused(INTERNAL, f"Spectrum Scan Error: {file.url}: {error}") from error
    except StorageError as error:
        raise Refused(INTERNAL, f"S3ServiceException: {error.message}") from error


def check(file: File, schema: pa.Schema, columns: Sequence[Column]) -> None:
    """Refuse a file that does not fit the table."""
    if len(schema) != len(columns):
        raise Refused(
            INTERNAL,
            "Spectrum Scan Error: Unmatched number of columns between table and file."
            f" Table columns: {len(columns)}, Data columns: {len(schema)}, File name: {file.url}",
        )
    for field, column in zip(schema, columns, strict=True):
        if not fits(field.type, column):
            raise Refused(
                INTERNAL,
                f"Spectrum Scan Error: File '{file.url}' has an incompatible Parquet schema for column"
                f" '{column.name}'. Column type: {column.type}, Parquet schema: {field.type} {field.name}",
            )


def fits(found: pa.DataType, column: Column) -> bool:
    """Whether a column takes a file's type: there is no cast, not even to a wider one."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if kinds.is_dictionary(found):
        found = found.value_type
    if column.type == "numeric":
        precision, scale = column.precision or (0, 0)
        return bool(kinds.is_decimal(found) and found.scale == scale and found.precision <= precision)
    if column.type in {"timestamp", "timestamptz"}:
        return bool(kinds.is_timestamp(found) and found.unit in {"ms", "us"})
    exactly: Mapping[str, tuple[Any, ...]] = {
        "int2": (pa.int8(), pa.int16()),
        "int4": (pa.int32(),),
        "int8": (pa.int64(),),
        "float4": (pa.float32(),),
        "float8": (pa.float64(),),
        "bool": (pa.bool_(),),
        "date": (pa.date32(),),
        "varchar": (pa.string(), pa.large_string()),
        "bpchar": (pa.string(), pa.large_string()),
    }
    return found in exactly.get(column.type, ())


def fitted(array: pa.Array, column: Column, file: File) -> pa.Array:
    """A column's values as PostgreSQL's encoding of its type wants them. Refused when a text has too many bytes."""
    import pyarrow as pa
    import pyarrow.compute as pc

    targets = {"timestamp": pa.timestamp("us"), "timestamptz": pa.timestamp("us", "UTC"), "int2": pa.int16()}
    if column.type in {"varchar", "bpchar"}:
        array = array.cast(pa.large_string())
        longest = pc.max(pc.binary_length(array)).as_py()
        if longest is not None and column.length is not None and longest > column.length:
            raise Refused(
                INTERNAL,
                f"Spectrum Scan Error: The length of the data column {column.name} is longer than the length defined"
                f" in the table. Table: {column.length}, Data: {longest}, File name: {file.url}",
            )
        return array
    return array.cast(targets[column.type]) if column.type in targets else array


def encoded(files: Sequence[File], columns: Sequence[Column], storage: Storage) -> Iterator[bytes]:
    """All rows of all files in PostgreSQL's binary format, piece by piece."""
    encoder: ArrowToPostgresBinaryEncoder | None = None
    for file in files:
        for batch in batches(file, columns, storage):
            if encoder is None:
                encoder = encoder_of(batch.schema)
                yield bytes(encoder.write_header())
            yield bytes(encoder.write_batch(batch))
    yield NOTHING if encoder is None else bytes(encoder.finish())


def encoder_of(fields: Iterable[pa.Field]) -> ArrowToPostgresBinaryEncoder:
    """What writes rows of these fields in that format."""
    import pyarrow as pa
    from pgpq import ArrowToPostgresBinaryEncoder

    return ArrowToPostgresBinaryEncoder(pa.schema(fields))
