"""Small files with one kind of fault each, made so that what must become of them is known beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from hitparade.model import Dataset
from hitparade.sample.listens import Listen
from hitparade.sample.truth import FileRule, FileTruth, RowRule

_MUST_QUOTE = frozenset(',"\r\n')


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values in the order of the dataset's columns, and the rule it breaks (None: a good row).

    `raw` is the record where values cannot say it. `listen` is what a good row of streams loads as.
    """

    values: tuple[str, ...]
    broken: RowRule | None = None
    raw: bytes | None = None
    listen: Listen | None = None

    @property
    def record(self) -> bytes:
        """The row as it stands in the file, without its line's end."""
        return record(self.values) if self.raw is None else self.raw


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes good rows of one dataset. `text_column` takes any text; the first column is the key."""

    dataset: Dataset
    columns: tuple[str, ...]
    text_column: int
    row: Callable[[], Row]

    def rows(self, count: int) -> tuple[Row, ...]:
        """So many good rows, all different."""
        return tuple(self.row() for _ in range(count))

    def with_value(self, column: str, value: str, broken: RowRule | None = None) -> Row:
        """A good row but for one value."""
        good, place = self.row(), self.columns.index(column)
        values = (*good.values[:place], value, *good.values[place + 1 :])
        return replace(good, values=values, broken=broken, listen=None if broken else good.listen)


@dataclass(frozen=True, slots=True)
class Defect:
    """One file of a hostile sample: its bytes, and what became of them if the contract is kept.

    `refused` is the rule that refuses the file as a whole; a `duplicate` holds the bytes of the file before
    it.
    """

    dataset: Dataset
    label: str
    content: bytes
    rows: tuple[Row, ...]
    ending: str = ".csv"
    refused: FileRule | None = None
    duplicate: bool = False

    @property
    def loaded(self) -> tuple[Row, ...]:
        """The rows that end in the lake."""
        if self.refused or self.duplicate:
            return ()
        return tuple(row for row in self.rows if row.broken is None)

    @property
    def listens(self) -> list[Listen]:
        """The listens that end in the lake, repeats included."""
        return [row.listen for row in self.loaded if row.listen]

    def truth(self, name: str) -> FileTruth:
        """What must become of the file."""
        if self.duplicate:
            return FileTruth(self.dataset, name, "duplicate", None, None, 0, None, None)
        if self.refused and self.refused != "max_rejected_ratio":
            return FileTruth(self.dataset, name, "quarantined", self.refused, None, 0, None, None)
        rejects = Counter(row.broken for row in self.rows if row.broken)
        return FileTruth(
            self.dataset,
            name,
            "quarantined" if self.refused else "loaded",
            self.refused,
            len(self.rows),
            len(self.loaded),
            len(self.rows) - len(self.loaded),
            dict(rejects),
        )


def record(values: Iterable[str], *, always_quote: bool = False) -> bytes:
    """A CSV record; lone surrogates stand for bytes that are not UTF-8."""

    def field(value: str) -> str:
        if always_quote or _MUST_QUOTE.intersection(value):
            return '"' + value.replace('"', '""') + '"'
        return value

    return ",".join(map(field, values)).encode("utf-8", "surrogateescape")


def document(columns: Iterable[str], records: Iterable[bytes], *, newline: bytes = b"\n") -> bytes:
    """A CSV file: the header and the records, each line ended."""
    return newline.join([record(columns), *records, b""])


def of_rows(maker: Maker, label: str, rows: Sequence[Row], *, refused: FileRule | None = None) -> Defect:
    """A file of these rows that is otherwise as it should be."""
    content = document(maker.columns, (row.record for row in rows))
    return Defect(maker.dataset, label, content, tuple(rows), refused=refused)


def mixed(good: Sequence[Row], bad: Sequence[Row]) -> list[Row]:
    """Bad rows strewn among good ones."""
    step = max(1, len(good) // (len(bad) + 1))
    rows = list(good)
    for place, row in enumerate(bad, start=1):
        rows.insert(min(len(rows), place * step + place - 1), row)
    return rows
