"""Arguments of a script, as Glue 6.0 reads them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

RESERVED = ("job-bookmark-option", "job-bookmark-from", "job-bookmark-to", "encryption-type")


class GlueArgumentError(Exception):
    """An argument that the script asks for was not given."""


class GlueArgumentParser(argparse.ArgumentParser):
    """A parser that raises where argparse would leave the program."""

    def error(self, message: str) -> NoReturn:
        """Refuse."""
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, Any]:  # noqa: N802 - Glue's name
    """The named options by name; all are needed, others may be there too, and none may be abbreviated.

    `args` is `sys.argv`, whose first entry is the script.
    """
    parser = GlueArgumentParser(allow_abbrev=False)
    for name in options:
        if name in RESERVED:
            raise RuntimeError("Using reserved arguments " + name)
        parser.add_argument("--" + name, required=True)
    for name in (*RESERVED, *({"TempDir"} - set(options))):
        parser.add_argument("--" + name, required=False, default=argparse.SUPPRESS)
    return vars(parser.parse_known_args(list(args[1:]))[0])
