"""The tables of the DynamoDB sink, which are data: dynamodb_tables.yaml, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from hitparade.errors import ConfigError
from hitparade.model import Kpi

SOURCE: Final = "dynamodb_tables.yaml"
DAY: Final = "listen_date"

AttributeType = Literal["string", "number"]
LETTERS: Final[Mapping[AttributeType, str]] = {"string": "S", "number": "N"}
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,199}$")]
Keys = Annotated[Mapping[Name, AttributeType], Field(min_length=1, max_length=2)]


def renamed(listed: object) -> object:
    """`[a, {b: c}]` as `{a: a, b: c}`; what is neither is left to the type check."""
    if not isinstance(listed, list):
        return listed
    pairs = [item if isinstance(item, dict) else {item: item} for item in listed]
    return {name: column for pair in pairs for name, column in pair.items()}


Columns = Annotated[Mapping[Name, Name], BeforeValidator(renamed), Field(min_length=1)]


class Part(BaseModel):
    """A mapping of the file; a key that it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Feed(Part):
    """What a KPI brings to a table: attributes of an item for each row, or a chart as one list.

    `keys` and `attributes` give the KPI's column of each attribute, keys only where it is called differently.
    """

    keys: Mapping[Name, Name] = {}
    attributes: Columns | None = None
    chart: Annotated[Mapping[Name, tuple[Name, ...]], Field(min_length=1, max_length=1)] | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> Self:
        """Attributes or a chart."""
        if (self.attributes is None) == (self.chart is None):
            raise ValueError("should have attributes, or a chart, and not both")
        return self

    @property
    def brought(self) -> tuple[str, ...]:
        """The attributes that are this KPI's own."""
        return tuple(self.attributes or self.chart or ())


class Table(Part):
    """One table: its keys, its indexes, and the KPIs that feed it, each with attributes of its own."""

    name: str
    keys: Keys
    indexes: Mapping[Name, Keys] = {}
    kpis: Annotated[Mapping[Name, Feed], Field(min_length=1)]

    @model_validator(mode="after")
    def consistent(self) -> Self:
        """KPIs share keys and nothing else, every item has a day, and indexes rest on what there is."""
        known = dict(self.keys)
        for kpi, feed in self.kpis.items():
            if unknown := feed.keys.keys() - self.keys.keys():
                raise ValueError(f"kpis.{kpi}.keys: {', '.join(sorted(unknown))} is no key of the table")
            if DAY not in self.key_columns(kpi).values():
                raise ValueError(f"kpis.{kpi}: no key holds {DAY}")
            for name in feed.brought:
                if name in known:
                    raise ValueError(f"kpis.{kpi}: {name} is a key, or another KPI's")
                known[name] = "number"
        for index, keys in self.indexes.items():
            for name, kind in keys.items():
                if known.get(name) != kind:
                    raise ValueError(f"indexes.{index}: there is no {kind} {name}")
        return self

    def key_columns(self, kpi: str) -> Mapping[str, str]:
        """The KPI's column of each key."""
        return {name: self.kpis[kpi].keys.get(name, name) for name in self.keys}

    def columns(self, kpi: str) -> Mapping[str, str]:
        """The attribute of each column of a KPI that the table has by the row: keys, and what is not in a list."""
        attributes = self.kpis[kpi].attributes or {}
        return {column: name for name, column in (*self.key_columns(kpi).items(), *attributes.items())}

    def answers(self, kpi: Kpi) -> bool:
        """Whether the table has every column of a KPI."""
        if kpi.name not in self.kpis:
            return False
        inside = [column for columns in (self.kpis[kpi.name].chart or {}).values() for column in columns]
        return set(kpi.column_names) <= {*self.columns(kpi.name), *inside}

    def types(self) -> Mapping[str, AttributeType]:
        """The type of every attribute that is a key, of the table or of an index."""
        return {name: kind for keys in (self.keys, *self.indexes.values()) for name, kind in keys.items()}


def run_attribute(kpi: str) -> str:
    """The attribute that holds the run which last wrote a KPI's part of an item."""
    return f"{kpi}_run"


def read_tables(text: str, source: str = SOURCE) -> tuple[Table, ...]:
    """The tables of a YAML file; ConfigError names every mistake in it."""
    try:
        document: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: this is not YAML: {error}") from error
    names = list(document) if isinstance(document, dict) else []
    listed = [{"name": name, **value} if isinstance(value := document[name], dict) else value for name in names]
    try:
        return TypeAdapter(Annotated[tuple[Table, ...], Field(min_length=1)]).validate_python(listed)
    except ValidationError as error:
        lines = []
        for each in error.errors():
            place = [
                names[part] if number == 0 and isinstance(part, int) else str(part)
                for number, part in enumerate(each["loc"])
            ]
            lines.append(f"{source}: {'.'.join(place)}: {each['msg']}")
        raise ConfigError("\n".join(lines)) from error


def default_tables() -> tuple[Table, ...]:
    """The tables that come with this package."""
    from importlib.resources import files

    return read_tables((files("hitparade.sinks") / SOURCE).read_text(encoding="utf-8"))
