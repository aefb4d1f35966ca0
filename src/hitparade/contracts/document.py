"""Reading a manifest's JSON more strictly than Python does, and writing it in one canonical way.

Python lets the last of two equal keys win, takes NaN for a number and many digits for infinity; in a contract
each of these is a mistake that would go unseen.
"""

from __future__ import annotations

import json
import math
from typing import NoReturn

from hitparade.contracts.problem import ROOT, Problem, json_path, shown

_DEEPEST = 20
"""Far more than a manifest needs, far less than Python's stack holds."""


class UnreadableError(Exception):
    """The text has no JSON value at all, for the reason given."""


class _Pairs(list[tuple[str, object]]):
    """An object as it was written, keys that repeat included."""


def read_document(text: str | bytes) -> tuple[dict[str, object], list[Problem]]:
    """Return the manifest's top-level object and what is wrong with it as JSON.

    An unreadable document is an empty object with one problem.
    """
    try:
        written = json.loads(
            _decoded(text),
            object_pairs_hook=_Pairs,
            parse_float=_finite,
            parse_int=_integer,
            parse_constant=_no_number,
        )
    except json.JSONDecodeError as error:
        return {}, [Problem(ROOT, f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}")]
    except RecursionError:
        return {}, [Problem(ROOT, "is nested too deeply for a manifest")]
    except UnreadableError as error:
        return {}, [Problem(ROOT, str(error))]
    problems: list[Problem] = []
    document = _plain(written, (), problems)
    if not isinstance(document, dict):
        return {}, [Problem(ROOT, f"{shown(document)} is not an object")]
    return document, problems


def canonical_text(document: dict[str, object]) -> str:
    """Write the document so that white space and the order of keys make no difference."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _decoded(text: str | bytes) -> str:
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            problem = f"is not UTF-8: byte 0x{text[error.start]:02x} at offset {error.start}"
            raise UnreadableError(problem) from error
    return text.removeprefix("\ufeff")


def _plain(node: object, path: tuple[str | int, ...], problems: list[Problem]) -> object:
    if len(path) > _DEEPEST:
        problems.append(Problem(json_path(path[:_DEEPEST]), "is nested too deeply for a manifest"))
        return None
    if isinstance(node, _Pairs):
        plain: dict[str, object] = {}
        for key, value in node:
            if key in plain:
                problems.append(Problem(json_path((*path, key)), "is given more than once"))
            if _is_broken(key):
                problems.append(Problem(json_path(path), f"has a key with half a character, {key!a}"))
                continue
            plain[key] = _plain(value, (*path, key), problems)
        return plain
    if isinstance(node, list):
        return [_plain(item, (*path, index), problems) for index, item in enumerate(node)]
    if isinstance(node, str) and _is_broken(node):
        problems.append(Problem(json_path(path), f"has half a character, {node!a}"))
        return ""
    return node


def _is_broken(text: str) -> bool:
    """Tell whether a text holds half a surrogate pair, which JSON can escape and UTF-8 cannot write."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise UnreadableError(f"has a number out of range, {digits}")
    return number


def _integer(digits: str) -> int:
    if len(digits) > 300:
        raise UnreadableError(f"has a number out of range, {digits[:20]}...")
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise UnreadableError(f"is not JSON: {name} is no JSON number")
