"""Time formats as patterns: what a text must look like before it is parsed.

DuckDB's strptime takes 'epoch' and 'infinity' for a day in 1900 whatever the format, and a year of two digits for one
of four.
"""

from __future__ import annotations

import re

TWO_DIGITS, WORD = "[0-9]{1,2}", "[A-Za-z]+"
DIRECTIVES = {
    **dict.fromkeys("mdHIMS", TWO_DIGITS),
    **dict.fromkeys("bBaA", WORD),
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "f": "[0-9]{1,6}",
    "p": "[AaPp][Mm]",
    "z": "[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?",
    "%": "%",
}
PART = re.compile(r"%(.)|(\s+)|(.)", re.DOTALL)


def format_pattern(time_format: str) -> str:
    """The pattern (RE2) of texts that have a format; white space stands for any amount of it."""
    return "".join(pattern_of(part) for part in PART.finditer(time_format))


def pattern_of(part: re.Match[str]) -> str:
    """The pattern of a directive, of white space, or of a character that stands for itself."""
    directive, blank, character = part.groups()
    if directive is not None:
        return DIRECTIVES[directive]
    return r"\s+" if blank else re.escape(character)
