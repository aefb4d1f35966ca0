"""Whatever stands where a manifest should be, it becomes a contract or one clear refusal."""

from __future__ import annotations

import json
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from hitparade.contracts.manifest import parse_manifest
from hitparade.contracts.shape import FieldV2, Keys, ManifestV2, SchemaV2
from hitparade.errors import ManifestError
from hitparade.model import DATASETS, Contract, Dataset, FieldType

TELLING = st.sampled_from(
    [
        "int",
        "string",
        "timestamp",
        "warn",
        "users.user_id",
        "%Y-%m-%d",
        "2024-01-01",
        "(",
        "quarantine",
        "utf-16",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | TELLING
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(TELLING, SCALARS, max_size=2)


def keys(model: type[Keys], at_most: int) -> st.SearchStrategy[dict[str, Any]]:
    """A few of a model's keys with any values: most are wrong, and some are right."""
    return st.dictionaries(st.sampled_from(list(model.model_fields)), VALUES, max_size=at_most)


TYPES = st.sampled_from(get_args(FieldType))
FIELD = st.builds(lambda kind, rest: {"type": kind} | rest, TYPES, keys(FieldV2, 2))
NEEDED = {
    "user_id": {"type": "int", "required": True},
    "track_id": {"type": "string", "required": True},
    "listen_time": {"type": "timestamp", "required": True},
}
FIELDS = st.dictionaries(st.text(max_size=3), FIELD, max_size=2).map(lambda fields: NEEDED | fields)
SCHEMA = st.builds(lambda fields, rest: {"fields": fields} | rest, FIELDS, keys(SchemaV2, 1))
MANIFEST = st.builds(lambda schema, rest: {"version": 2, "schema": schema} | rest, SCHEMA, keys(ManifestV2, 1))


def outcome(text: str | bytes, dataset: Dataset) -> Contract | ManifestError:
    try:
        return parse_manifest(text, dataset=dataset, source="here")
    except ManifestError as error:
        return error


@given(manifest=MANIFEST | VALUES, dataset=st.sampled_from(DATASETS))
@settings(max_examples=300, deadline=None)
def test_any_json_is_a_contract_or_a_manifest_error(manifest: object, dataset: Dataset) -> None:
    made = outcome(json.dumps(manifest), dataset)
    if isinstance(made, ManifestError):
        assert made.message.startswith(f"here: {made.path}: ")
        assert made.hint
    else:
        assert outcome(made.text, dataset) == made


@given(text=st.binary(max_size=40) | st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_refused_by_a_path(text: str | bytes) -> None:
    made = outcome(text, "streams")
    assert isinstance(made, ManifestError)
    assert made.path
