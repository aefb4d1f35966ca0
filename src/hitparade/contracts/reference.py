"""The published reference of manifest.json, made from the models that judge manifests.

`python -m hitparade.contracts.reference docs` writes it; a test compares what is published with this.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hitparade.contracts import shape
from hitparade.contracts.columns import KEY_COLUMNS, LAKE_COLUMNS
from hitparade.contracts.complaint import keys_of
from hitparade.contracts.manifest import manifest_schema
from hitparade.model import DATASETS, Dataset

EXAMPLE = """\
{ "name": "manifest.json", "version": "1.0", "directory": "data/streams/", "purpose": "Store incoming streaming data.",
  "schema": { "extension": ".csv", "max_rows": 11346, "name_pattern": "streams[0-9]+.csv", "fields_required": true,
    "fields": { "user_id": {"type": "int", "required": true}, "track_id": {"type": "string", "required": true},
                "listen_time": {"type": "timestamp", "required": true} },
    "validation": { "on_error": "quarantine", "quarantine_path": "data/quarantine" } } }
"""  # as producers wrote it

_INTRODUCTION = f"""\
# manifest.json

A manifest is the contract of a folder of files: what they must look like, and what becomes of those
that do not. It lies beside the files as `manifest.json`; a folder without one is judged by the
contract that comes with the package. A file is judged by the contract in force when it is loaded,
and the ledger keeps that contract's text: changing a manifest changes how later files are judged,
and no earlier one.

```json
{EXAMPLE}```

A manifest is checked completely before anything is loaded with it. All that is wrong is reported in
one go, by the path of each key:

    data/streams/manifest.json: schema.fields.user_id.type: "integer" is not one of int, float, string, ...

There are two versions. Version 2.0 knows every key below, version 1.0 those that are there since
1.0; `1`, `"1"` and `"1.0"` are the same version, and so are `2` and `"2.0"`. Editors that know JSON
Schema can check a manifest against `manifest.schema.json` while it is written.

* `fields_required` and `required` are two rules: one is about columns in the header, the other about values.
* `min`, `max` and `allowed` are read by the field's type. Times in them are written as `2024-06-25` or
  `2024-06-25 17:43:13` whatever `format` says; timestamps are in UTC there, without an offset.
* Patterns are RE2 and match the whole text. A backslash is written twice, as always in JSON: `"\\\\d+"`.
* `references` can only warn. Catalogue rows may come after the listens that need them: rejecting would make
  results depend on the order of arrival.
* `.gz` and `.zst` are stripped before a name and its extension are checked.
* Files are CSV as of RFC 4180, with a byte order mark or without. A line that is no row, and one with a field of more
  than 16,384 characters, is rejected (`csv`); so is one that is not UTF-8 or has a NUL (`encoding`). A file with a row
  of more than 16 MiB, or with more than 16,384 columns, is refused as a whole.
* Two manifests that differ only in white space or in the order of keys are one contract.
"""

_SECTIONS: tuple[tuple[str, type[shape.Keys], type[shape.Keys]], ...] = (
    ("Top level", shape.ManifestV1, shape.ManifestV2),
    ("schema", shape.SchemaV1, shape.SchemaV2),
    ("schema.fields.NAME", shape.FieldV1, shape.FieldV2),
    ("schema.validation", shape.ValidationV1, shape.ValidationV2),
)


def reference() -> dict[str, str]:
    """Return the text of each file of the reference by its name."""
    schema = manifest_schema()
    return {
        "manifest.schema.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        "manifest.md": _page(schema["$defs"]),
    }


def _page(definitions: dict[str, Any]) -> str:
    sections = [_INTRODUCTION]
    for title, first, second in _SECTIONS:
        rows = _key_rows(definitions[second.__name__], keys_of(first))
        sections.append(f"## {title}\n\n{_table(('key', 'type', 'default', 'since', 'meaning'), rows)}")
    sections += [_dataset_section(dataset) for dataset in DATASETS]
    return "\n".join(sections)


def _dataset_section(dataset: Dataset) -> str:
    rows = [
        (f"`{name}`", " or ".join(types), "yes" if name in KEY_COLUMNS[dataset] else "")
        for name, types in LAKE_COLUMNS[dataset].items()
    ]
    return (
        f"## The columns of {dataset}\n\n"
        "A contract must have the needed ones, as `required`; of the others those it does not have are null. "
        "Further columns may have rules, and are not kept.\n\n" + _table(("column", "type", "needed"), rows)
    )


def _key_rows(definition: dict[str, Any], first_keys: list[str]) -> list[tuple[str, ...]]:
    needed = definition["required"]
    return [
        (
            f"`{key}`",
            _type(key, said),
            "(needed)" if key in needed else _default(said.get("default")),
            "1.0" if key in first_keys else "2.0",
            said["description"],
        )
        for key, said in definition["properties"].items()
    ]


def _type(key: str, said: dict[str, Any]) -> str:
    """Describe what a key takes, from its JSON Schema; null only says that a key may be left out."""
    for choice in said.get("anyOf", ()):
        if choice != {"type": "null"}:
            return _type(key, choice)
    if key == "version":
        return '`"1.0"` or `"2.0"`'
    if "enum" in said:
        return ", ".join(f"`{value}`" for value in said["enum"])
    if said.get("type") == "array":
        return f"list of {_type(key, said['items'])}"
    kind = said.get("type", "object")
    text = kind if isinstance(kind, str) else " or ".join(kind)
    if "minimum" in said:
        text += f" from {said['minimum']}"
    if "maximum" in said:
        text += f" to {said['maximum']}"
    return "one character" if said.get("maxLength") == 1 else text


def _default(value: Any) -> str:
    if isinstance(value, dict):
        value = {key: part for key, part in value.items() if part is not None}
    return "" if value is None else f"`{json.dumps(value)}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    for file_name, file_text in reference().items():
        (Path(sys.argv[1]) / file_name).write_text(file_text, encoding="utf-8")
