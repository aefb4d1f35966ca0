"""What each dataset needs of a contract: the columns the lake keeps, and the types they must have.

These checks read the manifest as written rather than as a model, so they also speak when something else is
wrong.
"""

from __future__ import annotations

from typing import get_args

from hitparade.contracts.problem import Problem, json_path, shown
from hitparade.model import Dataset, FieldType

LAKE_COLUMNS: dict[Dataset, dict[str, tuple[FieldType, ...]]] = {
    "streams": {"user_id": ("int",), "track_id": ("string",), "listen_time": ("timestamp",)},
    "songs": {
        "track_id": ("string",),
        "artists": ("string",),
        "album_name": ("string",),
        "track_name": ("string",),
        "popularity": ("int",),
        "duration_ms": ("int",),
        "track_genre": ("string",),
    },
    "users": {
        "user_id": ("int",),
        "user_name": ("string",),
        "user_age": ("int",),
        "user_country": ("string",),
        "created_at": ("date", "timestamp"),
    },
}
"""The columns of each dataset, and of each the types a contract may give it."""

KEY_COLUMNS: dict[Dataset, tuple[str, ...]] = {
    "streams": ("user_id", "track_id", "listen_time"),
    "songs": ("track_id",),
    "users": ("user_id",),
}
"""Columns without which a row means nothing; the others may be missing and are null then."""

REFERENCES: dict[str, FieldType] = {"songs.track_id": "string", "users.user_id": "int"}
"""What a field may refer to, and the type it must have to do so."""

_FIELDS = ("schema", "fields")


def dataset_problems(document: dict[str, object], dataset: Dataset) -> list[Problem]:
    """Return what keeps the manifest from being a contract of this dataset."""
    problems: list[Problem] = []
    named = document.get("dataset")
    if isinstance(named, str) and named in LAKE_COLUMNS and named != dataset:
        problems.append(Problem("dataset", f"{shown(named)} is not what these files are: {dataset}"))
    schema = document.get("schema")
    if not isinstance(schema, dict):
        return problems
    if schema.get("on_redelivery") == "supersede" and dataset != "streams":
        reason = f"is for streams only: {dataset} are upserted by key, so a later delivery corrects by itself"
        problems.append(Problem(json_path(("schema", "on_redelivery")), f'"supersede" {reason}'))
    fields = schema.get("fields")
    if isinstance(fields, dict):
        problems += _missing_keys(fields, dataset)
        if "" in fields:
            problems.append(Problem(json_path((*_FIELDS, "")), "is a column without a name"))
        for name in LAKE_COLUMNS[dataset]:
            if isinstance(fields.get(name), dict):
                problems += _column_problems(name, fields[name], dataset)
    return problems


def ordered_names(names: set[str], dataset: Dataset) -> list[str]:
    """Order a contract's fields: the lake's, then the others by name.

    The order of keys in a manifest means nothing, so it must not make two contracts of one text.
    """
    known = [name for name in LAKE_COLUMNS[dataset] if name in names]
    return known + sorted(names.difference(known))


def _missing_keys(fields: dict[str, object], dataset: Dataset) -> list[Problem]:
    problems = []
    for name in KEY_COLUMNS[dataset]:
        if name not in fields:
            alike = [other for other in fields if other.strip().lower() == name]
            remark = f"; {shown(alike[0])} is another name, case and spaces count" if alike else ""
            text = f"is missing: a row of {dataset} means nothing without it{remark}"
            problems.append(Problem(json_path((*_FIELDS, name)), text))
    return problems


def _column_problems(name: str, field: dict[str, object], dataset: Dataset) -> list[Problem]:
    problems = []
    kind, required = field.get("type"), field.get("required", False)
    allowed = LAKE_COLUMNS[dataset][name]
    if kind in get_args(FieldType) and kind not in allowed:
        text = f"{shown(kind)} is not {' or '.join(allowed)}, which the lake has for {name} of {dataset}"
        problems.append(Problem(json_path((*_FIELDS, name, "type")), text))
    if name in KEY_COLUMNS[dataset] and required is False:
        text = f"must be true: a row of {dataset} means nothing without its {name}"
        problems.append(Problem(json_path((*_FIELDS, name, "required")), text))
    return problems
