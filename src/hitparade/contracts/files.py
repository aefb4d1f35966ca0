"""File rules: what can be said of a delivery before a row of it is read, and of its rows once they are counted."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from hitparade.contracts.re2 import matches
from hitparade.model import Contract, Problem, Staged

MAX_HEADER = 1 << 20
MAX_COLUMNS = 1 << 14


def name_problems(contract: Contract, name: str, size: int) -> Iterator[Problem]:
    """Rules on the name (without .gz or .zst) and on the size in bytes."""
    if contract.extension and not name.endswith(contract.extension):
        yield file_problem("extension", f"{name} does not end in {contract.extension}")
    if contract.name_pattern is not None and not matches(contract.name_pattern, name):
        yield file_problem("name_pattern", f"{name} does not match {contract.name_pattern}")
    if contract.max_bytes is not None and size > contract.max_bytes:
        yield file_problem("max_bytes", f"{size:,} bytes are more than the {contract.max_bytes:,} allowed")


def read_header(path: str, delimiter: str) -> tuple[str, ...]:
    """The column names of a UTF-8 CSV file; empty when it has no first line.

    Raises UnicodeDecodeError or csv.Error where the first line is not a header at all.
    """
    # The file is decoded a block at a time, and bytes that are not UTF-8 may well come after the header.
    with Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        first = next(csv.reader(_bounded(file), delimiter=delimiter, strict=True), [])
    return tuple(name.encode("utf-8", "surrogateescape").decode("utf-8").strip() for name in first)


def _bounded(file: TextIO) -> Iterator[str]:
    """Lines of a file, for as long as they could be a header."""
    left = MAX_HEADER
    while line := file.readline(left):
        left -= len(line)
        if not left:
            raise csv.Error(f"the first row is longer than {MAX_HEADER:,} characters")
        yield line


def header_problems(contract: Contract, header: tuple[str, ...]) -> Iterator[Problem]:
    """Rules on the header: missing, doubled and unknown columns. The order of columns is free."""
    if not any(header):
        yield file_problem("empty_file", "the file has no header")
        return
    if len(header) > MAX_COLUMNS:
        yield file_problem("header", f"{len(header):,} columns are more than anyone reads, {MAX_COLUMNS:,}")
        return
    named = [field.name for field in contract.fields]
    keys = {field.name for field in contract.fields if field.required}
    needed = named if contract.fields_required else [name for name in named if name in keys]
    missing = [name for name in needed if name not in header]
    if missing:
        yield file_problem("header", f"missing {plural('column', missing)}; the header is {', '.join(header)}"[:500])
    doubled = sorted({name for name in header if name in named and header.count(name) > 1})
    if doubled:
        yield file_problem("header", f"more than once: {plural('column', doubled)}")
    extra = [name for name in header if name not in named]
    if extra and contract.extra_columns == "reject":
        yield file_problem("extra_columns", f"not in the contract: {plural('column', extra)}"[:500])


def count_problems(contract: Contract, staged: Staged) -> Iterator[Problem]:
    """Rules on how many rows there are, and how many of them are bad."""
    rows, bad = staged.rows_read, staged.rows_rejected
    if contract.max_rows is not None and rows > contract.max_rows:
        yield file_problem("max_rows", f"{rows:,} rows are more than the {contract.max_rows:,} allowed")
    if contract.min_rows is not None and rows < contract.min_rows:
        yield file_problem("min_rows", f"{rows:,} rows are fewer than the {contract.min_rows:,} wanted")
    limit = contract.max_rejected_ratio
    if limit is not None and rows and bad / rows > limit:
        yield file_problem("max_rejected_ratio", f"{bad:,} of {rows:,} rows are bad, more than {limit:.0%}")


def file_problem(rule: str, message: str) -> Problem:
    """A rule that the file as a whole breaks."""
    return Problem(rule=rule, column=None, count=1, message=message)


def plural(noun: str, names: list[str]) -> str:
    """Names after their noun."""
    return f"{noun}{'s' if len(names) > 1 else ''} {', '.join(names)}"
