"""From a manifest's text to the contract that files are judged by, or one error that names everything wrong.

Nothing is guessed: what a manifest does not say has a default, what it says wrongly is refused before a
file is looked at.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from hitparade.contracts.columns import dataset_problems, ordered_names
from hitparade.contracts.complaint import Version, shape_problems
from hitparade.contracts.document import canonical_text, read_document
from hitparade.contracts.key_types import VERSIONS
from hitparade.contracts.problem import Problem, refusal
from hitparade.contracts.shape import FieldV2, ManifestV1, ManifestV2
from hitparade.contracts.values import Scalar, value_text
from hitparade.model import Contract, Dataset, Field

BUILT_IN = "built-in"
"""The source of a contract that came with the package."""


class _Untitled(GenerateJsonSchema):
    """A key's name is title enough."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def parse_manifest(text: str | bytes, *, dataset: Dataset, source: str) -> Contract:
    """Return the contract a manifest makes for `dataset`.

    `source` says where the manifest was found. Any problem raises ManifestError; its hint lists the problems
    after the first.
    """
    document, problems = read_document(text)
    if not document and problems:
        raise refusal(source, problems)
    problems += _keys_problems(document)
    problems += dataset_problems(document, dataset)
    if problems:
        raise refusal(source, problems)
    return _contract(ManifestV2.model_validate(document), canonical_text(document), dataset, source)


def builtin_contract(dataset: Dataset) -> Contract:
    """Return the contract of a dataset whose files have no manifest beside them."""
    manifest = resources.files(__package__) / "builtin" / f"{dataset}.json"
    return parse_manifest(manifest.read_bytes(), dataset=dataset, source=BUILT_IN)


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of both versions, for editors and for producers of manifests."""
    references, schema = models_json_schema(
        [(ManifestV1, "validation"), (ManifestV2, "validation")], schema_generator=_Untitled
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "manifest.json",
        "description": "The contract of a folder of files.",
        "if": {"properties": {"version": {"enum": list(VERSIONS["1.0"])}}, "required": ["version"]},
        "then": references[ManifestV1, "validation"],
        "else": references[ManifestV2, "validation"],
        "$defs": schema["$defs"],
    }


def _keys_problems(document: dict[str, object]) -> list[Problem]:
    written = document.get("version")
    version: Version = "1.0" if not isinstance(written, bool) and written in VERSIONS["1.0"] else "2.0"
    try:
        (ManifestV1 if version == "1.0" else ManifestV2).model_validate(document)
    except ValidationError as error:
        return shape_problems(error, version)
    return []


def _contract(manifest: ManifestV2, text: str, dataset: Dataset, source: str) -> Contract:
    schema, validation = manifest.schema_, manifest.schema_.validation
    return Contract(
        dataset=dataset,
        hash=hashlib.sha256(f"{dataset}\n{text}".encode()).hexdigest(),
        text=text,
        source=source,
        fields=tuple(_field(name, schema.fields[name]) for name in ordered_names(set(schema.fields), dataset)),
        fields_required=schema.fields_required,
        extension=schema.extension,
        name_pattern=schema.name_pattern,
        min_rows=schema.min_rows,
        max_rows=schema.max_rows,
        max_bytes=schema.max_bytes,
        delimiter=schema.delimiter,
        encoding=schema.encoding,
        timezone=schema.timezone,
        extra_columns=schema.extra_columns,
        on_redelivery=schema.on_redelivery,
        on_error=validation.on_error,
        max_rejected_ratio=validation.max_rejected_ratio,
        quarantine_path=validation.quarantine_path,
    )


def _field(name: str, keys: FieldV2) -> Field:
    def text(raw: Scalar | None) -> str | None:
        return None if raw is None else value_text(keys.type, raw)

    return Field(
        name=name,
        type=keys.type,
        required=keys.required,
        min=text(keys.min),
        max=text(keys.max),
        pattern=keys.pattern,
        allowed=None if keys.allowed is None else tuple(value_text(keys.type, raw) for raw in keys.allowed),
        format=keys.format,
        references=keys.references,
        severity=keys.severity,
    )
