"""Faults that any dataset may have: of the file, its header, its records and its encoding.

Some look like faults and are none (a byte order mark, CRLF, blank lines, other columns): those files must
load.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace

from hitparade.sample.defects import Defect, Maker, Row, document, mixed, of_rows, record

INVALID_UTF8 = ("caf\udce9", "\udcff\udcfe", "\udced\udca0\udc80")
"""Latin-1, bytes that never occur, and an encoded surrogate."""


def broken_files(maker: Maker, seed: int) -> Iterator[Defect]:
    """Every such file for one dataset. `seed` keeps files without rows from being the same over samples."""
    yield from _refused(maker)
    yield from _broken_records(maker)
    yield from _unusual_but_good(maker, seed)
    yield from _compressed(maker)
    yield from _repeated_file(maker)
    yield from _ratios(maker)


def _refused(maker: Maker) -> Iterator[Defect]:
    key, *others = maker.columns
    rows = maker.rows(12)
    content = document(others, (record(row.values[1:]) for row in rows))
    yield Defect(maker.dataset, "header-missing-column", content, rows, refused="header")
    rows = maker.rows(12)
    content = document((key, *maker.columns), (record((row.values[0], *row.values)) for row in rows))
    yield Defect(maker.dataset, "header-duplicate-column", content, rows, refused="header")
    yield Defect(maker.dataset, "empty", b"", (), refused="empty_file")
    plain = of_rows(maker, "wrong-extension", maker.rows(12))
    yield replace(plain, ending=".txt", refused="extension")


def _broken_records(maker: Maker) -> Iterator[Defect]:
    few = [Row(row.values, "csv", record(row.values[:-1])) for row in maker.rows(3)]
    many = [Row(row.values, "csv", record((*row.values, "one", "more"))) for row in maker.rows(3)]
    yield of_rows(maker, "ragged", mixed(maker.rows(20), [*few, *many]))

    first, *rest = maker.row().values
    after = Row((first, *rest), "csv", record([first], always_quote=True) + b"x," + record(rest))
    yield of_rows(maker, "text-after-quote", mixed(maker.rows(15), [after]))

    *rest, last = (value.replace('"', "") for value in maker.row().values)
    unclosed = Row((*rest, last), "csv", record(rest) + b',"' + last.encode())
    yield of_rows(maker, "unclosed-quote", [*maker.rows(15), unclosed])

    column = maker.columns[maker.text_column]
    invalid = [maker.with_value(column, text, "encoding") for text in INVALID_UTF8]
    yield of_rows(maker, "invalid-utf8", mixed(maker.rows(15), invalid))
    nul = maker.with_value(column, "before\x00after", "encoding")
    yield of_rows(maker, "nul", mixed(maker.rows(15), [nul]))


def _unusual_but_good(maker: Maker, seed: int) -> Iterator[Defect]:
    columns = maker.columns
    rows = maker.rows(15)
    content = document((*columns, "note"), (record((*row.values, "extra, ignored")) for row in rows))
    yield Defect(maker.dataset, "extra-column", content, rows)
    rows = maker.rows(15)
    content = document(columns[::-1], (record(row.values[::-1]) for row in rows))
    yield Defect(maker.dataset, "reordered-columns", content, rows)
    rows = maker.rows(15)
    content = b"\xef\xbb\xbf" + document(columns, (row.record for row in rows), newline=b"\r\n")
    yield Defect(maker.dataset, "bom-crlf", content, rows)
    rows = maker.rows(15)
    content = document(columns, (record(row.values, always_quote=True) for row in rows))
    yield Defect(maker.dataset, "all-quoted", content, rows)
    rows = maker.rows(15)
    lines = [b"", *(line for row in rows for line in (row.record, b"", b"")), b""]
    yield Defect(maker.dataset, "blank-lines", document(columns, lines), rows)
    yield Defect(maker.dataset, "header-only", document((*columns, f"note_{seed}"), ()), ())


def _compressed(maker: Maker) -> Iterator[Defect]:
    import pyarrow as pa

    good = of_rows(maker, "gzip", maker.rows(30))
    yield replace(good, ending=".csv.gz", content=gzip.compress(good.content, mtime=0))
    good = of_rows(maker, "zstd", maker.rows(30))
    yield replace(good, ending=".csv.zst", content=pa.compress(good.content, codec="zstd", asbytes=True))
    cut = of_rows(maker, "truncated", maker.rows(30))
    half = gzip.compress(cut.content, mtime=0)
    yield replace(cut, ending=".csv.gz", content=half[: len(half) // 2], refused="compression")
    cut = of_rows(maker, "truncated-zstd", maker.rows(30))
    half = pa.compress(cut.content, codec="zstd", asbytes=True)
    yield replace(cut, ending=".csv.zst", content=half[: len(half) // 2], refused="compression")
    plain = of_rows(maker, "not-gzip", maker.rows(12))
    yield replace(plain, ending=".csv.gz", refused="compression")


def _repeated_file(maker: Maker) -> Iterator[Defect]:
    first = of_rows(maker, "duplicate-a", maker.rows(20))
    yield first
    yield replace(first, label="duplicate-b", duplicate=True)


def _ratios(maker: Maker) -> Iterator[Defect]:
    def rows(good: int, bad: int) -> list[Row]:
        without_key = [maker.with_value(maker.columns[0], "", "required") for _ in range(bad)]
        return mixed(maker.rows(good), without_key)

    yield of_rows(maker, "half-bad", rows(10, 10))
    yield of_rows(maker, "mostly-bad", rows(8, 12), refused="max_rejected_ratio")
