"""The kinds of value a manifest's keys take, each with the check that JSON alone cannot do.

Each check raises ValueError with a text that follows the key's path in the message.
"""

from __future__ import annotations

import codecs
import re
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from hitparade.contracts.columns import REFERENCES
from hitparade.contracts.problem import shown
from hitparade.contracts.re2 import re2_problem
from hitparade.contracts.values import Scalar

VERSIONS: dict[str, tuple[object, ...]] = {"1.0": (1, "1", "1.0"), "2.0": (2, "2", "2.0")}
"""Each version and the ways of writing it."""

_EXTENSION = re.compile(r"(\.[^./\\\s]+)+")
_NEVER_AN_EXTENSION = {
    ".gz": "is stripped before the extension is checked: name what is compressed, such as .csv",
    ".zst": "is stripped before the extension is checked: name what is compressed, such as .csv",
    ".tmp": "is never loaded: it marks a file that is still being written",
    ".part": "is never loaded: it marks a file that is still being written",
}
_NOT_A_DELIMITER = '"\r\n\0'
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_NEEDED_DIRECTIVES = {"year": "Yy", "month": "mbB", "day": "d"}
_DIRECTIVES = "YymbBdHIpMSfzaA%"


def normal_version(raw: object) -> str:
    """Return "1.0" or "2.0" however it was written."""
    if not isinstance(raw, bool):
        for version, spellings in VERSIONS.items():
            if raw in spellings:
                return version
    raise ValueError(f"{shown(raw)} is not one of {', '.join(VERSIONS)}")


def _scalar(raw: object) -> Scalar:
    if isinstance(raw, (str, int, float)):
        return raw
    raise ValueError(f"{shown(raw)} is not a number, string, true or false")


def _pattern(text: str) -> str:
    if not text:
        raise ValueError("is empty, so it would match nothing")
    problem = re2_problem(text)
    if problem is not None:
        raise ValueError(f"{shown(text)} is not a pattern of RE2: {problem}")
    return text


def _extension(text: str) -> str:
    if not _EXTENSION.fullmatch(text):
        raise ValueError(f"{shown(text)} is not an extension such as .csv")
    for ending, reason in _NEVER_AN_EXTENSION.items():
        if text.lower().endswith(ending):
            raise ValueError(f"{shown(text)} {reason}")
    return text


def _delimiter(text: str) -> str:
    if len(text) != 1 or text in _NOT_A_DELIMITER:
        raise ValueError(f"{shown(text)} is not one character other than a quote or a newline")
    return text


def _encoding(name: str) -> str:
    try:
        "a".encode(name)  # unlike a look-up, this refuses codecs that are not of text, such as hex
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        raise ValueError(f"{shown(name)} is not a known encoding, such as utf-8 or cp1252") from error


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError(f"{shown(name)} is not a known time zone, such as UTC or Europe/Berlin") from error
    return name


def _relative_path(text: str) -> str:
    parts = text.split("/")
    if "://" in text or "\\" in text or parts[0] == "" or ".." in parts:
        raise ValueError(f"{shown(text)} is not a path inside the workspace or bucket")
    return text


def _time_format(text: str) -> str:
    directives = _DIRECTIVE.findall(text)
    for directive in directives:
        if not directive or directive not in _DIRECTIVES:
            allowed = ", ".join(f"%{known}" for known in _DIRECTIVES)
            raise ValueError(f"{shown(text)} has {shown('%' + directive)}, which is not one of {allowed}")
    for part, ways in _NEEDED_DIRECTIVES.items():
        if not set(ways) & set(directives):
            raise ValueError(f"{shown(text)} has no {part}: add {' or '.join(f'%{way}' for way in ways)}")
    if "I" in directives and "p" not in directives:
        raise ValueError(f"{shown(text)} has hours of 12 without %p: use %H, or add %p")
    return text


def _reference(text: str) -> str:
    if text not in REFERENCES:
        raise ValueError(f"{shown(text)} is not one of {', '.join(REFERENCES)}")
    return text


def _spellings(version: str) -> WithJsonSchema:
    return WithJsonSchema({"enum": list(VERSIONS[version])})


VersionOne = Annotated[str, BeforeValidator(normal_version), _spellings("1.0")]
VersionTwo = Annotated[str, BeforeValidator(normal_version), _spellings("2.0")]
Count = Annotated[int, Field(ge=0)]
Limit = Annotated[int, Field(ge=1)]
Ratio = Annotated[float, Field(ge=0, le=1)]
Bound = Annotated[Scalar, PlainValidator(_scalar), WithJsonSchema({"type": ["number", "string"]})]
Choice = Annotated[Scalar, PlainValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Pattern = Annotated[str, AfterValidator(_pattern)]
Extension = Annotated[str, AfterValidator(_extension)]
Delimiter = Annotated[
    str, AfterValidator(_delimiter), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 1})
]
Encoding = Annotated[str, AfterValidator(_encoding)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
RelativePath = Annotated[str, AfterValidator(_relative_path)]
TimeFormat = Annotated[str, AfterValidator(_time_format)]
Reference = Annotated[str, AfterValidator(_reference), WithJsonSchema({"enum": list(REFERENCES)})]
