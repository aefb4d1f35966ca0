"""The exact CSV reader: slower than the engine's, and right about files that are not as they should be.

A file that the fast reader refuses, or counts differently, is read here once, row by row as RFC 4180 has it, into
Parquet with the number and the text of each row and, of a row that is no row, what is wrong with it. Rules then
run on that Parquet like on any other file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from hitparade.model import Source

MAX_FIELD = 1 << 20
MAX_LINE = 1 << 24
MAX_RAW = 10_000
BATCH_ROWS = 50_000
ROW, RAW, DEFECT = "row", "raw", "defect"


class NotCsv(Exception):
    """A file that cannot be cut into rows at all."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its number from 1, its fields or what is wrong with it (`csv` or `encoding`), and its text."""

    row: int
    fields: tuple[str, ...]
    defect: str | None
    raw: str


def read_exactly(source: Source, target: Path) -> None:
    """Write a file's rows to Parquet: `row`, `raw`, `defect`, and each column of the header as text.

    Raises NotCsv for a line of more than 16 MiB.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    width = len(source.header)
    names = [ROW, RAW, DEFECT, *(f"c{number}" for number in range(width))]
    schema = pa.schema([(ROW, pa.int64()), *((name, pa.string()) for name in names[1:])])
    with (
        Path(source.path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file,
        pq.ParquetWriter(target, schema, compression="zstd") as writer,
    ):
        batch: list[Record] = []
        for record in records(file, delimiter=source.delimiter, width=width):
            batch.append(record)
            if len(batch) == BATCH_ROWS:
                writer.write_batch(as_arrow(batch, schema))
                batch = []
        writer.write_batch(as_arrow(batch, schema))


def as_arrow(batch: list[Record], schema: object) -> object:
    """Rows as Arrow; a row with a defect has no fields."""
    import pyarrow as pa

    columns = [
        [record.row for record in batch],
        [record.raw for record in batch],
        [record.defect for record in batch],
    ]
    width = len(schema.names) - len(columns)  # type: ignore[attr-defined]
    empty = (None,) * width
    fields = zip(*((record.fields if record.defect is None else empty) for record in batch), strict=True)
    columns.extend(list(column) for column in fields)
    columns.extend([] for _ in range(width + 3 - len(columns)))
    return pa.RecordBatch.from_arrays(
        [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)],  # type: ignore[call-overload]
        schema=schema,
    )


def records(file: TextIO, *, delimiter: str, width: int) -> Iterator[Record]:
    """The rows after the header. Blank lines are no rows."""
    csv.field_size_limit(MAX_FIELD)
    lines = Lines(file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    next(reader, None)
    number = 0
    while True:
        lines.text.clear()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = None
        if fields == []:
            continue
        number += 1
        yield record(number, fields, lines.text, width)


def record(number: int, fields: list[str] | None, lines: list[str], width: int) -> Record:
    """A row, judged: it must have the header's number of fields, and be UTF-8 without NUL."""
    text = "".join(lines).rstrip("\r\n")
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    raw = readable.replace("\0", "\\x00")[:MAX_RAW]
    defect = None
    if fields is None or len(fields) != width:
        defect = "csv"
    elif readable != text or "\0" in text:
        defect = "encoding"
    return Record(row=number, fields=tuple(fields or ()), defect=defect, raw=raw)


class Lines:
    """Lines of a file, bounded in length; `text` holds those that the current row took."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text: list[str] = []

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self.file.readline(MAX_LINE)
        if not line:
            raise StopIteration
        if len(line) == MAX_LINE:
            raise NotCsv(f"a line of more than {MAX_LINE >> 20} MiB")
        self.text.append(line)
        return line


def as_csv(fields: list[str], delimiter: str) -> str:
    """Fields as one row of CSV text, without its end."""
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter, lineterminator="").writerow(fields)
    return target.getvalue()[:MAX_RAW]
