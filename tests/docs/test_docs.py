"""Generated pages are as the code is now, and what the README says can be done can be done."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, names, pages

ROOT = DOCS.parent
PROSE = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")]


@pytest.mark.parametrize("page", ["commands.md", "configuration.md"])
def test_generated_pages_are_up_to_date(page: str) -> None:
    assert (DOCS / page).read_text() == pages()[page], "make docs"


@pytest.mark.parametrize("path", [*PROSE, *sorted(DOCS.glob("*.md"))], ids=lambda path: path.name)
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_every_command_that_the_readme_names_exists() -> None:
    shell = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    named = set(re.findall(r"^hitparade ([a-z]+)", "\n".join(shell), re.MULTILINE))
    assert named
    assert named <= set(names())


def test_every_make_target_that_the_prose_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in PROSE:
        for name in re.findall(r"`make ([a-z]+)`", path.read_text()):
            assert name in targets, f"{path.name}: make {name}"


def test_locks_have_hashes_and_no_addresses() -> None:
    for lock in ROOT.glob("requirements*.txt"):
        text = lock.read_text()
        assert "://" not in text
        pinned = [line for line in text.splitlines() if "==" in line]
        assert len(pinned) > 20
        assert text.count("--hash=sha256:") >= len(pinned)


def test_the_project_names_no_path_of_a_machine() -> None:
    """But for those in Glue's images, which have users of their own."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    for name in tracked:
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".sql", ".json", ".yml"} and path.exists():
            assert not re.search(r"/(root|work|home)/(?!glue_user/|hadoop/)[a-z]", path.read_text()), name
