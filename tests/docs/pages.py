"""The pages of docs/ that are made from the code: commands from their help, settings from their model."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hitparade.config import Settings

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[str, str]:
    """Page -> text."""
    return {"commands.md": commands(), "configuration.md": configuration()}


def commands() -> str:
    """Every command's help, as it is printed."""
    parts = ["# Commands", "Made from `hitparade COMMAND --help` by `make docs`.", "```text\n" + printed() + "\n```"]
    for name in names():
        parts.append(f"## `hitparade {name}`\n\n```text\n{printed(name)}\n```")
        parts.extend(f"### `hitparade {name} {part}`\n\n```text\n{printed(name, part)}\n```" for part in names(name))
    return "\n\n".join(parts) + "\n"


def names(*group: str) -> list[str]:
    """Commands, or those of a command that has some, in the order in which help lists them."""
    lines = printed(*group).partition("Commands:\n")[2].split("\n\n", 1)[0].splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")]


def printed(*arguments: str) -> str:
    """What `--help` prints, a hundred columns wide."""
    wide = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100"}
    command = [sys.executable, "-m", "hitparade", *arguments, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=wide)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def configuration() -> str:
    """Every key of hitparade.toml."""
    parts = [
        "# Configuration",
        "Made from the settings' model by `make docs`.",
        "`hitparade.toml` is looked for in the current folder, or named with `--config`. Locations are relative to its"
        " folder. The environment goes before the file: `HITPARADE_` and the key, two underscores for each dot, such as"
        " `HITPARADE_ENGINE__MEMORY=2GB`. A key that is unknown or out of range is one clear error and exit code 2.",
    ]
    top = {name: field for name, field in Settings.model_fields.items() if name != "root" and not is_section(field)}
    parts.append("## Top level\n\n" + table(top))
    for name, field in Settings.model_fields.items():
        if is_section(field):
            section = field.annotation
            assert section is not None
            parts.append(f"## `[{name}]`\n\n{section.__doc__}\n\n{table(section.model_fields)}")
    return "\n\n".join(parts) + "\n"


def is_section(field: FieldInfo) -> bool:
    """Whether a setting is a table of the file."""
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def table(fields: dict[str, FieldInfo]) -> str:
    """Settings as a table."""
    return "\n".join(["| key | default | meaning |", "| --- | --- | --- |", *rows(fields)])


def rows(fields: dict[str, FieldInfo]) -> Iterator[str]:
    """One line a setting."""
    for name, field in fields.items():
        default = "" if field.default in (None, ()) else f"`{field.default!r}`".replace("'", '"')
        yield f"| `{name}` | {default} | {' '.join(str(field.description).split())} |"


if __name__ == "__main__":
    for page, text in pages().items():
        (DOCS / page).write_text(text)
