"""The keys a manifest may have, as pydantic models; version 2 is a superset of version 1.

A manifest of version 1 is judged by the V1 models, knowing fewer keys, and then read by the V2 models, which
give the rest its defaults. The published JSON Schema and the reference page come from these models too: the
descriptions here are what users read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from hitparade.contracts import key_types as kinds
from hitparade.contracts.columns import REFERENCES
from hitparade.contracts.problem import shown
from hitparade.contracts.values import ORDERED, Scalar, in_order, read_value
from hitparade.model import Dataset, ExtraColumns, FieldType, OnError, OnRedelivery, Severity


class Keys(BaseModel):
    """An object of the manifest: unknown keys are mistakes, and no value is bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FieldV1(Keys):
    """One column of the files."""

    type: FieldType = Field(description="What the column's values are.")
    required: bool = Field(default=False, description="Whether an empty value is a breach.")


class FieldV2(FieldV1):
    """One column of the files."""

    severity: Severity = Field(
        default="reject",
        description="What a breach of the field's rules means: `reject` the row, or `warn` and load it.",
    )
    min: kinds.Bound | None = Field(
        default=None,
        description="The least value; for int, float, timestamp and date.",
    )
    max: kinds.Bound | None = Field(default=None, description="The greatest value; for int, float, timestamp and date.")
    pattern: kinds.Pattern | None = Field(default=None, description="A pattern (RE2) that the whole value must match.")
    allowed: Annotated[list[kinds.Choice], Field(min_length=1)] | None = Field(
        default=None, description="The only values there may be."
    )
    format: kinds.TimeFormat | None = Field(
        default=None,
        description="How a timestamp or date is written, in strptime's directives: `%d/%m/%Y %H:%M`; "
        "without it, ISO 8601.",
    )
    references: kinds.Reference | None = Field(
        default=None,
        description="A column of the catalogue that should have the value; needs `severity` to be `warn`.",
    )

    @field_validator("min", "max", mode="after")
    @classmethod
    def _bound_is_of_the_type(cls, bound: Scalar | None, info: ValidationInfo) -> Scalar | None:
        kind = info.data.get("type")
        if kind is None or bound is None:
            return bound
        if kind not in ORDERED:
            raise ValueError(f"is for {', '.join(ORDERED)} and not for {kind}: use allowed or pattern")
        value = read_value(kind, bound)
        low = info.data.get("min")
        if low is not None and info.field_name == "max" and not in_order(read_value(kind, low), value):
            raise ValueError(f"{shown(bound)} is less than min, {shown(low)}")
        return bound

    @field_validator("allowed", mode="after")
    @classmethod
    def _allowed_are_of_the_type(cls, allowed: list[Scalar] | None, info: ValidationInfo) -> list[Scalar] | None:
        kind = info.data.get("type")
        for raw in allowed or ():
            if kind is not None:
                read_value(kind, raw)
        return allowed

    @field_validator("format", mode="after")
    @classmethod
    def _format_is_of_times(cls, text: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("type", "date")
        if text is not None and kind not in ("timestamp", "date"):
            raise ValueError(f"is for timestamp and date and not for {kind}")
        return text

    @field_validator("references", mode="after")
    @classmethod
    def _references_only_warn(cls, column: str | None, info: ValidationInfo) -> str | None:
        if column is None:
            return None
        kind = info.data.get("type", REFERENCES[column])
        if kind != REFERENCES[column]:
            raise ValueError(f"{shown(column)} is {REFERENCES[column]}, so a field of {kind} cannot refer to it")
        if info.data.get("severity", "warn") != "warn":
            raise ValueError(
                "can only warn, because rejecting would make results depend on the order of arrival: "
                'say "severity": "warn"'
            )
        return column


class ValidationV1(Keys):
    """What becomes of a file that breaks its contract."""

    on_error: OnError = Field(
        description="`quarantine` sets the whole file aside, `reject_rows` loads the good rows and keeps the "
        "bad ones with reasons, `fail` stops the load of the dataset and leaves the file where it is."
    )
    quarantine_path: kinds.RelativePath | None = Field(
        default=None,
        description="Where quarantined files go, in the workspace or bucket; goes before the setting.",
    )


class ValidationV2(ValidationV1):
    """What becomes of a file that breaks its contract."""

    max_rejected_ratio: kinds.Ratio | None = Field(
        default=None,
        description="With `reject_rows`: the share of rejected rows above which a file is quarantined.",
    )

    @field_validator("max_rejected_ratio", mode="after")
    @classmethod
    def _only_with_reject_rows(cls, ratio: float | None, info: ValidationInfo) -> float | None:
        on_error = info.data.get("on_error", "reject_rows")
        if ratio is not None and on_error != "reject_rows":
            raise ValueError(f"is for on_error reject_rows and not for {on_error}")
        return ratio


DEFAULT_VALIDATION = ValidationV2(on_error="reject_rows", max_rejected_ratio=0.5)


class SchemaV1(Keys):
    """What the files look like."""

    extension: kinds.Extension = Field(
        default=".csv", description="How file names end, once `.gz` or `.zst` is stripped."
    )
    name_pattern: kinds.Pattern | None = Field(
        default=None, description="A pattern (RE2) that the whole file name must match, extension included."
    )
    max_rows: kinds.Limit | None = Field(default=None, description="The most rows a file may have.")
    fields_required: bool = Field(
        default=True, description="Whether the header must have every column named in `fields`."
    )
    fields: Mapping[str, FieldV1] = Field(description="The columns by name; case counts.")
    validation: ValidationV1 = Field(
        default=DEFAULT_VALIDATION, description="What becomes of a file that breaks the contract."
    )


class SchemaV2(SchemaV1):
    """What the files look like."""

    fields: Mapping[str, FieldV2] = Field(description="The columns by name; case counts.")
    validation: ValidationV2 = Field(
        default=DEFAULT_VALIDATION, description="What becomes of a file that breaks the contract."
    )
    min_rows: kinds.Count | None = Field(default=None, description="The fewest rows a file may have.")
    max_bytes: kinds.Limit | None = Field(default=None, description="The largest size of a file as delivered.")
    on_redelivery: OnRedelivery = Field(
        default="append",
        description="What new content under a known name is: `append` more rows, or `supersede` the "
        "earlier file as its correction (streams only).",
    )
    delimiter: kinds.Delimiter = Field(default=",", description="The character between columns.")
    encoding: kinds.Encoding = Field(default="utf-8", description="The encoding, by Python's names.")
    timezone: kinds.TimeZone = Field(
        default="UTC", description="The IANA time zone of timestamps that do not state an offset."
    )
    extra_columns: ExtraColumns = Field(
        default="ignore",
        description="Whether columns not in `fields` are passed over or breach the contract.",
    )

    @field_validator("min_rows", mode="after")
    @classmethod
    def _rows_are_in_order(cls, least: int | None, info: ValidationInfo) -> int | None:
        most = info.data.get("max_rows")
        if least is not None and most is not None and least > most:
            raise ValueError(f"{least} is more than max_rows, {most}")
        return least


class ManifestV1(Keys):
    """A manifest of version 1.0."""

    version: kinds.VersionOne = Field(description="The version of the manifest's format.")
    name: str | None = Field(default=None, description="A name, for people.")
    directory: str | None = Field(
        default=None, description="Where the files lie, for people: the landing zone is a setting."
    )
    purpose: str | None = Field(default=None, description="What the files are for, for people.")
    schema_: SchemaV1 = Field(alias="schema", description="What the files look like, key by key.")


class ManifestV2(ManifestV1):
    """A manifest of version 2.0."""

    version: kinds.VersionTwo = Field(description="The version of the manifest's format.")
    dataset: Dataset | None = Field(
        default=None, description="The dataset the files belong to; where they are found says so as well."
    )
    schema_: SchemaV2 = Field(alias="schema", description="What the files look like, key by key.")
