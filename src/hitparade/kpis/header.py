"""The YAML comment at the head of a KPI's file: what the KPI means, in a form that machines read.

It is read as a tree of nodes rather than as values, so that every mistake can name its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_args

import yaml

from hitparade.errors import KpiError
from hitparade.model import Column, ColumnType, Measure, Scope

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where built, is ten times as fast
_Word = TypeVar("_Word", bound=str)

_COUNTED: Final = frozenset({"additive", "distinct", "ratio"})


@dataclass(frozen=True, slots=True)
class RelationHeader:
    """The header of a shared relation. `lines` gives the line of `reads` and of each entry: `reads.plays`."""

    description: str
    reads: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class KpiHeader:
    """The header of a KPI. `lines` also gives the line of `columns` and of each entry in it."""

    description: str
    reads: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, int]
    scope: Scope
    served: int | None
    columns: tuple[Column, ...]


def read_kpi_header(text: str, source: str) -> KpiHeader:
    """The header of a KPI's file; KpiError for the first mistake in it."""
    entries = _of_file(text, source, known=("description", "scope", "served", "reads", "columns"))
    reads, columns = entries.mapping("reads"), entries.mapping("columns")
    return KpiHeader(
        description=entries.text("description"),
        scope=entries.choice("scope", get_args(Scope)),
        served=entries.count("served") if "served" in entries else None,
        reads={name: reads.names(name) for name in reads},
        columns=tuple(_column(columns, name) for name in columns),
        lines=entries.lines("") | reads.lines("reads.") | columns.lines("columns."),
    )


def read_relation_header(text: str, source: str) -> RelationHeader:
    """The smaller header of a shared relation's file; KpiError for the first mistake in it."""
    entries = _of_file(text, source, known=("description", "reads"))
    reads = entries.mapping("reads")
    return RelationHeader(
        description=entries.text("description"),
        reads={name: reads.names(name) for name in reads},
        lines=entries.lines("") | reads.lines("reads."),
    )


def _column(columns: _Entries, name: str) -> Column:
    entries = columns.mapping(name, known=("type", "measure", "unit", "description"))
    measure: Measure = entries.choice("measure", get_args(Measure))
    if measure in _COUNTED and "unit" not in entries:
        raise columns.mistake(name, f"{name} has measure class {measure} and no unit")
    return Column(
        name=name,
        type=entries.choice("type", get_args(ColumnType)),
        measure=measure,
        unit=entries.text("unit") if "unit" in entries else None,
        description=entries.text("description"),
    )


def _of_file(text: str, source: str, known: tuple[str, ...]) -> _Entries:
    begin, _, rest = text.partition("/*")
    header, end, _ = rest.partition("*/")
    if begin.strip() or not end:
        raise KpiError(source, "the file does not begin with a header", line=1, hint="begin it with /* ... */ of YAML")
    above = begin.count("\n")
    try:
        node = yaml.compose(header, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 + above if error.problem_mark else None
        raise KpiError(source, f"the header is not YAML: {error.problem}", line=line) from error
    except yaml.YAMLError as error:
        raise KpiError(source, f"the header is not YAML: {error}") from error
    if node is None:
        raise KpiError(source, "the header is empty", line=above + 1)
    return _Entries(node, source, "the header", above=above, known=known)


class _Entries:
    """A mapping of the header, with the line of each key. `name` is what messages call it."""

    def __init__(
        self, node: yaml.Node, source: str, name: str, *, above: int, known: tuple[str, ...] | None = None
    ) -> None:
        self._source, self._name, self._above = source, name, above
        self._line = node.start_mark.line + 1 + above
        self._nodes: dict[str, yaml.Node] = {}
        self._key_lines: dict[str, int] = {}
        if not isinstance(node, yaml.MappingNode):
            raise KpiError(source, f"{name} is not a mapping", line=self._line)
        for key_node, value in node.value:
            key, line = str(key_node.value), key_node.start_mark.line + 1 + above
            if key in self._nodes:
                raise KpiError(source, f"{name} has {key} twice", line=line)
            if known is not None and key not in known:
                raise KpiError(source, f"{name} has an unknown key {key}", line=line, hint=f"known: {', '.join(known)}")
            self._nodes[key], self._key_lines[key] = value, line

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __contains__(self, key: str) -> bool:
        return key in self._nodes

    def lines(self, prefix: str) -> dict[str, int]:
        return {prefix + key: line for key, line in self._key_lines.items()}

    def mistake(self, key: str, problem: str, *, hint: str | None = None) -> KpiError:
        return KpiError(self._source, problem, line=self._key_lines.get(key, self._line), hint=hint)

    def mapping(self, key: str, known: tuple[str, ...] | None = None) -> _Entries:
        entries = _Entries(self._node(key), self._source, key, above=self._above, known=known)
        if not entries._nodes:
            raise self.mistake(key, f"{key} is empty")
        return entries

    def text(self, key: str) -> str:
        node = self._node(key)
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self.mistake(key, f"{key} is not a text")
        return str(node.value).strip()

    def choice(self, key: str, words: tuple[_Word, ...]) -> _Word:
        given = self.text(key)
        for word in words:
            if word == given:
                return word
        raise self.mistake(key, f"{key} is {given!r}", hint=f"one of: {', '.join(words)}")

    def count(self, key: str) -> int:
        given = self.text(key)
        if not given.isascii() or not given.isdigit() or int(given) == 0:
            raise self.mistake(key, f"{key} is {given!r}, not a number from 1")
        return int(given)

    def names(self, key: str) -> tuple[str, ...]:
        node = self._node(key)
        if not isinstance(node, yaml.SequenceNode) or not node.value:
            raise self.mistake(key, f"{key} is not a list of columns")
        return tuple(str(item.value) for item in node.value)

    def _node(self, key: str) -> yaml.Node:
        if key not in self._nodes:
            raise KpiError(self._source, f"{self._name} has no {key}", line=self._line)
        return self._nodes[key]
