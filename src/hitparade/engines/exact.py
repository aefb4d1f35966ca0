"""The exact CSV reader: slower than the engine's, and right about files that are not as they should be.

A file that the fast reader refuses, or counts differently, is read here once, row by row as RFC 4180 has it, into
Parquet with the number of each row and, of a row that is no row, its text and what is wrong with it. Rules then
run on that Parquet like on any other file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from hitparade.model import Source

if TYPE_CHECKING:
    import pyarrow as pa

# DuckDB works on 2,048 rows at a time: longer fields would not fit the memory of a small machine.
MAX_FIELD = 1 << 14
MAX_ROW = 1 << 24
MAX_RAW = 10_000
# A batch becomes a row group, and DuckDB holds what it reads of one: long rows come in small ones.
BATCH_ROWS = 50_000
BATCH_CHARACTERS = 1 << 22
# The text of a row is put together from its columns, for bad rows alone. Of very many it is kept for every row.
WIDE = 200
ROW, RAW, DEFECT = "row", "raw", "defect"


class NotCsv(Exception):
    """A file that cannot be cut into rows at all."""


Row = tuple[int, str | None, str | None, *tuple[str | None, ...]]
"""A row's number from 1; its text and what is wrong with it (`csv` or `encoding`), if anything; its fields, if not."""


def read_exactly(source: Source, target: Path) -> None:
    """Write a file's rows to Parquet: `row`, `raw`, `defect`, and each column of the header as text.

    Raises NotCsv for a row of more than 16 MiB.
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
        lines = Lines(file)
        batch: list[Row] = []
        for row in rows(lines, delimiter=source.delimiter, width=width):
            batch.append(row)
            if len(batch) == BATCH_ROWS or lines.since_batch > BATCH_CHARACTERS:
                writer.write_batch(as_arrow(batch, schema))
                batch = []
                lines.since_batch = 0
        writer.write_batch(as_arrow(batch, schema))


def as_arrow(batch: list[Row], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as Arrow."""
    import pyarrow as pa

    columns = list(zip(*batch, strict=True)) or [()] * len(schema)
    arrays = [pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def rows(lines: Lines, *, delimiter: str, width: int) -> Iterator[Row]:
    """The rows after the header. Blank lines are no rows."""
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    next(reader, None)
    nothing = (None,) * width
    number = 0
    while True:
        lines.begin_row()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error:
            fields = None
        if fields == []:
            continue
        number += 1
        defect = defect_of(fields, width)
        if fields is None or defect is not None:
            yield (number, readable(lines.text), defect, *nothing)
        else:
            yield (number, readable(lines.text) if width > WIDE else None, None, *fields)


def defect_of(fields: list[str] | None, width: int) -> str | None:
    """What is wrong with a row: it must have the header's number of fields, and be UTF-8 without NUL."""
    if fields is None or len(fields) != width:
        return "csv"
    text = "".join(fields)
    if "\0" in text:
        return "encoding"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:  # bytes that were no UTF-8 came in as lone surrogates
            return "encoding"
    return None


def readable(lines: list[str]) -> str:
    """A row's text, with escapes for what is no text."""
    text = "".join(lines).rstrip("\r\n").encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text.replace("\0", "\\x00")[:MAX_RAW]


class Lines:
    """Lines of a file; `text` holds those that the current row took, which are bounded in length.

    `since_batch` counts characters, for who reads to set back.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text: list[str] = []
        self.size = 0
        self.since_batch = 0

    def begin_row(self) -> None:
        """Forget the last row."""
        self.text.clear()
        self.size = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self.file.readline(MAX_ROW)
        if not line:
            raise StopIteration
        self.size += len(line)
        self.since_batch += len(line)
        if self.size >= MAX_ROW:
            raise NotCsv(f"a row of more than {MAX_ROW >> 20} MiB")
        self.text.append(line)
        return line
