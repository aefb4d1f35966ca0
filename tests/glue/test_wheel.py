"""The wheel that jobs bring along: whole, and at work on the Python of Glue 6.0."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from hitparade import __version__
from tests.glue.pythons import python_with

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "hitparade"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made as `make wheel` makes it, of a copy: a build leaves files behind."""
    copy, made = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy / name)
    shutil.copytree(SOURCE, copy / "src" / "hitparade", ignore=shutil.ignore_patterns("__pycache__"))
    [recipe] = re.findall(r"\$\(BIN\)/pip (wheel .*) \.$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    options = [str(made) if word == "dist" else word for word in recipe.split()]
    subprocess.run([sys.executable, "-m", "pip", *options, copy], check=True, timeout=300)
    [path] = made.iterdir()
    return path


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files in a folder."""
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


def run(python: str | Path, unpacked: Path, *given: str, folder: Path) -> str:
    """What the wheel's own code prints."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(unpacked), "HOME": str(folder)}
    done = subprocess.run(
        [python, *given], capture_output=True, text=True, env=environment, cwd=folder, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_its_name_says_which_version_it_is_and_that_it_runs_anywhere(wheel: Path) -> None:
    assert wheel.name == f"hitparade-{__version__}-py3-none-any.whl"


def test_it_has_every_file_of_the_source(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        held = {name for name in packed.namelist() if name.startswith("hitparade/")}

    files = (path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    assert held == {str(path.relative_to(SOURCE.parent)) for path in files}


def test_it_runs_by_itself(unpacked: Path, tmp_path: Path) -> None:
    assert (
        run(sys.executable, unpacked, "-m", "hitparade", "--version", folder=tmp_path) == f"hitparade {__version__}\n"
    )
    code = "import hitparade; print(hitparade.__file__)"
    assert run(sys.executable, unpacked, "-c", code, folder=tmp_path).startswith(str(unpacked))


def test_it_makes_its_charts_on_the_python_of_glue(unpacked: Path, tmp_path: Path) -> None:
    """3.13, with the locked dependencies and nothing else."""
    python = python_with("3.13", "--require-hashes", "-r", ROOT / "requirements.txt")

    run(python, unpacked, "-m", "hitparade", "demo", "demo", folder=tmp_path)
    config = ("--config", "demo/hitparade.toml")
    shown = run(
        python, unpacked, "-m", "hitparade", "show", "top_genres_daily", *config, "--format", "csv", folder=tmp_path
    )

    assert shown.startswith("listen_date,position,rank,genre,listen_count,")
    assert len(shown.splitlines()) > 5
