"""Turning pydantic's errors into problems a person can act on: what was found, what is allowed."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Literal

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from hitparade.contracts import shape
from hitparade.contracts.problem import Problem, json_path, shown

Version = Literal["1.0", "2.0"]

_QUOTED = re.compile("'([^']*)'")
_EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "mapping_type": "an object",
    "model_type": "an object",
}
_LIMITS = {
    "greater_than_equal": ("ge", "is less than"),
    "less_than_equal": ("le", "is more than"),
}


def shape_problems(error: ValidationError, version: Version) -> list[Problem]:
    """Return a problem for each of pydantic's errors, in the order of the manifest's keys."""
    return [
        Problem(json_path(details["loc"]), _complaint(details, version)) for details in error.errors(include_url=False)
    ]


def keys_of(model: type[shape.Keys]) -> list[str]:
    """Return the keys of an object as the manifest writes them."""
    return [info.alias or name for name, info in model.model_fields.items()]


def _complaint(details: ErrorDetails, version: Version) -> str:
    kind, found, context = details["type"], shown(details["input"]), details.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return _unknown_key(details["loc"], version)
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"{found} is not one of {', '.join(_QUOTED.findall(context['expected']))}"
    if kind == "too_short":
        return "is empty"
    if kind in _LIMITS:
        bound, relation = _LIMITS[kind]
        return f"{found} {relation} {context[bound]}"
    if kind in _EXPECTED:
        return f"{found} is not {_EXPECTED[kind]}"
    return f"{found}: {details['msg']}"


def _unknown_key(steps: tuple[str | int, ...], version: Version) -> str:
    first, second = _models_at(steps[:-1])
    key = str(steps[-1])
    if version == "1.0" and key in keys_of(second):
        return "needs version 2.0"
    allowed = keys_of(first if version == "1.0" else second)
    alike = get_close_matches(key, allowed, n=1)
    guess = f"did you mean {alike[0]}? " if alike else ""
    return f"is not a key here; {guess}allowed: {', '.join(allowed)}"


def _models_at(parents: tuple[str | int, ...]) -> tuple[type[shape.Keys], type[shape.Keys]]:
    """Return the models, of version 1 and 2, of the object at this place."""
    if parents == ():
        return shape.ManifestV1, shape.ManifestV2
    if parents == ("schema",):
        return shape.SchemaV1, shape.SchemaV2
    if parents == ("schema", "validation"):
        return shape.ValidationV1, shape.ValidationV2
    return shape.FieldV1, shape.FieldV2
