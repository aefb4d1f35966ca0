"""The published reference of manifest.json: as the models say, and complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from hitparade.contracts.manifest import manifest_schema, parse_manifest
from hitparade.contracts.reference import EXAMPLE, reference

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", ["manifest.md", "manifest.schema.json"])
def test_the_published_reference_is_what_the_models_say(name: str) -> None:
    published = (DOCS / name).read_text(encoding="utf-8")
    assert published == reference()[name], "run: python -m hitparade.contracts.reference docs"


def test_the_example_of_the_reference_is_a_contract() -> None:
    assert f"```json\n{EXAMPLE}```" in reference()["manifest.md"]
    assert parse_manifest(EXAMPLE, dataset="streams", source="docs").max_rows == 11346


def test_the_schema_describes_every_key_and_refuses_others() -> None:
    definitions = manifest_schema()["$defs"]
    assert len(definitions) == 8
    for definition in definitions.values():
        assert definition["additionalProperties"] is False
        assert all(said["description"] for said in definition["properties"].values())


def test_the_schema_knows_a_manifest_of_version_one_by_its_version() -> None:
    schema = manifest_schema()
    assert schema["if"]["properties"]["version"]["enum"] == [1, "1", "1.0"]
    assert schema["then"] == {"$ref": "#/$defs/ManifestV1"}
    assert "max_bytes" in schema["$defs"]["SchemaV2"]["properties"]
    assert "max_bytes" not in schema["$defs"]["SchemaV1"]["properties"]
