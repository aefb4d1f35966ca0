"""One thing that is wrong with a manifest, and how many of them become one error.

A manifest is checked completely before it is refused, so that it can be mended in one go.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hitparade.errors import ManifestError

ROOT = "$"
"""The path of the whole document."""

_PLAIN_NAME = re.compile(r"[^\W\d][\w-]*")
_LONGEST_FOUND = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong (`text`) at which JSON path."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def json_path(steps: Sequence[str | int]) -> str:
    """Write the way to a value as people do: `schema.fields.user_id.allowed[0]`."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _PLAIN_NAME.fullmatch(step):
            path += f".{step}"
        else:
            path += f"[{json.dumps(step, ensure_ascii=False)}]"
    return path.removeprefix(".") or ROOT


def shown(value: object) -> str:
    """Return a value as the manifest has it, short enough for a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 3] + "..."


def refusal(source: str, problems: Sequence[Problem]) -> ManifestError:
    """Make one error of at least one problem: the first is the message, the others are in the hint."""
    first, *others = dict.fromkeys(problems)
    if others:
        hint = "\n".join([f"and {len(others)} more:", *map(str, others)])
    else:
        hint = "docs/manifest.md lists every key and what it may say"
    return ManifestError(source, first.path, first.text, hint=hint)
