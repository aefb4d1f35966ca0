"""Other Pythons with libraries of their own, made once on a machine; without them the tests that ask for one skip."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

INSTALL_SECONDS = 500.0


def python_with(version: str, *libraries: str | Path) -> Path:
    """A Python of a version such as 3.9, with what pip makes of these arguments and nothing else."""
    found = python_of(version)
    content = "\n".join(each.read_text() if isinstance(each, Path) else each for each in libraries)
    name = f"{version}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    home = Path(tempfile.gettempdir()) / f"hitparade-pythons-{os.getuid()}" / name
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        subprocess.run([found, "-m", "venv", "--clear", home], check=True, timeout=120)
        pip(python, list(map(str, libraries)))
        (home / "ready").touch()
    return python


def python_of(version: str) -> str:
    """A Python of a version that runs: in PATH, or one of pyenv's that PATH does not show."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
    for python in filter(None, (shutil.which(f"python{version}"), *map(str, pyenv))):
        if subprocess.run([python, "-c", ""], capture_output=True, timeout=60, check=False).returncode == 0:
            return python
    pytest.skip(f"there is no Python {version}")


def pip(python: Path, given: Sequence[str]) -> None:
    """Install; skips where pip cannot."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *given]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if done.returncode:
        pytest.skip(f"pip cannot install what this Python needs: {done.stderr.strip().splitlines()[-1:]}")
